//! Refs that a fork took over: pages of some hundreds in one row each, so that taking over ten
//! thousand refs writes forty rows.
//!
//! A name stands in a page or in the table `ref`, never in both. Who changes a packed ref takes it
//! out of its page first, so that what is read is the union of the two, in order.

use std::collections::VecDeque;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};

use super::ref_record::{NameRange, RefRecord};
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, query_first};
use crate::storage::db::sql_error::SqlError;

/// Refs in a page: with names of 4,096 bytes it stays below 1.1 MB.
pub const PACKED_PAGE_REFS: usize = 256;

/// Bytes of an object id.
const ID_BYTES: usize = 20;

/// Writes a ref at the end of a page.
pub(crate) fn encode(record: &RefRecord, page: &mut Vec<u8>) -> Result<(), StoreError> {
    let name_bytes = u16::try_from(record.name.len())
        .map_err(|_| StoreError::Failed("a refname is too long".to_owned()))?;
    page.extend_from_slice(&name_bytes.to_be_bytes());
    page.push(u8::from(record.peeled.is_some()));
    page.extend_from_slice(record.target.as_slice());
    if let Some(peeled) = &record.peeled {
        page.extend_from_slice(peeled.as_slice());
    }
    page.extend_from_slice(&record.name);
    Ok(())
}

/// Reads a page; `None` when it does not have the form that [`encode`] gives it, or its names are
/// not in order.
pub(crate) fn decode(mut page: &[u8]) -> Option<Vec<RefRecord>> {
    let mut refs: Vec<RefRecord> = Vec::new();
    while !page.is_empty() {
        let name_bytes = u16::from_be_bytes(take(&mut page, 2)?.try_into().ok()?);
        let has_peeled = match take(&mut page, 1)? {
            [0] => false,
            [1] => true,
            _ => return None,
        };
        let target = take_id(&mut page)?;
        let peeled = if has_peeled {
            Some(take_id(&mut page)?)
        } else {
            None
        };
        let name = BString::from(take(&mut page, usize::from(name_bytes))?);
        if refs.last().is_some_and(|last| last.name >= name) {
            return None;
        }
        refs.push(RefRecord {
            name,
            target,
            peeled,
        });
    }
    Some(refs)
}

fn take<'a>(page: &mut &'a [u8], bytes: usize) -> Option<&'a [u8]> {
    let (taken, rest) = page.split_at_checked(bytes)?;
    *page = rest;
    Some(taken)
}

fn take_id(page: &mut &[u8]) -> Option<ObjectId> {
    ObjectId::try_from(take(page, ID_BYTES)?).ok()
}

/// A page, as it was read.
struct Page {
    from_name: Vec<u8>,
    refs: Vec<RefRecord>,
}

fn read_page(row: &dyn Row) -> Result<Page, SqlError> {
    let corrupt = SqlError::Column {
        column: 1,
        expected: "page of refs",
    };
    Ok(Page {
        from_name: row.blob(0)?,
        refs: decode(&row.blob(1)?).ok_or(corrupt)?,
    })
}

/// The packed refs of a range of names, in order, a page of them at a time.
pub(crate) struct PackedRefs<'a, D> {
    db: &'a D,
    range: NameRange,
    /// The page that was read last; `None` before the first.
    page: Option<Vec<u8>>,
    refs: VecDeque<RefRecord>,
    ended: bool,
}

impl<'a, D: Database> PackedRefs<'a, D> {
    /// Those whose names are in `range`.
    fn new(db: &'a D, range: NameRange) -> Self {
        Self {
            db,
            range,
            page: None,
            refs: VecDeque::new(),
            ended: false,
        }
    }

    /// The next of them, left where it is.
    pub(crate) fn peek(&mut self) -> Result<Option<&RefRecord>, SqlError> {
        while self.refs.is_empty() && !self.ended {
            self.read()?;
        }
        Ok(self.refs.front())
    }

    /// The next of them, if its name comes before `bound` (any, without one).
    pub(crate) fn next_before(
        &mut self,
        bound: Option<&BStr>,
    ) -> Result<Option<RefRecord>, SqlError> {
        let comes = |next: &RefRecord| bound.is_none_or(|bound| next.name.as_bstr() < bound);
        if self.peek()?.is_some_and(comes) {
            return Ok(self.refs.pop_front());
        }
        Ok(None)
    }

    fn read(&mut self) -> Result<(), SqlError> {
        let end = Value::Blob(&self.range.end);
        let page = if let Some(last) = &self.page {
            let sql = "SELECT from_name, refs FROM packed_refs
                WHERE from_name > ?1 AND from_name < ?2 ORDER BY from_name LIMIT 1";
            query_first(self.db, sql, &[Value::Blob(last), end], read_page)?
        } else {
            // The page before may reach into the range.
            let sql = "SELECT from_name, refs FROM packed_refs
                WHERE from_name >= coalesce(
                        (SELECT max(from_name) FROM packed_refs WHERE from_name <= ?1), ?1)
                    AND from_name < ?2
                ORDER BY from_name LIMIT 1";
            let start = Value::Blob(&self.range.start);
            query_first(self.db, sql, &[start, end], read_page)?
        };
        let Some(page) = page else {
            self.ended = true;
            return Ok(());
        };
        let refs = page.refs.into_iter();
        self.refs
            .extend(refs.filter(|record| self.range.contains(&record.name)));
        self.page = Some(page.from_name);
        Ok(())
    }
}

impl<D: Database> RepoStore<D> {
    /// Whether there may be packed refs. Most repositories have none, and a push of many refs then
    /// saves a look for each of them.
    pub(super) fn has_packed_refs(&self) -> Result<bool, SqlError> {
        if let Some(has) = self.has_packed_refs.get() {
            return Ok(has);
        }
        let sql = "SELECT 1 FROM packed_refs LIMIT 1";
        let has = query_first(&self.db, sql, &[], |row| row.integer(0))?.is_some();
        self.has_packed_refs.set(Some(has));
        Ok(has)
    }

    /// The packed refs whose names are in `range`.
    pub(super) fn packed_refs(&self, range: NameRange) -> Result<PackedRefs<'_, D>, SqlError> {
        let mut packed = PackedRefs::new(&self.db, range);
        packed.ended = !self.has_packed_refs()?;
        Ok(packed)
    }

    /// The packed ref of this very name.
    pub(super) fn find_packed(&self, name: &BStr) -> Result<Option<RefRecord>, StoreError> {
        let Some(page) = self.page_of(name)? else {
            return Ok(None);
        };
        let mut refs = page.refs.into_iter();
        Ok(refs.find(|record| record.name == name))
    }

    /// The last packed ref up to and including `name`.
    pub(super) fn last_packed_up_to(&self, name: &BStr) -> Result<Option<BString>, StoreError> {
        if !self.has_packed_refs()? {
            return Ok(None);
        }
        let sql = "SELECT from_name, refs FROM packed_refs
            WHERE from_name <= ?1 ORDER BY from_name DESC LIMIT 1";
        let bound = Value::Blob(name.as_bytes());
        let mut page = query_first(&self.db, sql, &[bound], read_page)?;
        while let Some(Page { from_name, refs }) = page {
            let mut refs = refs.into_iter().rev();
            if let Some(record) = refs.find(|record| record.name.as_bstr() <= name) {
                return Ok(Some(record.name));
            }
            // The first refs of the page were taken out, so the last ref before `name` is in an
            // earlier page.
            let sql = "SELECT from_name, refs FROM packed_refs
                WHERE from_name < ?1 ORDER BY from_name DESC LIMIT 1";
            let bound = Value::Blob(&from_name);
            page = query_first(&self.db, sql, &[bound], read_page)?;
        }
        Ok(None)
    }

    /// Takes a ref out of its page, if it is packed.
    pub(super) fn unpack_ref(&self, name: &BStr) -> Result<(), StoreError> {
        let Some(Page { from_name, refs }) = self.page_of(name)? else {
            return Ok(());
        };
        let before = refs.len();
        let kept: Vec<_> = refs.into_iter().filter(|one| one.name != name).collect();
        if kept.len() == before {
            return Ok(());
        }
        let from_name = Value::Blob(&from_name);
        if kept.is_empty() {
            let sql = "DELETE FROM packed_refs WHERE from_name = ?1";
            self.db.execute(sql, &[from_name])?;
            return Ok(());
        }
        let (count, page) = encode_page(&kept)?;
        let sql = "UPDATE packed_refs SET ref_count = ?2, refs = ?3 WHERE from_name = ?1";
        self.db
            .execute(sql, &[from_name, count.into(), Value::Blob(&page)])?;
        Ok(())
    }

    /// Adds a page behind those that stand: at most [`PACKED_PAGE_REFS`] refs, sorted, all of them
    /// after every ref of the repository.
    pub fn put_packed_page(&self, refs: &[RefRecord]) -> Result<(), StoreError> {
        let Some(first) = refs.first() else {
            return Ok(());
        };
        debug_assert!(
            refs.is_sorted_by(|one, next| one.name < next.name),
            "a page whose names are not in order cannot be read"
        );
        self.forget_refs();
        // Should this be undone, whoever looks finds nothing.
        self.has_packed_refs.set(Some(true));
        let (count, page) = encode_page(refs)?;
        let sql = "INSERT INTO packed_refs (from_name, ref_count, refs) VALUES (?1, ?2, ?3)";
        let from_name = Value::Blob(first.name.as_bytes());
        self.db
            .execute(sql, &[from_name, count.into(), Value::Blob(&page)])?;
        Ok(())
    }

    /// The page of the ref with this name, if it is packed.
    fn page_of(&self, name: &BStr) -> Result<Option<Page>, SqlError> {
        if !self.has_packed_refs()? {
            return Ok(None);
        }
        let sql = "SELECT from_name, refs FROM packed_refs
            WHERE from_name <= ?1 ORDER BY from_name DESC LIMIT 1";
        query_first(&self.db, sql, &[Value::Blob(name.as_bytes())], read_page)
    }
}

fn encode_page(refs: &[RefRecord]) -> Result<(u32, Vec<u8>), StoreError> {
    let mut page = Vec::new();
    for record in refs {
        encode(record, &mut page)?;
    }
    let count = u32::try_from(refs.len())
        .ok()
        .filter(|_| refs.len() <= PACKED_PAGE_REFS);
    let too_many = || StoreError::Failed(format!("a page of {} refs", refs.len()));
    Ok((count.ok_or_else(too_many)?, page))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refs() -> impl Strategy<Value = Vec<RefRecord>> {
        let peeled = prop::option::of(any::<[u8; 20]>());
        let name = prop::collection::vec(any::<u8>(), 1..40);
        let record =
            (name, any::<[u8; 20]>(), peeled).prop_map(|(name, target, peeled)| RefRecord {
                name: name.into(),
                target: target.into(),
                peeled: peeled.map(Into::into),
            });
        prop::collection::vec(record, 0..20).prop_map(|mut refs| {
            refs.sort_by(|one, other| one.name.cmp(&other.name));
            refs.dedup_by(|one, other| one.name == other.name);
            refs
        })
    }

    proptest! {
        #[test]
        fn a_page_reads_as_it_was_written(refs in refs()) {
            let (count, page) = encode_page(&refs).unwrap();
            prop_assert_eq!(count as usize, refs.len());
            prop_assert_eq!(decode(&page), Some(refs));
            for bytes in 1..page.len() {
                // Cut anywhere it is either refused or a page of fewer refs.
                let shorter = decode(&page[..bytes]);
                prop_assert!(shorter.is_none_or(|shorter| shorter.len() < count as usize));
            }
        }

        #[test]
        fn no_page_panics(page in any::<Vec<u8>>()) {
            let _ = decode(&page);
        }
    }

    #[test]
    fn names_out_of_order_are_refused() {
        let record = |name: &str| RefRecord {
            name: name.into(),
            target: ObjectId::null(gix_hash::Kind::Sha1),
            peeled: None,
        };
        for names in [["refs/b", "refs/a"], ["refs/a", "refs/a"]] {
            let (_, page) = encode_page(&names.map(record)).unwrap();
            assert_eq!(decode(&page), None, "{names:?}");
        }
    }
}
