//! Writes a repository's record, and makes a repository again from one, step by step.
//!
//! First it takes the record, the refs and the packs, in quarantine; then it makes the parts of
//! each pack again; last, in one transaction, the packs go live. Until then nobody sees the
//! repository, and each step can be repeated.

use std::ops::{ControlFlow, Range};

use gix_object::bstr::ByteSlice as _;
use sha2::{Digest as _, Sha256};

use super::copies::StoredPack;
use super::lfs_life::LFS_PAGE;
use super::packs::{PARTS, part_key, part_name};
use super::store::{RepoStore, RepositoryPatch, RepositoryRecord};
use super::supersede::PartRows;
use crate::git::refname;
use crate::git::store::{PackId, PackRecord, Part, Quarantine as _, StoreError};
use crate::storage::db::row::Value;
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::r2::recovery_record::{self, Record, RecordedPack};

/// Some bytes of the record as it is now, and the facts about the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordWindow {
    /// The bytes of the range asked for.
    pub bytes: Vec<u8>,
    /// Bytes of the record.
    pub record_bytes: u64,
    /// SHA-256 of the record: another one means that something has changed.
    pub sha256: [u8; 32],
}

/// Gathers a window from pieces of the whole.
struct Gather {
    range: Range<u64>,
    hasher: Sha256,
    bytes: Vec<u8>,
    at: u64,
}

impl Gather {
    fn push(&mut self, piece: &mut Vec<u8>) {
        self.hasher.update(&piece);
        let end = self.at.saturating_add(piece.len() as u64);
        let within = |offset: u64| {
            let offset = offset.clamp(self.at, end).saturating_sub(self.at);
            usize::try_from(offset).unwrap_or(usize::MAX)
        };
        let wanted = piece.get(within(self.range.start)..within(self.range.end));
        debug_assert!(wanted.is_some(), "both ends lie in the piece, in order");
        self.bytes.extend_from_slice(wanted.unwrap_or_default());
        self.at = end;
        piece.clear();
    }
}

/// A recovery under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveryRecord {
    /// The lost repository.
    pub(crate) lost_id: String,
    /// Unix milliseconds.
    pub(crate) started_at: i64,
    /// Whether the record was read.
    pub adopted: bool,
    /// Attempts in a row that brought nothing, the running one included.
    pub(crate) attempts: u32,
}

/// A pack that is being recovered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoveredPack {
    /// Number and sizes.
    pub record: PackRecord,
    /// The R2 object with its bytes.
    pub(crate) r2_key: String,
    /// Whether its parts are made.
    pub has_parts: bool,
}

impl<D: Database> RepoStore<D> {
    /// A range of bytes of the repository's record as of now; `None` while R2 lacks one of its
    /// packs. It reads all refs and holds one page at a time, so that a long record can be read
    /// window by window.
    pub fn record_window(&self, range: Range<u64>) -> Result<Option<RecordWindow>, StoreError> {
        let Some(record) = self.record()? else {
            return Ok(None);
        };
        let mut gather = Gather {
            range,
            hasher: Sha256::new(),
            bytes: Vec::new(),
            at: 0,
        };
        let has_lfs = self.lfs_totals()?.objects > 0;
        let written = record
            .write(has_lfs)
            .map_err(|error| StoreError::Failed(error.to_string()))?;
        let (mut line, mut refs) = (written, 0);
        self.visit_refs(b"refs/", |reference| {
            // When it would go is not on record.
            if refname::is_ephemeral(reference.name.as_bstr()) {
                return ControlFlow::Continue(());
            }
            gather.push(&mut line);
            recovery_record::write_ref(reference, &mut line);
            refs += 1;
            ControlFlow::Continue(())
        })?;
        let lfs_objects = if has_lfs {
            Some(self.gather_lfs_objects(&mut gather, &mut line)?)
        } else {
            None
        };
        recovery_record::write_end(refs, lfs_objects, &mut line);
        gather.push(&mut line);
        Ok(Some(RecordWindow {
            bytes: gather.bytes,
            record_bytes: gather.at,
            sha256: gather.hasher.finalize().into(),
        }))
    }

    fn gather_lfs_objects(
        &self,
        gather: &mut Gather,
        lines: &mut Vec<u8>,
    ) -> Result<u64, StoreError> {
        let (mut count, mut after) = (0_u64, None);
        loop {
            let page = self.lfs_objects(after.as_ref(), LFS_PAGE)?;
            for object in &page {
                recovery_record::write_lfs_object(&(object.oid, object.bytes), lines);
            }
            gather.push(lines);
            count = count.saturating_add(page.len() as u64);
            let Some(last) = page.last() else {
                return Ok(count);
            };
            after = Some(last.oid);
        }
    }

    /// The record as it is now, its refs apart; `None` while R2 lacks one of the packs.
    fn record(&self) -> Result<Option<Record>, StoreError> {
        let Some(repository) = self.load()? else {
            return Ok(None);
        };
        let recorded = |pack: StoredPack| {
            Some(RecordedPack {
                r2_key: pack.r2_key?,
                pack_bytes: pack.pack_bytes,
                object_count: pack.object_count,
            })
        };
        let packs = self.stored_packs()?.into_iter().map(recorded);
        let Some(packs) = packs.collect() else {
            return Ok(None);
        };
        Ok(Some(Record {
            repository: RepositoryRecord {
                updated_at: 0,
                ..repository
            },
            snapshots: self.snapshot_settings()?,
            packs,
            shallow: self.shallow_commits()?,
        }))
    }

    /// The SHA-256 of the record that R2 has.
    pub fn recorded(&self) -> Result<Option<[u8; 32]>, StoreError> {
        let sql = "SELECT sha256 FROM r2_record";
        let sha256 = query_first(&self.db, sql, &[], |row| row.blob(0))?;
        Ok(sha256.and_then(|sha256| sha256.try_into().ok()))
    }

    /// Notes which record R2 has.
    pub fn set_recorded(&self, sha256: &[u8; 32]) -> Result<(), StoreError> {
        let sql = "INSERT INTO r2_record (singleton, sha256) VALUES (1, ?1)
            ON CONFLICT (singleton) DO UPDATE SET sha256 = excluded.sha256";
        self.db.execute(sql, &[Value::Blob(sha256)])?;
        Ok(())
    }

    /// Notes that this repository is being made from R2's copies of a lost one.
    pub fn begin_recovery(&self, lost_id: &str, now_ms: i64) -> Result<(), StoreError> {
        let sql = "INSERT INTO recovery (singleton, lost_id, started_at) VALUES (1, ?1, ?2)";
        self.db.execute(sql, &[lost_id.into(), now_ms.into()])?;
        Ok(())
    }

    /// The recovery under way.
    pub fn recovery(&self) -> Result<Option<RecoveryRecord>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(None);
        }
        let sql = "SELECT lost_id, started_at, adopted, attempts FROM recovery";
        Ok(query_first(&self.db, sql, &[], |row| {
            Ok(RecoveryRecord {
                lost_id: row.text(0)?,
                started_at: row.integer(1)?,
                adopted: row.truth(2)?,
                attempts: row.unsigned32(3)?,
            })
        })?)
    }

    /// Counts an attempt about to be made.
    pub fn note_recovery_attempt(&self) -> Result<(), StoreError> {
        let sql = "UPDATE recovery SET attempts = attempts + 1";
        self.db.execute(sql, &[])?;
        Ok(())
    }

    /// Takes away the refs and the objects of Git LFS of a record that was not read to its end.
    pub fn forget_recovered_refs(&self) -> Result<(), StoreError> {
        self.forget_refs();
        self.has_packed_refs.set(Some(true));
        self.db.execute("DELETE FROM packed_refs", &[])?;
        self.forget_recovered_lfs_objects()
    }

    /// Takes over the settings of a record and its packs, whose parts are still to make. The refs
    /// are here already.
    pub fn adopt_record(&self, record: &Record, now_ms: i64) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            let lost = &record.repository;
            let patch = RepositoryPatch {
                description: Some(&lost.description),
                head: Some(lost.head.as_bstr()),
                settings: lost.settings.into(),
                fsck_strict: Some(lost.fsck_strict),
            };
            self.update(&patch, now_ms)?;
            self.set_ref_rules(&lost.policies.ref_rules, now_ms)?;
            self.set_snapshot_settings(&record.snapshots)?;
            self.set_pre_receive(lost.policies.pre_receive.as_ref())?;
            self.set_bytes_max(lost.policies.bytes_max)?;
            self.set_lifetime(&lost.policies.lifetime_from(now_ms))?;
            let sql = "UPDATE repository SET source = ?1, last_push_at = ?2";
            let source = Value::text(lost.source.as_deref());
            let params = [source, Value::integer(lost.last_push_at)];
            self.db.execute(sql, &params)?;
            self.add_shallow(&record.shallow)?;
            for pack in &record.packs {
                self.adopt_pack(pack)?;
            }
            let sql = "UPDATE recovery SET adopted = 1, attempts = 0";
            self.db.execute(sql, &[])?;
            Ok(())
        })
    }

    fn adopt_pack(&self, pack: &RecordedPack) -> Result<(), StoreError> {
        let pack_id = self.open_pack()?;
        let sql = "UPDATE pack SET r2_key = ?2, pack_bytes = ?3, object_count = ?4, chunks_here = 0
            WHERE pack_id = ?1";
        let params = [
            pack_id.0.into(),
            pack.r2_key.as_str().into(),
            Value::Integer(i64::try_from(pack.pack_bytes).unwrap_or(i64::MAX)),
            pack.object_count.into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// The packs that are being recovered, in the order in which they were published once.
    pub fn recovered_packs(&self) -> Result<Vec<RecoveredPack>, StoreError> {
        let sql = "SELECT pack_id, pack_bytes, object_count, r2_key FROM pack
            WHERE state = 'quarantine' AND r2_key IS NOT NULL ORDER BY pack_id";
        let packs = query_all(&self.db, sql, &[], |row| {
            let record = PackRecord {
                pack_id: PackId(row.unsigned32(0)?),
                pack_bytes: row.unsigned(1)?,
                object_count: row.unsigned32(2)?,
            };
            Ok((record, row.text(3)?))
        })?;
        packs
            .into_iter()
            .map(|(record, r2_key)| {
                Ok(RecoveredPack {
                    record,
                    r2_key,
                    has_parts: self.has_part(record.pack_id, Part::Index)?,
                })
            })
            .collect()
    }

    fn has_part(&self, pack_id: PackId, part: Part) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM pack_part WHERE part_key = ?1";
        let key = part_key(pack_id, part, 0).into();
        Ok(query_first(&self.db, sql, &[key], |row| row.integer(0))?.is_some())
    }

    /// Writes the parts of a pack that is being recovered.
    pub fn put_recovered_parts<R: PartRows>(
        &self,
        parts: &[(PackId, Part, R)],
    ) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.replace_parts(parts)?;
            let sql = "UPDATE recovery SET attempts = 0";
            self.db.execute(sql, &[])?;
            Ok(())
        })
    }

    /// Ends the recovery: its packs go live, and the repository serves.
    pub fn finish_recovery(&self, now_ms: i64) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            for pack in self.recovered_packs()? {
                for part in PARTS {
                    let pack_id = pack.record.pack_id;
                    if !self.has_part(pack_id, part)? {
                        return Err(StoreError::Missing {
                            what: part_name(part),
                            pack: pack_id.0,
                        });
                    }
                }
            }
            let sql = "UPDATE pack SET state = 'live', published_at = ?1, publish_seq =
                    (SELECT count(*) FROM pack AS earlier
                    WHERE earlier.r2_key IS NOT NULL AND earlier.pack_id <= pack.pack_id)
                WHERE state = 'quarantine' AND r2_key IS NOT NULL";
            self.db.execute(sql, &[now_ms.into()])?;
            let sql = "UPDATE repository SET updated_at = ?1, publish_seq =
                (SELECT coalesce(max(publish_seq), 0) FROM pack)";
            self.db.execute(sql, &[now_ms.into()])?;
            self.db.execute("DELETE FROM recovery", &[])?;
            Ok(())
        })?;
        self.forget_live_packs();
        Ok(())
    }
}
