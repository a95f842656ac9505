//! Reads the repository's refs. After a push has returned, every fetch sees it: the
//! [cache](super::ref_cache) reads a ref again after a push wrote it. Names sort by bytes, as in
//! Git.
//!
//! A ref is in the table `ref`. If a fork took it over, or maintenance packed it, and it has not changed
//! since, it is in a page of [`packed_refs`](super::packed_refs) instead. Readers see both as one list.

use std::ops::ControlFlow;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};

use super::ref_page::{PAGE_REFS, PAGE_SQL, RefPage};
use super::ref_record::{NameRange, RefRecord};
use super::store::RepoStore;
use crate::git::refname::{REFS, TAGS};
use crate::git::store::{RefSource, StoreError};
use crate::storage::db::row::Row;
use crate::storage::db::sql::{Database, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

impl<D: Database> RefSource for RepoStore<D> {
    fn ref_target(&self, name: &BStr) -> Result<Option<ObjectId>, StoreError> {
        let found = if name == "HEAD" {
            self.shown_ref(self.head()?.as_bstr())?
        } else {
            self.shown_ref(name)?
        };
        Ok(found.map(|record| record.target))
    }

    fn annotated_tags(&self) -> Result<Vec<(ObjectId, ObjectId)>, StoreError> {
        let mut tags = Vec::new();
        let mut add = |record: &RefRecord| {
            tags.extend(record.peeled.map(|peeled| (record.target, peeled)));
            ControlFlow::Continue(())
        };
        // Like git, this looks at no other refs; nor is the list of all read for these.
        let prefix = TAGS.as_bytes();
        match self.kept_refs_if_read(prefix)? {
            Some(kept) => {
                let _ = kept.below(prefix).iter().try_for_each(&mut add);
            }
            None => self.read_refs(prefix, &mut add)?,
        }
        Ok(tags)
    }

    fn shallow_commits(&self) -> Result<Vec<ObjectId>, StoreError> {
        Self::shallow_commits(self)
    }
}

impl<D: Database> RepoStore<D> {
    /// The ref of this very name, as the database has it.
    pub fn find_ref(&self, name: &BStr) -> Result<Option<RefRecord>, StoreError> {
        let sql = "SELECT name, target, peeled FROM ref WHERE name = ?1";
        let found = query_first(&self.db, sql, &[name.as_bytes().into()], read_ref)?;
        match found {
            Some(found) => Ok(Some(found)),
            None => self.find_packed(name),
        }
    }

    /// Up to `limit` refs whose names begin with `prefix` and follow `after`, by name.
    pub fn refs(
        &self,
        prefix: &[u8],
        after: Option<&BStr>,
        limit: u32,
    ) -> Result<Vec<RefRecord>, StoreError> {
        self.refs_in(NameRange::new(prefix, after), limit)
    }

    /// Up to `limit` refs that have this name or a later one, by name.
    pub fn refs_from(&self, from: &BStr, limit: u32) -> Result<Vec<RefRecord>, StoreError> {
        let all = NameRange::new(REFS.as_bytes(), None);
        let range = NameRange {
            start: from.to_vec().max(all.start),
            ..all
        };
        self.refs_in(range, limit)
    }

    fn refs_in(&self, range: NameRange, limit: u32) -> Result<Vec<RefRecord>, StoreError> {
        let sql = "SELECT name, target, peeled FROM ref
            WHERE name >= ?1 AND name < ?2 ORDER BY name LIMIT ?3";
        let params = [
            range.start.as_slice().into(),
            range.end.as_slice().into(),
            limit.into(),
        ];
        let loose = query_all(&self.db, sql, &params, read_ref)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut refs = Vec::new();
        let mut packed = self.packed_refs(range)?;
        for record in loose {
            while refs.len() < limit
                && let Some(earlier) = packed.next_before(Some(record.name.as_bstr()))?
            {
                refs.push(earlier.clone());
            }
            refs.push(record);
        }
        while refs.len() < limit
            && let Some(later) = packed.next_before(None)?
        {
            refs.push(later.clone());
        }
        refs.truncate(limit);
        Ok(refs)
    }

    /// Shows every ref whose name begins with `prefix`, by name: from memory if they are kept, else
    /// holding a page of them at a time.
    pub fn visit_refs(
        &self,
        prefix: &[u8],
        each: impl FnMut(&RefRecord) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.visit_refs_after(prefix, None, each)
    }

    /// The same for the refs after `after`, so that a reader that stopped can go on.
    pub fn visit_refs_after(
        &self,
        prefix: &[u8],
        after: Option<&BStr>,
        mut each: impl FnMut(&RefRecord) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        match self.kept_refs(prefix)? {
            Some(kept) => {
                // Nothing is behind a break.
                let _ = kept.below_after(prefix, after).iter().try_for_each(each);
                Ok(())
            }
            None => self.read_refs_after(prefix, after, &mut |record| {
                self.known_targets.note(record.target);
                each(record)
            }),
        }
    }

    /// The refs below a prefix, read from the database.
    pub(super) fn read_refs(
        &self,
        prefix: &[u8],
        each: &mut dyn FnMut(&RefRecord) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.read_refs_after(prefix, None, each)
    }

    pub(super) fn read_refs_after(
        &self,
        prefix: &[u8],
        after: Option<&BStr>,
        each: &mut dyn FnMut(&RefRecord) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let mut range = NameRange::new(prefix, after);
        let mut packed = self.packed_refs(range.clone())?;
        let mut record = RefRecord::empty();
        loop {
            let params = [
                range.start.as_slice().into(),
                range.end.as_slice().into(),
                PAGE_REFS.into(),
            ];
            let page = query_first(&self.db, PAGE_SQL, &params, |row| row.blob_or_null(0))?;
            let page = page.flatten().unwrap_or_default();
            let (mut page, mut count) = (RefPage::new(&page), 0);
            while page.next_into(&mut record)?.is_continue() {
                count += 1;
                while let Some(earlier) = packed.next_before(Some(record.name.as_bstr()))? {
                    if each(earlier).is_break() {
                        return Ok(());
                    }
                }
                if each(&record).is_break() {
                    return Ok(());
                }
            }
            if count < PAGE_REFS {
                break;
            }
            range = NameRange::new(prefix, Some(record.name.as_bstr()));
        }
        while let Some(later) = packed.next_before(None)? {
            if each(later).is_break() {
                break;
            }
        }
        Ok(())
    }

    /// A ref below `name`, as `refs/heads/a/b` is below `refs/heads/a`: with it, no ref of this
    /// name may exist.
    pub fn find_ref_below(&self, name: &BStr) -> Result<Option<BString>, StoreError> {
        let mut directory = name.to_vec();
        directory.push(b'/');
        let range = NameRange::new(&directory, None);
        let sql = "SELECT name FROM ref WHERE name >= ?1 AND name < ?2 ORDER BY name LIMIT 1";
        let params = [range.start.as_slice().into(), range.end.as_slice().into()];
        if let Some(found) = query_first(&self.db, sql, &params, |row| row.blob(0))? {
            return Ok(Some(found.into()));
        }
        let mut packed = self.packed_refs(range)?;
        let first = packed.next_before(None)?;
        Ok(first.map(|found| found.name.clone()))
    }

    /// A ref above `name`, as `refs/heads/a` is above `refs/heads/a/b`: with it, no ref of this
    /// name may exist.
    ///
    /// Asks for the greatest name up to the nearest parent. If that is not the parent itself,
    /// no parent longer than the part it shares with `name` exists either, as it would sort between
    /// them; so the look-ups are few however deep the name is.
    pub fn find_ref_above(&self, name: &BStr) -> Result<Option<BString>, StoreError> {
        self.find_ref_above_unless(name, |_| false)
    }

    /// The same, if some names are known not to be refs, nor any above them.
    pub(super) fn find_ref_above_unless(
        &self,
        name: &BStr,
        is_free: impl Fn(&BStr) -> bool,
    ) -> Result<Option<BString>, StoreError> {
        let mut parent = parent(name);
        while let Some(candidate) = parent.filter(|parent| !is_free(parent.as_bstr())) {
            let Some(found) = self.last_ref_up_to(candidate.as_bstr())? else {
                return Ok(None);
            };
            if found == candidate {
                return Ok(Some(found));
            }
            let shared = found
                .iter()
                .zip(candidate)
                .take_while(|pair| pair.0 == pair.1)
                .count();
            parent = ancestor_within(candidate, shared);
        }
        Ok(None)
    }

    /// The greatest name up to and including `name`.
    fn last_ref_up_to(&self, name: &BStr) -> Result<Option<BString>, StoreError> {
        let sql = "SELECT name FROM ref WHERE name <= ?1 ORDER BY name DESC LIMIT 1";
        let loose = query_first(&self.db, sql, &[name.as_bytes().into()], |row| row.blob(0))?;
        let packed = self.last_packed_up_to(name)?;
        Ok(packed.max(loose.map(BString::from)))
    }

    /// The full refname in HEAD; the ref need not exist.
    pub fn head(&self) -> Result<BString, StoreError> {
        self.load()?
            .map(|record| record.head)
            .ok_or_else(|| StoreError::Failed("no repository here".to_owned()))
    }

    /// Points HEAD to another ref.
    pub fn set_head(&self, name: &BStr, now_ms: i64) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET head = ?1, updated_at = ?2";
        self.db
            .execute(sql, &[name.as_bytes().into(), now_ms.into()])?;
        Ok(())
    }
}

pub(super) fn read_ref(row: &dyn Row) -> Result<RefRecord, SqlError> {
    Ok(RefRecord {
        name: row.blob(0)?.into(),
        target: row.object_id(1)?,
        peeled: row.object_id_or_null(2)?,
    })
}

/// The name without its last component; `None` when only `refs` would be left, which is not a ref.
pub(super) fn parent(name: &[u8]) -> Option<&[u8]> {
    let parent = name.get(..name.rfind_byte(b'/')?)?;
    parent.contains(&b'/').then_some(parent)
}

/// The nearest parent that has at most `bytes_max` bytes.
fn ancestor_within(name: &[u8], bytes_max: usize) -> Option<&[u8]> {
    let mut ancestor = parent(name);
    while let Some(longer) = ancestor.filter(|ancestor| ancestor.len() > bytes_max) {
        ancestor = parent(longer);
    }
    ancestor
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parents_end_below_refs() {
        assert_eq!(parent(b"refs/heads/a/b"), Some(&b"refs/heads/a"[..]));
        assert_eq!(parent(b"refs/heads"), None);
        assert_eq!(
            ancestor_within(b"refs/heads/a/b", 11),
            Some(&b"refs/heads"[..])
        );
        assert_eq!(ancestor_within(b"refs/heads/a/b", 9), None);
    }
}
