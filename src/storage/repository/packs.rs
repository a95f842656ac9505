//! The repository's packs: the engine's ports on SQL.
//!
//! Keys are arithmetic, so that a chunk or a piece of a part is exactly one row written and a
//! pack's rows are one range: `pack_id * 2^20 + number` for chunks,
//! `pack_id * 2^20 + part * 2^16 + number` for parts (those of cold packs: see `part_rows`). The
//! largest is below 2^52.

use std::ops::Range;
use std::rc::Rc;

use super::store::RepoStore;
use crate::git::store::{
    CHUNK_BYTES, PART_ROW_BYTES_MAX, PackId, PackRecord, PackStore, Part, PartReader, Pieces,
    Quarantine, Shared, StoreError,
};
use crate::storage::db::cache::Piece;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};

/// Chunks that one pack may have: 256 GiB.
const CHUNKS_MAX: u32 = 1 << 20;

/// The parts that every pack has.
pub(crate) const PARTS: [Part; 3] = [Part::Index, Part::Graph, Part::Introduced];

impl<D: Database> PackStore for RepoStore<D> {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        // Do not cache a value read inside a transaction: the transaction may be undone.
        let settled = !self.db.in_transaction();
        if settled && let Some(packs) = self.remembered_packs()? {
            return Ok(packs);
        }
        let sql = "SELECT pack_id, pack_bytes, object_count FROM pack
            WHERE state = 'live' ORDER BY publish_seq";
        let packs = query_all(&self.db, sql, &[], |row| {
            Ok(PackRecord {
                pack_id: PackId(row.unsigned32(0)?),
                pack_bytes: row.unsigned(1)?,
                object_count: row.unsigned32(2)?,
            })
        })?;
        let packs = Rc::new(packs);
        if settled {
            self.live_packs.replace(Some(Rc::clone(&packs)));
        }
        Ok(packs)
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        self.parts().part(pack_id, part)
    }

    fn index(&self, pack_id: PackId) -> Result<Pieces, StoreError> {
        self.parts().index(pack_id)
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        self.parts().part_range(pack_id, part, range)
    }

    fn part_run(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        self.parts().part_run(pack_id, part, range)
    }

    fn part_reader(&self, _pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        self.part_reader.clone()
    }

    fn part_scanner(&self, _pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        self.part_scanner.clone()
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        let piece = Piece::Chunk(number);
        if let Some(kept) = self.lease.get(pack_id, piece) {
            return Ok(kept.whole());
        }
        let bytes = Rc::new(self.chunk_uncached(pack_id, number)?);
        self.lease.put(pack_id, piece, Rc::clone(&bytes).into());
        Ok(bytes)
    }
}

impl<D: Database> Quarantine for RepoStore<D> {
    fn open_pack(&self) -> Result<PackId, StoreError> {
        // Three floors keep ids from being used again: the packs that stand; those that were
        // removed, recorded as they went; and those whose row was undone, known to this value
        // alone, as is the cache that could still hold their bytes.
        let sql = "SELECT max(coalesce((SELECT max(pack_id) FROM pack), 0),
            coalesce((SELECT pack_id_floor FROM repository), 0))";
        let stored = query_first(&self.db, sql, &[], |row| row.unsigned32(0))?.unwrap_or(0);
        let next = stored.max(self.pack_id_floor.get()).checked_add(1);
        let pack_id = next.ok_or_else(|| StoreError::Failed("pack ids are used up".to_owned()))?;
        let sql = "INSERT INTO pack (pack_id, state, created_at) VALUES (?1, 'quarantine', ?2)";
        self.pack_id_floor.set(pack_id);
        self.db
            .execute(sql, &[pack_id.into(), (self.clock)().into()])?;
        Ok(PackId(pack_id))
    }

    fn put_chunk(&self, pack_id: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        if number >= CHUNKS_MAX || bytes.len() > CHUNK_BYTES {
            let text = format!("chunk {number} of {} bytes is out of bounds", bytes.len());
            return Err(StoreError::Failed(text));
        }
        let sql = "INSERT INTO pack_chunk (chunk_key, bytes) VALUES (?1, ?2)";
        self.db
            .execute(sql, &[chunk_key(pack_id, number).into(), bytes.into()])?;
        Ok(())
    }

    fn drop_scratch(&self, scratch_id: PackId) -> Result<(), StoreError> {
        self.remove_pack(scratch_id)
    }

    fn put_part(
        &self,
        pack_id: PackId,
        part: Part,
        number: u32,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        if number >= PIECES_MAX || bytes.len() > PART_ROW_BYTES_MAX {
            let text = format!(
                "{part:?} row {number} of {} bytes is out of bounds",
                bytes.len()
            );
            return Err(StoreError::Failed(text));
        }
        let sql = "INSERT INTO pack_part (part_key, bytes) VALUES (?1, ?2)";
        self.db
            .execute(sql, &[part_key(pack_id, part, number).into(), bytes.into()])?;
        Ok(())
    }
}

impl<D: Database> RepoStore<D> {
    /// A chunk from the database, past the cache: for callers that read a pack from end to end.
    /// [`StoreError::Cold`] when only R2 has it.
    pub fn chunk_uncached(&self, pack_id: PackId, number: u32) -> Result<Vec<u8>, StoreError> {
        let sql = "SELECT bytes FROM pack_chunk WHERE chunk_key = ?1";
        let missing = StoreError::Missing {
            what: "a chunk",
            pack: pack_id.0,
        };
        if number >= CHUNKS_MAX {
            return Err(missing);
        }
        let key = Value::Integer(chunk_key(pack_id, number));
        if let Some(bytes) = query_first(&self.db, sql, &[key], |row| row.blob(0))? {
            return Ok(bytes);
        }
        let start = u64::from(number).saturating_mul(CHUNK_BYTES as u64);
        match self.r2_copy(pack_id)? {
            Some((_, pack_bytes)) if start < pack_bytes => Err(StoreError::Cold {
                pack: pack_id.0,
                chunk: number,
            }),
            _ => Err(missing),
        }
    }

    /// Removes a pack and all its rows, for good: its id is never used again.
    pub fn remove_pack(&self, pack_id: PackId) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.db.execute(
                "UPDATE repository SET pack_id_floor = ?1 WHERE pack_id_floor < ?1
                    AND NOT EXISTS (SELECT 1 FROM pack WHERE pack_id > ?1)",
                &[pack_id.0.into()],
            )?;
            self.release_pack(pack_id)?;
            let keys = pack_keys(pack_id);
            let bounds = [Value::Integer(keys.start), Value::Integer(keys.end)];
            let sql = "DELETE FROM pack_chunk WHERE chunk_key >= ?1 AND chunk_key < ?2";
            self.db.execute(sql, &bounds)?;
            let sql = "DELETE FROM pack_part WHERE part_key >= ?1 AND part_key < ?2";
            self.db.execute(sql, &bounds)?;
            self.db
                .execute("DELETE FROM pack WHERE pack_id = ?1", &[pack_id.0.into()])
        })?;
        self.forget_pack(pack_id);
        Ok(())
    }

    /// Forgets the remembered facts about a pack whose rows are gone.
    pub(super) fn forget_pack(&self, pack_id: PackId) {
        self.lease.forget_pack(pack_id);
        self.forget_live_packs();
    }

    /// Forgets which packs are live.
    pub(super) fn forget_live_packs(&self) {
        self.live_packs.replace(None);
        self.just_published.take();
        self.cold_packs.take();
    }

    /// The live packs as they are remembered, with those that were published since. It looks up whether these
    /// are live, as a transaction around their publishing may have been undone: one row each, where the whole
    /// list would be read with all that waits for the sweeper.
    fn remembered_packs(&self) -> Result<Option<Rc<Vec<PackRecord>>>, StoreError> {
        let just_published = self.just_published.take();
        let Some(packs) = self.live_packs.borrow().clone() else {
            return Ok(None);
        };
        if just_published.is_empty() {
            return Ok(Some(packs));
        }
        self.live_packs.replace(None);
        let mut packs = packs.to_vec();
        for record in just_published {
            let sql = "SELECT 1 FROM pack WHERE pack_id = ?1 AND state = 'live'";
            let live = query_first(&self.db, sql, &[record.pack_id.0.into()], |row| {
                row.integer(0)
            })?;
            packs.extend(live.map(|_| record));
        }
        let packs = Rc::new(packs);
        self.live_packs.replace(Some(Rc::clone(&packs)));
        Ok(Some(packs))
    }
}

/// The key of a chunk.
pub(super) fn chunk_key(pack_id: PackId, number: u32) -> i64 {
    (i64::from(pack_id.0) << 20) | i64::from(number)
}

/// The key of a row of a part.
pub(super) fn part_key(pack_id: PackId, part: Part, number: u32) -> i64 {
    (i64::from(pack_id.0) << 20) | (i64::from(part as u8) << 16) | i64::from(number)
}

/// The keys of all chunks and of all parts' rows of a pack.
pub(super) fn pack_keys(pack_id: PackId) -> Range<i64> {
    let start = i64::from(pack_id.0) << 20;
    start..start.saturating_add(1 << 20)
}

/// The part's name in errors.
pub(super) fn part_name(part: Part) -> &'static str {
    match part {
        Part::Index => "the index",
        Part::Graph => "the commit graph",
        Part::Introduced => "the introduced-object lists",
    }
}

/// Rows that one part may have: 64 GiB.
pub(super) const PIECES_MAX: u32 = 1 << 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::row::INTEGER_MAX;
    use crate::storage::repository::part_rows::keys;

    #[test]
    fn keys_of_different_packs_and_parts_never_meet() {
        let last = PackId(u32::MAX);
        assert!(pack_keys(last).end <= INTEGER_MAX);
        assert_eq!(pack_keys(PackId(7)).end, pack_keys(PackId(8)).start);
        for part in PARTS {
            let keys = keys(PackId(7), part);
            assert!(pack_keys(PackId(7)).start <= keys.start);
            assert!(keys.end <= pack_keys(PackId(7)).end);
            assert_eq!((keys.end - 1) >> 20, 7);
        }
        let (index, graph) = (keys(last, Part::Index), keys(last, Part::Graph));
        assert_eq!(index.end, graph.start);
        assert_eq!(
            chunk_key(PackId(7), CHUNKS_MAX - 1),
            pack_keys(PackId(7)).end - 1
        );
    }
}
