//! Refs in pages of some hundreds, each in one row: those that a fork took over, so that ten thousand
//! refs write forty rows, and those that [maintenance packed](super::ref_packing), so that a list of
//! half a million reads two thousand.
//!
//! A name stands in a page or in the table `ref`, never in both. A change of a packed ref takes it out of its
//! page first, so that a read is the union of the two, in order.

use std::ops::ControlFlow;

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
    let (mut refs, mut record) = (Vec::new(), RefRecord::empty());
    while !page.is_empty() {
        next_into(&mut page, &mut record)?;
        refs.push(record.clone());
    }
    Some(refs)
}

/// Reads the next ref of a page into `record`, which has the one before it: its memory is used again.
fn next_into(page: &mut &[u8], record: &mut RefRecord) -> Option<()> {
    let name_bytes = u16::from_be_bytes(take(page, 2)?.try_into().ok()?);
    let has_peeled = match take(page, 1)? {
        [0] => false,
        [1] => true,
        _ => return None,
    };
    record.target = take_id(page)?;
    record.peeled = if has_peeled {
        Some(take_id(page)?)
    } else {
        None
    };
    let name = take(page, usize::from(name_bytes))?;
    if record.name.as_slice() >= name {
        return None;
    }
    record.name.clear();
    record.name.extend_from_slice(name);
    Some(())
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
pub(super) struct Page {
    pub(super) from_name: Vec<u8>,
    pub(super) refs: Vec<RefRecord>,
}

/// The error of a malformed page.
fn corrupt() -> SqlError {
    SqlError::Column {
        column: 1,
        expected: "page of refs",
    }
}

pub(super) fn read_page(row: &dyn Row) -> Result<Page, SqlError> {
    Ok(Page {
        from_name: row.blob(0)?,
        refs: decode(&row.blob(1)?).ok_or_else(corrupt)?,
    })
}

/// Pages that a list reads together, from its second on: each statement costs as much as ten pages.
const PAGES_TOGETHER: usize = 16;

/// Bytes that pages which are read together should not exceed.
const TOGETHER_BYTES: usize = 1 << 18;

/// The packed refs of a range of names, in order, some pages of them at a time. A ref allocates nothing.
pub(crate) struct PackedRefs<'a, D> {
    db: &'a D,
    range: NameRange,
    /// The page that was read last; `None` before the first.
    page: Option<Vec<u8>>,
    /// The bytes read, and how many of them were passed.
    bytes: Vec<u8>,
    gone_bytes: usize,
    pages_together: usize,
    /// The ref that comes next if `is_ahead`, else the one before it.
    record: RefRecord,
    is_ahead: bool,
    ended: bool,
}

impl<'a, D: Database> PackedRefs<'a, D> {
    /// Those whose names are in `range`.
    fn new(db: &'a D, range: NameRange) -> Self {
        Self {
            db,
            range,
            page: None,
            bytes: Vec::new(),
            gone_bytes: 0,
            pages_together: 1,
            record: RefRecord::empty(),
            is_ahead: false,
            ended: false,
        }
    }

    /// The next of them, left where it is.
    pub(crate) fn peek(&mut self) -> Result<Option<&RefRecord>, SqlError> {
        while !self.is_ahead && !self.ended {
            let mut rest = self.bytes.get(self.gone_bytes..).unwrap_or_default();
            if rest.is_empty() {
                self.read()?;
                continue;
            }
            next_into(&mut rest, &mut self.record).ok_or_else(corrupt)?;
            self.gone_bytes = self.bytes.len().saturating_sub(rest.len());
            self.is_ahead = self.range.contains(&self.record.name);
        }
        Ok(self.is_ahead.then_some(&self.record))
    }

    /// The next of them, if its name comes before `bound` (any, without one).
    pub(crate) fn next_before(
        &mut self,
        bound: Option<&BStr>,
    ) -> Result<Option<&RefRecord>, SqlError> {
        let comes = |next: &RefRecord| bound.is_none_or(|bound| next.name.as_bstr() < bound);
        if self.peek()?.is_some_and(comes) {
            self.is_ahead = false;
            return Ok(Some(&self.record));
        }
        Ok(None)
    }

    fn read(&mut self) -> Result<(), SqlError> {
        self.bytes.clear();
        self.gone_bytes = 0;
        let end = Value::Blob(&self.range.end);
        let last = self.page.take();
        let mut read = 0;
        let (bytes, page) = (&mut self.bytes, &mut self.page);
        let mut each = |row: &dyn Row| {
            *page = Some(row.blob(0)?);
            bytes.extend_from_slice(&row.blob(1)?);
            read += 1;
            Ok(ControlFlow::Continue(()))
        };
        if let Some(last) = &last {
            let sql = "SELECT from_name, refs FROM packed_refs
                WHERE from_name > ?1 AND from_name < ?2 ORDER BY from_name LIMIT ?3";
            let pages = u32::try_from(self.pages_together).unwrap_or(1);
            let params = [Value::Blob(last), end, pages.into()];
            self.db.query(sql, &params, &mut each)?;
        } else {
            // The page before may reach into the range.
            let sql = "SELECT from_name, refs FROM packed_refs
                WHERE from_name >= coalesce(
                        (SELECT max(from_name) FROM packed_refs WHERE from_name <= ?1), ?1)
                    AND from_name < ?2
                ORDER BY from_name LIMIT 1";
            let params = [Value::Blob(&self.range.start), end];
            self.db.query(sql, &params, &mut each)?;
        }
        self.ended = read == 0;
        let page_bytes = self.bytes.len() / read.max(1) + 1;
        self.pages_together = (TOGETHER_BYTES / page_bytes).clamp(1, PAGES_TOGETHER);
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
        self.forget_refs();
        self.insert_page(refs)
    }

    /// Writes a page of sorted refs, none of which is in another page.
    pub(super) fn insert_page<'r>(
        &self,
        refs: impl IntoIterator<Item = &'r RefRecord>,
    ) -> Result<(), StoreError> {
        let mut refs = refs.into_iter().peekable();
        let Some(first) = refs.peek().copied() else {
            return Ok(());
        };
        let (count, page) = encode_page(refs)?;
        debug_assert!(
            decode(&page).is_some(),
            "a page whose names are not in order cannot be read"
        );
        // If this is undone, a look finds nothing.
        self.has_packed_refs.set(Some(true));
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

/// A page of these refs, and their number.
fn encode_page<'r>(
    refs: impl IntoIterator<Item = &'r RefRecord>,
) -> Result<(u32, Vec<u8>), StoreError> {
    let (mut page, mut refs_count) = (Vec::new(), 0);
    for record in refs {
        encode(record, &mut page)?;
        refs_count += 1;
    }
    let count = u32::try_from(refs_count)
        .ok()
        .filter(|_| refs_count <= PACKED_PAGE_REFS);
    let too_many = || StoreError::Failed(format!("a page of {refs_count} refs"));
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
