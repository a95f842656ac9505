//! Rows for tables of one push that memory has no room for: chunks of a pack in quarantine that is
//! never published. So the removal of a broken push removes them as well.

use super::packs::chunk_key;
use super::store::RepoStore;
use crate::git::store::{CHUNK_BYTES, PackId, StoreError};
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, query_first};

/// Rows that one table may have: 16 million entries in its first half, and as many ids in the other.
const ROWS_MAX: u32 = 1 << 14;

impl<D: Database> RepoStore<D> {
    /// Writes a row, in place of the one that has the number.
    pub fn put_scratch(
        &self,
        scratch_id: PackId,
        number: u32,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        if number >= ROWS_MAX || bytes.len() > CHUNK_BYTES {
            let text = format!("scratch {number} of {} bytes is out of bounds", bytes.len());
            return Err(StoreError::Failed(text));
        }
        let sql = "INSERT INTO pack_chunk (chunk_key, bytes) VALUES (?1, ?2)
            ON CONFLICT (chunk_key) DO UPDATE SET bytes = excluded.bytes";
        let key = chunk_key(scratch_id, number);
        self.db.execute(sql, &[key.into(), bytes.into()])?;
        Ok(())
    }

    /// The row with this number, as it was written last. No cache keeps it: the caller does.
    pub fn scratch(&self, scratch_id: PackId, number: u32) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT bytes FROM pack_chunk WHERE chunk_key = ?1";
        let key = Value::Integer(chunk_key(scratch_id, number));
        let found = query_first(&self.db, sql, &[key], |row| row.blob(0))?;
        found.ok_or(StoreError::Missing {
            what: "a row of scratch",
            pack: scratch_id.0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::store;
    use super::*;
    use crate::git::store::Quarantine as _;

    #[test]
    fn a_row_is_what_was_written_last_and_goes_with_its_pack() {
        let store = store();
        let scratch_id = store.open_pack().unwrap();
        store.put_scratch(scratch_id, 3, b"first").unwrap();
        assert_eq!(store.scratch(scratch_id, 3).unwrap(), b"first");
        store.put_scratch(scratch_id, 3, b"second").unwrap();
        assert_eq!(store.scratch(scratch_id, 3).unwrap(), b"second");
        assert!(store.put_scratch(scratch_id, ROWS_MAX, b"").is_err());
        let large = vec![0; CHUNK_BYTES + 1];
        assert!(store.put_scratch(scratch_id, 4, &large).is_err());
        store.discard_pack(scratch_id).unwrap();
        assert!(store.scratch(scratch_id, 3).is_err());
    }
}
