//! Many refs in one row: SQLite joins them to one value, so that a list of refs costs one crossing
//! from JavaScript to wasm a page, not several a ref.
//!
//! A ref is a byte that says whether it peels, its target, the id that it peels to if it does, and
//! its name, which ends at a NUL: no name has one.

use std::ops::ControlFlow;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::ref_record::RefRecord;
use crate::storage::db::sql_error::SqlError;

/// Refs in a page. A name has at most 4,096 bytes: a page stays below 1.7 MB, where a value may have
/// 2 MB.
pub(crate) const PAGE_REFS: u32 = 400;

/// The page of refs from one name up to, not including, another.
pub(crate) const PAGE_SQL: &str = "SELECT CAST(group_concat(entry, x'00') AS BLOB) FROM (
    SELECT iif(peeled IS NULL, 'a' || target, 'b' || target || peeled) || name AS entry
    FROM ref WHERE name >= ?1 AND name < ?2 ORDER BY name LIMIT ?3)";

/// The first byte of a ref that does not peel, and of one that does.
const WHOLE: u8 = b'a';
const PEELS: u8 = b'b';

/// Bytes of an object id.
const ID_BYTES: usize = 20;

/// The refs of a page, read one after the other.
pub(crate) struct RefPage<'a> {
    rest: &'a [u8],
}

impl<'a> RefPage<'a> {
    /// A page as the database gave it.
    pub(crate) fn new(page: &'a [u8]) -> Self {
        Self { rest: page }
    }

    /// Reads the next ref into `record`, whose memory is used again: a list of many thousand refs
    /// allocates next to nothing.
    pub(crate) fn next_into(
        &mut self,
        record: &mut RefRecord,
    ) -> Result<ControlFlow<()>, SqlError> {
        if self.rest.is_empty() {
            return Ok(ControlFlow::Break(()));
        }
        let bad = SqlError::Column {
            column: 0,
            expected: "page of refs",
        };
        self.parse_into(record).ok_or(bad)?;
        Ok(ControlFlow::Continue(()))
    }

    fn parse_into(&mut self, record: &mut RefRecord) -> Option<()> {
        let (kind, rest) = self.rest.split_first()?;
        let (target, mut rest) = rest.split_at_checked(ID_BYTES)?;
        record.target = ObjectId::try_from(target).ok()?;
        record.peeled = match *kind {
            WHOLE => None,
            PEELS => {
                let (peeled, behind) = rest.split_at_checked(ID_BYTES)?;
                rest = behind;
                Some(ObjectId::try_from(peeled).ok()?)
            }
            _ => return None,
        };
        let name_bytes = rest.find_byte(0).unwrap_or(rest.len());
        let (name, rest) = rest.split_at_checked(name_bytes)?;
        if name.is_empty() {
            return None;
        }
        record.name.clear();
        record.name.extend_from_slice(name);
        self.rest = rest.get(1..).unwrap_or_default();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(page: &[u8]) -> Result<Vec<RefRecord>, SqlError> {
        let mut page = RefPage::new(page);
        let (mut record, mut refs) = (RefRecord::empty(), Vec::new());
        while page.next_into(&mut record)?.is_continue() {
            refs.push(record.clone());
        }
        Ok(refs)
    }

    #[test]
    fn a_page_holds_ids_and_names_of_any_bytes() {
        let (zeros, ones) = ([0; 20], [1; 20]);
        let page = [
            b"a",
            &zeros[..],
            b"refs/heads/a\0b",
            &ones,
            &zeros,
            b"refs/\xff",
        ]
        .concat();
        let expect = [
            RefRecord {
                name: "refs/heads/a".into(),
                target: zeros.into(),
                peeled: None,
            },
            RefRecord {
                name: b"refs/\xff".into(),
                target: ones.into(),
                peeled: Some(zeros.into()),
            },
        ];
        assert_eq!(parse(&page).unwrap(), expect);
        assert_eq!(parse(b"").unwrap(), []);
        let cut = page.get(..50).unwrap();
        for bad in [&b"x"[..], b"a", b"c", &page[..21], cut] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
