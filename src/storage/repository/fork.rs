//! Rows that a fork reads from its source and writes into its own database: the keys of packs in
//! R2, the tables derived from packs row by row, and refs in pages.
//!
//! Packs keep their numbers, because the parts of the commit graph name them. Nobody sees
//! anything of a fork before [`RepoStore::end_fork`]: until then its phase is
//! [`Phase::Forking`](super::phase::Phase).

use gix_object::bstr::{BStr, ByteSlice};

use super::packs::{PARTS, part_key, part_name};
use super::part_rows::DEFLATED;
use super::store::{NewRepository, RepoStore};
use crate::git::store::{PART_ROW_BYTES_MAX, PackId, Part, StoreError};
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// A live pack whose bytes R2 has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedPack {
    /// Its number, in the source and in the fork.
    pub pack_id: PackId,
    /// Its place among the live packs.
    pub(crate) publish_seq: i64,
    /// Bytes of the stored stream.
    pub(crate) pack_bytes: u64,
    /// Entries in the stream.
    pub(crate) object_count: u32,
    /// The R2 object with its bytes.
    pub(crate) r2_key: String,
}

/// A row of a part, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRow {
    /// Its key.
    pub(crate) key: i64,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

fn read_shared(row: &dyn Row) -> Result<(SharedPack, bool), SqlError> {
    let r2_key = row.text_or_null(4)?;
    let is_shared = r2_key.is_some();
    let pack = SharedPack {
        pack_id: PackId(row.unsigned32(0)?),
        publish_seq: row.integer(1)?,
        pack_bytes: row.unsigned(2)?,
        object_count: row.unsigned32(3)?,
        r2_key: r2_key.unwrap_or_default(),
    };
    Ok((pack, is_shared))
}

impl<D: Database> RepoStore<D> {
    /// The live packs in their order; `None` when R2 does not have them all.
    pub fn shared_packs(&self) -> Result<Option<Vec<SharedPack>>, StoreError> {
        let sql = "SELECT pack_id, publish_seq, pack_bytes, object_count, r2_key FROM pack
            WHERE state = 'live' ORDER BY publish_seq";
        let packs = query_all(&self.db, sql, &[], read_shared)?;
        let shared = |(pack, is_shared)| Some(pack).filter(|_| is_shared);
        Ok(packs.into_iter().map(shared).collect())
    }

    /// Row `number` of a pack's part, deflated or not: asked for by number, so that a row which is
    /// deflated meanwhile comes once.
    pub fn shared_row(
        &self,
        pack_id: PackId,
        part: Part,
        number: u32,
    ) -> Result<Option<PartRow>, StoreError> {
        let key = part_key(pack_id, part, number);
        let sql = "SELECT part_key, bytes FROM pack_part WHERE part_key IN (?1, ?2) LIMIT 1";
        let params = [key.into(), (key | DEFLATED).into()];
        Ok(query_first(&self.db, sql, &params, |row| {
            Ok(PartRow {
                key: row.integer(0)?,
                bytes: row.blob(1)?,
            })
        })?)
    }

    /// Makes the repository that a fork becomes. False, and nothing changed, when one is here.
    pub fn begin_fork(&self, new: &NewRepository<'_>) -> Result<bool, StoreError> {
        in_transaction(&self.db, || {
            let created = self.create(new)?;
            if created {
                let sql = "UPDATE repository SET phase = 'forking'";
                self.db.execute(sql, &[])?;
            }
            Ok(created)
        })
    }

    /// Writes a row of a part as the source has it.
    pub fn put_part_row(&self, row: &PartRow) -> Result<(), StoreError> {
        if row.bytes.len() > PART_ROW_BYTES_MAX {
            let text = format!("a part's row of {} bytes is out of bounds", row.bytes.len());
            return Err(StoreError::Failed(text));
        }
        let sql = "INSERT INTO pack_part (part_key, bytes) VALUES (?1, ?2)";
        let bytes = Value::Blob(&row.bytes);
        self.db.execute(sql, &[row.key.into(), bytes])?;
        Ok(())
    }

    /// Ends a fork whose refs and parts are written: its packs go live, and it serves.
    pub fn end_fork(
        &self,
        packs: &[SharedPack],
        head: &BStr,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            for pack in packs {
                self.put_shared(pack, now_ms)?;
            }
            let last = packs.iter().map(|pack| pack.pack_id.0).max().unwrap_or(0);
            let publish_seq = packs.last().map_or(0, |pack| pack.publish_seq);
            let sql = "UPDATE repository SET phase = 'ready', head = ?1, publish_seq = ?2,
                    pack_id_floor = ?3, updated_at = ?4
                WHERE phase = 'forking'";
            let head = Value::Blob(head.as_bytes());
            let params = [head, publish_seq.into(), last.into(), now_ms.into()];
            if self.db.execute(sql, &params)? == 0 {
                return Err(StoreError::Failed("no fork is under way here".to_owned()));
            }
            Ok(())
        })?;
        self.forget_live_packs();
        Ok(())
    }

    fn put_shared(&self, pack: &SharedPack, now_ms: i64) -> Result<(), StoreError> {
        for part in PARTS {
            if self.shared_row(pack.pack_id, part, 0)?.is_none() {
                return Err(StoreError::Missing {
                    what: part_name(part),
                    pack: pack.pack_id.0,
                });
            }
        }
        let sql = "INSERT INTO pack (pack_id, state, publish_seq, pack_bytes, object_count,
                created_at, published_at, r2_key, chunks_here)
            VALUES (?1, 'live', ?2, ?3, ?4, ?5, ?5, ?6, 0)";
        let params = [
            pack.pack_id.0.into(),
            pack.publish_seq.into(),
            Value::Integer(i64::try_from(pack.pack_bytes).unwrap_or(i64::MAX)),
            pack.object_count.into(),
            now_ms.into(),
            pack.r2_key.as_str().into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }
}
