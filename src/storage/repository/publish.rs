//! Publishing: the one synchronous transaction that makes a push visible, its objects and its
//! ref changes together.
//!
//! The policy, in the order in which it is applied to each update:
//! 1. Deletions come first, so that `a` can make way for `a/b` in one push.
//! 2. Compare and swap: the ref must have the id that the pusher named ([`RefUpdate::old`]), now,
//!    or the update is [`Stale`](RefOutcome::Stale).
//! 3. A new ref must not stand above or below an existing one, those of the same push included
//!    ([`Conflict`](RefOutcome::Conflict)).
//! 4. A new ref must not be one too many ([`TooMany`](RefOutcome::TooMany)).
//! 5. In an atomic push one refusal undoes all; otherwise each ref stands for itself.
//!
//! The pack goes live when some update that names an object succeeded, else it is removed.

use gix_object::bstr::ByteSlice;

use super::packs::{PARTS, chunk_key, pack_keys, part_key, part_name};
use super::publication::{PackPublication, Publication, RefOutcome, RefUpdate};
use super::push_events::PushOutbox;
use super::ref_conflicts::FreeFolders;
use super::ref_counts::{Counting, RefCounts};
use super::reflog::Reflog;
use super::store::RepoStore;
use crate::git::store::{CHUNK_BYTES, PackId, PackRecord, StoreError};
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, in_transaction, query_first};
use crate::storage::db::sql_error::SqlError;

/// The refs' transaction was undone.
enum Undone {
    /// The store failed.
    Store(StoreError),
    /// The push is atomic, and these are its outcomes.
    Refused(Vec<RefOutcome>),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SqlError> for Undone {
    fn from(error: SqlError) -> Self {
        Self::Store(error.into())
    }
}

/// The rows that record each change.
struct Records<'a, D> {
    log: Reflog<'a, D>,
    outbox: PushOutbox<'a, D>,
    folders: FreeFolders,
}

impl<D: Database> RepoStore<D> {
    /// Publishes a push; the outcomes are in the order of the updates. After an error nothing
    /// has changed. May run inside the caller's own transaction.
    pub fn publish(&self, publication: &Publication) -> Result<Vec<RefOutcome>, StoreError> {
        let published = in_transaction(&self.db, || {
            for pack in publication.packs() {
                self.check_quarantined(pack.pack_id)?;
            }
            let changed = in_transaction(&self.db, || self.change_refs(publication));
            let (outcomes, counts) = match changed {
                Ok(changed) => changed,
                Err(Undone::Refused(outcomes)) => (outcomes, None),
                Err(Undone::Store(error)) => return Err(error),
            };
            let done = |outcome: &RefOutcome| *outcome == RefOutcome::Updated;
            let names_object = publication
                .updates
                .iter()
                .zip(&outcomes)
                .any(|(update, outcome)| done(outcome) && update.new.is_some());
            let mut publish_seq = None;
            for pack in publication.packs() {
                if names_object {
                    publish_seq = Some(self.publish_next(pack, publish_seq, publication.now_ms)?);
                } else {
                    self.remove_pack(pack.pack_id)?;
                }
            }
            if outcomes.iter().any(done) {
                let is_push = !publication.is_by_itself;
                self.note_push(publish_seq, counts, (publication.now_ms, is_push))?;
            }
            Ok(outcomes)
        });
        if published.is_err() {
            // The undone transaction may have cached rows that it read.
            self.forget_live_packs();
            self.forget_refs();
        }
        published
    }

    /// Applies the updates, deletions first, and records each.
    fn change_refs(
        &self,
        publication: &Publication,
    ) -> Result<(Vec<RefOutcome>, Option<RefCounts>), Undone> {
        let updates = &publication.updates;
        let mut counting = Counting::default();
        let mut records = Records {
            log: Reflog::new(&self.db, publication)?,
            outbox: PushOutbox::new(self, publication),
            folders: FreeFolders::default(),
        };
        let mut outcomes = vec![RefOutcome::Aborted; updates.len()];
        for deletes in [true, false] {
            for (place, (update, outcome)) in updates.iter().zip(&mut outcomes).enumerate() {
                if update.new.is_none() == deletes {
                    *outcome = self.change_ref((place, update), &mut counting, &mut records)?;
                }
            }
        }
        let done = |outcome: &RefOutcome| *outcome == RefOutcome::Updated;
        if publication.atomic && !outcomes.iter().all(done) {
            for outcome in outcomes.iter_mut().filter(|outcome| done(outcome)) {
                *outcome = RefOutcome::Aborted;
            }
            return Err(Undone::Refused(outcomes));
        }
        Ok((outcomes, counting.counts()))
    }

    fn change_ref(
        &self,
        (place, update): (usize, &RefUpdate),
        counting: &mut Counting,
        records: &mut Records<'_, D>,
    ) -> Result<RefOutcome, StoreError> {
        let actual = self
            .find_ref(update.name.as_bstr())?
            .map(|found| found.target);
        if actual != update.old {
            return Ok(RefOutcome::Stale { actual });
        }
        let publication = records.log.publication();
        let expires_at = publication
            .ephemeral_until_ms
            .filter(|_| update.new.is_some());
        if actual == update.new {
            if expires_at.is_some() {
                self.note_ephemeral(update.name.as_bstr(), expires_at)?;
            }
            return Ok(RefOutcome::Updated);
        }
        if actual.is_none()
            && let Some(with) = self.find_conflict(update.name.as_bstr(), &mut records.folders)?
        {
            return Ok(RefOutcome::Conflict { with });
        }
        let bounds = publication.ref_bounds;
        if let Err(too_many) = counting.count(self, update, bounds)? {
            return Ok(RefOutcome::TooMany(too_many));
        }
        self.write_ref(update)?;
        records.folders.note_made(update.name.as_bstr());
        self.note_ephemeral(update.name.as_bstr(), expires_at)?;
        records.log.append(update)?;
        records.outbox.append(place, update)?;
        Ok(RefOutcome::Updated)
    }

    /// Writes a change that was found good. A packed ref leaves its page by it.
    fn write_ref(&self, update: &RefUpdate) -> Result<(), StoreError> {
        self.note_before_change(update.name.as_bstr())?;
        self.kept_refs.mark(update.name.as_bstr());
        if let Some(old) = &update.old {
            self.known_targets.forget(old);
        }
        let name = Value::Blob(update.name.as_bytes());
        let peeled = Value::id(update.peeled.as_ref());
        let mut written = 0;
        if update.old.is_some() {
            written = match &update.new {
                None => self
                    .db
                    .execute("DELETE FROM ref WHERE name = ?1", &[name])?,
                Some(new) => {
                    let sql = "UPDATE ref SET target = ?2, peeled = ?3 WHERE name = ?1";
                    self.db
                        .execute(sql, &[name, Value::id(Some(new)), peeled])?
                }
            };
            if written == 0 {
                self.unpack_ref(update.name.as_bstr())?;
            }
        }
        if written == 0
            && let Some(new) = &update.new
        {
            let sql = "INSERT INTO ref (name, target, peeled) VALUES (?1, ?2, ?3)";
            self.db
                .execute(sql, &[name, Value::id(Some(new)), peeled])?;
        }
        Ok(())
    }

    /// Makes a quarantined pack live that no ref names yet: a part of an import.
    pub(super) fn publish_unnamed(
        &self,
        pack: &PackPublication,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        self.check_quarantined(pack.pack_id)?;
        let publish_seq = self.publish_next(pack, None, now_ms)?;
        let sql = "UPDATE repository SET publish_seq = ?1";
        self.db.execute(sql, &[publish_seq.into()])?;
        Ok(())
    }

    /// Makes a quarantined pack live, last in the order; gives its place. `before` is the place of a
    /// pack that the same step has published.
    fn publish_next(
        &self,
        pack: &PackPublication,
        before: Option<i64>,
        now_ms: i64,
    ) -> Result<i64, StoreError> {
        let publish_seq = if let Some(before) = before {
            before.saturating_add(1)
        } else {
            let sql = "SELECT publish_seq + 1 FROM repository";
            query_first(&self.db, sql, &[], |row| row.integer(0))?
                .ok_or_else(|| StoreError::Failed("no repository here".to_owned()))?
        };
        self.set_live(pack, publish_seq, now_ms)?;
        self.just_published.borrow_mut().push(PackRecord {
            pack_id: pack.pack_id,
            pack_bytes: pack.pack_bytes,
            object_count: pack.object_count,
        });
        Ok(publish_seq)
    }

    /// Makes a quarantined pack live at this place of the order.
    pub(super) fn set_live(
        &self,
        pack: &PackPublication,
        publish_seq: i64,
        published_at: i64,
    ) -> Result<(), StoreError> {
        self.check_rows(pack)?;
        let sql = "UPDATE pack SET state = 'live', publish_seq = ?2, pack_bytes = ?3,
                object_count = ?4, published_at = ?5
            WHERE pack_id = ?1";
        self.db.execute(
            sql,
            &[
                pack.pack_id.0.into(),
                publish_seq.into(),
                Value::Integer(i64::try_from(pack.pack_bytes).unwrap_or(i64::MAX)),
                pack.object_count.into(),
                published_at.into(),
            ],
        )?;
        Ok(())
    }

    /// Removes a pack that is in quarantine still; one that went live after all stays.
    pub fn discard_pack(&self, pack_id: PackId) -> Result<(), StoreError> {
        match self.check_quarantined(pack_id) {
            Ok(()) => self.remove_pack(pack_id),
            Err(StoreError::Missing { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// A pack that is live already must be neither published again nor removed.
    pub(super) fn check_quarantined(&self, pack_id: PackId) -> Result<(), StoreError> {
        let sql = "SELECT 1 FROM pack WHERE pack_id = ?1 AND state = 'quarantine'";
        let found = query_first(&self.db, sql, &[pack_id.0.into()], |row| row.integer(0))?;
        let missing = StoreError::Missing {
            what: "the quarantine",
            pack: pack_id.0,
        };
        found.map(|_| ()).ok_or(missing)
    }

    /// Bytes first, names last: looks whether the last chunk ends where the stream does and no
    /// part was left out. Four look-ups, so the rows between are taken on trust.
    fn check_rows(&self, pack: &PackPublication) -> Result<(), StoreError> {
        let keys = pack_keys(pack.pack_id);
        let sql = "SELECT chunk_key, length(bytes) FROM pack_chunk
            WHERE chunk_key >= ?1 AND chunk_key < ?2 ORDER BY chunk_key DESC LIMIT 1";
        let bounds = [Value::Integer(keys.start), Value::Integer(keys.end)];
        let last = query_first(&self.db, sql, &bounds, |row| {
            Ok((row.integer(0)?, row.integer(1)?))
        })?;
        let chunk_bytes = CHUNK_BYTES as u64;
        let last_number = pack.pack_bytes.saturating_sub(1) / chunk_bytes;
        let expect = u32::try_from(last_number).ok().map(|number| {
            let last_bytes = pack
                .pack_bytes
                .saturating_sub(last_number.saturating_mul(chunk_bytes));
            (
                chunk_key(pack.pack_id, number),
                i64::try_from(last_bytes).unwrap_or(i64::MAX),
            )
        });
        if last.is_none() || last != expect {
            return Err(StoreError::Corrupt {
                what: "the last chunk",
                pack: pack.pack_id.0,
            });
        }
        for part in PARTS {
            let sql = "SELECT 1 FROM pack_part WHERE part_key = ?1";
            let key = Value::Integer(part_key(pack.pack_id, part, 0));
            if query_first(&self.db, sql, &[key], |row| row.integer(0))?.is_none() {
                return Err(StoreError::Missing {
                    what: part_name(part),
                    pack: pack.pack_id.0,
                });
            }
        }
        Ok(())
    }

    fn note_push(
        &self,
        publish_seq: Option<i64>,
        counts: Option<RefCounts>,
        (now_ms, is_push): (i64, bool),
    ) -> Result<(), SqlError> {
        let sql = "UPDATE repository SET publish_seq = coalesce(?1, publish_seq),
            updated_at = iif(?5, ?2, updated_at), last_push_at = iif(?5, ?2, last_push_at),
            ref_count = coalesce(?3, ref_count), ref_name_bytes = coalesce(?4, ref_name_bytes)";
        let [refs, name_bytes] = RefCounts::values(counts);
        let publish_seq = Value::integer(publish_seq);
        self.db.execute(
            sql,
            &[publish_seq, now_ms.into(), refs, name_bytes, is_push.into()],
        )?;
        Ok(())
    }
}
