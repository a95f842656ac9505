//! The packs that R2 holds, those on their way there, and those that R2 may forget.
//!
//! The order is always the same: the key is noted, held and written, the written bytes are read back and
//! compared, and only then is it registered here. Chunk rows go later still.

use std::collections::BTreeSet;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::packs::{chunk_key, pack_keys};
use super::store::RepoStore;
use crate::git::store::{PackId, StoreError};
use crate::storage::db::cache::Piece;
use crate::storage::db::row::{INTEGER_MAX, Row, Value};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// A live pack, and where its bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPack {
    /// Its number.
    pub pack_id: PackId,
    /// Bytes of the stored stream.
    pub pack_bytes: u64,
    /// Entries in the stream.
    pub(crate) object_count: u32,
    /// Unix milliseconds.
    pub(crate) published_at: i64,
    /// The R2 object with the same bytes.
    pub r2_key: Option<String>,
    /// Whether all its chunks are in the database; else R2 has them.
    pub chunks_here: bool,
}

/// A pack on its way to R2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// The pack.
    pub pack_id: PackId,
    /// Key of the R2 object that it is copied to.
    pub r2_key: String,
    /// The multipart upload, once begun.
    pub upload_id: Option<String>,
    /// R2's answers to the parts that it has.
    pub etags: Vec<String>,
}

/// An R2 object that the repository no longer needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// Its key.
    pub r2_key: String,
    /// When it may go, in unix milliseconds. For an object of Git LFS: when this was decided.
    pub not_before: i64,
}

/// When packs go to R2, and when they go cold; `None` leaves it to the deployment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotSettings {
    /// Seconds without a push after which packs are copied and ready clones made.
    pub settle_seconds: Option<u32>,
    /// Seconds after its publication at which a pack may go cold.
    pub cold_after_seconds: Option<u32>,
    /// Bytes of live packs in the database below which none goes cold.
    pub cold_bytes_min: Option<u64>,
    /// Bytes of live packs from which on a ready clone is made.
    pub ready_bytes_min: Option<u64>,
}

fn read_pack(row: &dyn Row) -> Result<StoredPack, SqlError> {
    Ok(StoredPack {
        pack_id: PackId(row.unsigned32(0)?),
        pack_bytes: row.unsigned(1)?,
        object_count: row.unsigned32(2)?,
        published_at: row.integer(3)?,
        r2_key: row.text_or_null(4)?,
        chunks_here: row.truth(5)?,
    })
}

fn read_upload(row: &dyn Row) -> Result<Upload, SqlError> {
    Ok(Upload {
        pack_id: PackId(row.unsigned32(0)?),
        r2_key: row.text(1)?,
        upload_id: row.text_or_null(2)?,
        etags: row.text(3)?.lines().map(str::to_owned).collect(),
    })
}

impl<D: Database> RepoStore<D> {
    /// The live packs in the order of their publication.
    pub fn stored_packs(&self) -> Result<Vec<StoredPack>, StoreError> {
        let sql = "SELECT pack_id, pack_bytes, object_count, published_at, r2_key, chunks_here
            FROM pack WHERE state = 'live' ORDER BY publish_seq";
        Ok(query_all(&self.db, sql, &[], read_pack)?)
    }

    /// The R2 object of a published pack and the pack's bytes; `None` when R2 has no copy.
    pub fn r2_copy(&self, pack_id: PackId) -> Result<Option<(String, u64)>, StoreError> {
        let sql = "SELECT r2_key, pack_bytes FROM pack
            WHERE pack_id = ?1 AND r2_key IS NOT NULL AND pack_bytes IS NOT NULL";
        let copy = query_first(&self.db, sql, &[pack_id.0.into()], |row| {
            Ok((row.text(0)?, row.unsigned(1)?))
        });
        Ok(copy?)
    }

    /// Bytes that R2 holds for this repository.
    pub fn r2_bytes(&self) -> Result<u64, StoreError> {
        let sql = "SELECT coalesce((SELECT sum(pack_bytes) FROM pack WHERE r2_key IS NOT NULL), 0)
            + coalesce((SELECT response_bytes FROM ready_clone), 0)
            + coalesce((SELECT object_bytes FROM lfs_account), 0)";
        Ok(query_first(&self.db, sql, &[], |row| row.unsigned(0))?.unwrap_or(0))
    }

    /// The pack's way to R2 so far.
    pub fn upload(&self, pack_id: PackId) -> Result<Option<Upload>, StoreError> {
        let sql = "SELECT pack_id, r2_key, upload_id, etags FROM pack_upload WHERE pack_id = ?1";
        Ok(query_first(
            &self.db,
            sql,
            &[pack_id.0.into()],
            read_upload,
        )?)
    }

    /// Uploads whose pack is not live any more.
    pub fn stray_uploads(&self) -> Result<Vec<Upload>, StoreError> {
        let sql = "SELECT pack_id, r2_key, upload_id, etags FROM pack_upload
            WHERE pack_id NOT IN (SELECT pack_id FROM pack WHERE state = 'live')";
        Ok(query_all(&self.db, sql, &[], read_upload)?)
    }

    /// Notes how far a pack is on its way.
    pub fn note_upload(&self, upload: &Upload) -> Result<(), StoreError> {
        let sql = "INSERT INTO pack_upload (pack_id, r2_key, upload_id, etags)
            VALUES (?1, ?2, ?3, ?4) ON CONFLICT (pack_id) DO UPDATE
            SET r2_key = excluded.r2_key, upload_id = excluded.upload_id, etags = excluded.etags";
        let etags = upload.etags.join("\n");
        let params = [
            upload.pack_id.0.into(),
            upload.r2_key.as_str().into(),
            Value::text(upload.upload_id.as_deref()),
            etags.as_str().into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Ends an upload whose pack is gone: its key is given back.
    pub fn forget_upload(&self, upload: &Upload, now_ms: i64) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.release_later(&upload.r2_key, now_ms)?;
            self.end_upload(upload.pack_id)?;
            Ok(())
        })
    }

    /// Registers the verified copy of a live pack. False, and nothing changed, when the pack is
    /// not live any more.
    pub fn register_copy(&self, pack_id: PackId, r2_key: &str) -> Result<bool, StoreError> {
        in_transaction(&self.db, || {
            let sql = "UPDATE pack SET r2_key = ?2 WHERE pack_id = ?1 AND state = 'live'";
            let registered = self.db.execute(sql, &[pack_id.0.into(), r2_key.into()])? > 0;
            if registered {
                self.end_upload(pack_id)?;
                let sql = "DELETE FROM r2_release WHERE r2_key = ?1";
                self.db.execute(sql, &[r2_key.into()])?;
            }
            Ok(registered)
        })
    }

    fn end_upload(&self, pack_id: PackId) -> Result<(), SqlError> {
        let sql = "DELETE FROM pack_upload WHERE pack_id = ?1";
        self.db.execute(sql, &[pack_id.0.into()]).map(drop)
    }

    /// Notes that an R2 object is no longer needed from `not_before` on.
    pub fn release_later(&self, r2_key: &str, not_before: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO r2_release (r2_key, not_before) VALUES (?1, ?2)
            ON CONFLICT (r2_key) DO NOTHING";
        self.db.execute(sql, &[r2_key.into(), not_before.into()])?;
        Ok(())
    }

    /// The same for a pack whose row is about to go; for use inside that transaction.
    pub(super) fn release_pack(&self, pack_id: PackId) -> Result<(), SqlError> {
        debug_assert!(self.db.in_transaction(), "the row goes in the same step");
        let sql = "INSERT INTO r2_release (r2_key, not_before)
            SELECT r2_key, ?2 FROM pack WHERE pack_id = ?1 AND r2_key IS NOT NULL
            ON CONFLICT (r2_key) DO NOTHING";
        let params = [pack_id.0.into(), (self.clock)().into()];
        self.db.execute(sql, &params).map(drop)
    }

    /// R2 objects that may go now, a thousand at most: none that is needed again by now.
    pub fn releases_due(&self, now_ms: i64) -> Result<Vec<Release>, StoreError> {
        let sql = "SELECT r2_key, not_before FROM r2_release WHERE not_before <= ?1
                AND r2_key NOT IN (SELECT r2_key FROM pack WHERE r2_key IS NOT NULL)
                AND r2_key NOT IN (SELECT r2_key FROM pack_upload)
                AND r2_key NOT IN (SELECT r2_key FROM ready_clone)
            LIMIT 1000";
        Ok(query_all(&self.db, sql, &[now_ms.into()], |row| {
            Ok(Release {
                r2_key: row.text(0)?,
                not_before: row.integer(1)?,
            })
        })?)
    }

    /// The earliest time at which an R2 object may go. The bundle that is offered has none.
    pub fn next_release(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT min(not_before) FROM r2_release
            WHERE r2_key NOT IN (SELECT r2_key FROM pack WHERE r2_key IS NOT NULL)
                AND r2_key NOT IN (SELECT r2_key FROM pack_upload)
                AND r2_key NOT IN (SELECT r2_key FROM ready_clone)";
        let next = query_first(&self.db, sql, &[], |row| row.integer_or_null(0))?;
        Ok(next.flatten().filter(|at| *at < INTEGER_MAX))
    }

    /// Forgets an R2 object that is needed again.
    pub fn released(&self, r2_key: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM r2_release WHERE r2_key = ?1";
        self.db.execute(sql, &[r2_key.into()])?;
        Ok(())
    }

    /// Forgets an R2 object that was given back, unless it was needed again and given up meanwhile.
    pub fn end_release(&self, release: &Release) -> Result<(), StoreError> {
        let sql = "DELETE FROM r2_release WHERE r2_key = ?1 AND not_before = ?2";
        let params = [release.r2_key.as_str().into(), release.not_before.into()];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Declares a pack cold: from now on its chunks may be missing here. False when R2 has no
    /// copy of it.
    pub fn cool(&self, pack_id: PackId) -> Result<bool, StoreError> {
        let sql = "UPDATE pack SET chunks_here = 0 WHERE pack_id = ?1 AND r2_key IS NOT NULL";
        self.cold_packs.take();
        Ok(self.db.execute(sql, &[pack_id.0.into()])? > 0)
    }

    /// Removes up to `rows_max` chunk rows of cold packs, one pack at a time; how many went.
    pub fn drop_cold_chunks(&self, rows_max: u32) -> Result<u64, StoreError> {
        let sql = "SELECT pack_id FROM pack WHERE chunks_here = 0 AND EXISTS
            (SELECT 1 FROM pack_chunk WHERE chunk_key >= (pack_id << 20)
                AND chunk_key < ((pack_id + 1) << 20)) LIMIT 1";
        let Some(pack_id) = query_first(&self.db, sql, &[], |row| row.unsigned32(0))? else {
            return Ok(0);
        };
        let keys = pack_keys(PackId(pack_id));
        let sql = "DELETE FROM pack_chunk WHERE chunk_key IN (SELECT chunk_key FROM pack_chunk
            WHERE chunk_key >= ?1 AND chunk_key < ?2 LIMIT ?3)";
        let params = [keys.start.into(), keys.end.into(), rows_max.into()];
        Ok(self.db.execute(sql, &params)?)
    }

    /// Puts a chunk that came from R2 where [`PackStore::chunk`] finds it: in the cache, which may
    /// lose it again, and if it must not be lost, in a row.
    ///
    /// [`PackStore::chunk`]: crate::git::store::PackStore::chunk
    pub fn warm_chunk(
        &self,
        pack_id: PackId,
        number: u32,
        bytes: Vec<u8>,
        keep: bool,
    ) -> Result<(), StoreError> {
        if keep {
            self.keep_chunk(pack_id, number, &bytes)?;
        }
        self.lease
            .put(pack_id, Piece::Chunk(number), Rc::new(bytes).into());
        Ok(())
    }

    /// Puts a chunk of a cold pack back into a row.
    pub fn keep_chunk(&self, pack_id: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        // The pack may have gone while its bytes were fetched.
        let sql = "INSERT INTO pack_chunk (chunk_key, bytes)
            SELECT ?1, ?2 FROM pack WHERE pack_id = ?3 AND chunks_here = 0
            ON CONFLICT (chunk_key) DO NOTHING";
        let key = chunk_key(pack_id, number).into();
        self.db
            .execute(sql, &[key, bytes.into(), pack_id.0.into()])?;
        Ok(())
    }

    /// Whether some live pack's chunks may be missing here.
    pub(crate) fn has_cold_packs(&self) -> Result<bool, StoreError> {
        Ok(!self.cold_packs()?.is_empty())
    }

    /// The live packs whose chunks may be missing here.
    /// Remembered until packs are swapped or go cold: those that are published are not cold.
    pub(crate) fn cold_packs(&self) -> Result<Rc<BTreeSet<PackId>>, StoreError> {
        let settled = !self.db.in_transaction();
        if settled && let Some(packs) = &*self.cold_packs.borrow() {
            return Ok(Rc::clone(packs));
        }
        let sql = "SELECT pack_id FROM pack WHERE state = 'live' AND chunks_here = 0";
        let packs = query_all(&self.db, sql, &[], |row| row.unsigned32(0).map(PackId))?;
        let packs = Rc::new(BTreeSet::from_iter(packs));
        if settled {
            self.cold_packs.replace(Some(Rc::clone(&packs)));
        }
        Ok(packs)
    }

    /// Whether this repository names any R2 object, its record apart.
    pub(crate) fn names_r2_objects(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM pack WHERE r2_key IS NOT NULL)
            OR EXISTS (SELECT 1 FROM pack_upload) OR EXISTS (SELECT 1 FROM ready_clone)
            OR EXISTS (SELECT 1 FROM r2_release) OR EXISTS (SELECT 1 FROM lfs_object)";
        Ok(query_first(&self.db, sql, &[], |row| row.truth(0))?.unwrap_or(false))
    }

    /// All R2 objects that this repository names, each once, without its record and without those of
    /// Git LFS that it needs, which may be very many.
    pub fn r2_keys(&self) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT r2_key FROM pack WHERE r2_key IS NOT NULL
            UNION SELECT r2_key FROM pack_upload UNION SELECT r2_key FROM ready_clone
            UNION SELECT r2_key FROM r2_release";
        Ok(query_all(&self.db, sql, &[], |row| row.text(0))?)
    }

    /// The R2 objects that must be there, with their bytes: those of packs, live or superseded, and
    /// the ready clone's.
    pub(crate) fn r2_objects(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let sql = "SELECT r2_key, pack_bytes FROM pack WHERE r2_key IS NOT NULL
            UNION SELECT r2_key, response_bytes FROM ready_clone";
        Ok(query_all(&self.db, sql, &[], |row| {
            Ok((row.text(0)?, row.unsigned(1)?))
        })?)
    }

    /// The repository's settings for snapshots.
    pub fn snapshot_settings(&self) -> Result<SnapshotSettings, StoreError> {
        let sql = "SELECT settle_seconds, cold_after_seconds, cold_bytes_min, ready_bytes_min
            FROM repository";
        let seconds = |row: &dyn Row, column| -> Result<Option<u32>, SqlError> {
            let seconds = row.integer_or_null(column)?;
            Ok(seconds.map(|seconds| u32::try_from(seconds).unwrap_or(u32::MAX)))
        };
        let bytes = |row: &dyn Row, column| -> Result<Option<u64>, SqlError> {
            let bytes = row.integer_or_null(column)?;
            Ok(bytes.and_then(|bytes| u64::try_from(bytes).ok()))
        };
        let settings = query_first(&self.db, sql, &[], |row| {
            Ok(SnapshotSettings {
                settle_seconds: seconds(row, 0)?,
                cold_after_seconds: seconds(row, 1)?,
                cold_bytes_min: bytes(row, 2)?,
                ready_bytes_min: bytes(row, 3)?,
            })
        })?;
        Ok(settings.unwrap_or_default())
    }

    /// Changes settings; `None` leaves one as it is.
    pub fn set_snapshot_settings(&self, change: &SnapshotSettings) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET
                settle_seconds = coalesce(?1, settle_seconds),
                cold_after_seconds = coalesce(?2, cold_after_seconds),
                cold_bytes_min = coalesce(?3, cold_bytes_min),
                ready_bytes_min = coalesce(?4, ready_bytes_min)";
        let bytes = |bytes: Option<u64>| {
            Value::integer(bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX)))
        };
        let params = [
            Value::integer(change.settle_seconds.map(i64::from)),
            Value::integer(change.cold_after_seconds.map(i64::from)),
            bytes(change.cold_bytes_min),
            bytes(change.ready_bytes_min),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }
}
