//! Many refs in one row: SQLite joins them to one string, so that a list of refs costs one crossing
//! from JavaScript to wasm a page, not several a ref.
//!
//! A ref is `<target>,<peeled or nothing>,<name>`, each in hex, and refs are separated by `;`.

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use super::ref_record::RefRecord;
use crate::storage::db::sql_error::SqlError;

/// Refs in a page. A name has at most 4,096 bytes, 8,192 in hex: a page stays below 1.7 MB, where a
/// string may have 2 MB.
pub(crate) const PAGE_REFS: u32 = 200;

/// The page of refs from one name up to, not including, another.
pub(crate) const PAGE_SQL: &str = "SELECT group_concat(entry, ';') FROM (
    SELECT hex(target) || ',' || coalesce(hex(peeled), '') || ',' || hex(name) AS entry
    FROM ref WHERE name >= ?1 AND name < ?2 ORDER BY name LIMIT ?3)";

/// Reads a page.
pub(crate) fn parse(page: &str) -> Result<Vec<RefRecord>, SqlError> {
    let bad = || SqlError::Column {
        column: 0,
        expected: "page of refs",
    };
    let entries = page.split(';').filter(|entry| !entry.is_empty());
    entries
        .map(|entry| parse_entry(entry).ok_or_else(bad))
        .collect()
}

fn parse_entry(entry: &str) -> Option<RefRecord> {
    let mut fields = entry.split(',');
    let (target, peeled, name) = (fields.next()?, fields.next()?, fields.next()?);
    Some(RefRecord {
        name: BString::from(bytes(name)?),
        target: id(target)?,
        peeled: if peeled.is_empty() {
            None
        } else {
            Some(id(peeled)?)
        },
    })
}

fn id(hex: &str) -> Option<ObjectId> {
    ObjectId::from_hex(hex.as_bytes()).ok()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let mut bytes = vec![0; hex.len() / 2];
    faster_hex::hex_decode(hex.as_bytes(), &mut bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_names_of_any_bytes() {
        let one = "1".repeat(40);
        let page = format!("{one},,726566732F68656164732F61;{one},{one},726566732FFF");
        let id = ObjectId::from_hex(one.as_bytes()).unwrap();
        let refs = parse(&page).unwrap();
        let expect = [
            RefRecord {
                name: "refs/heads/a".into(),
                target: id,
                peeled: None,
            },
            RefRecord {
                name: BString::from(&b"refs/\xff"[..]),
                target: id,
                peeled: Some(id),
            },
        ];
        assert_eq!(refs, expect);
        assert_eq!(parse("").unwrap(), []);
        for bad in ["x", "1,,", ",,", "1,2"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
