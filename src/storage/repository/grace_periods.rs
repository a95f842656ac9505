//! How long the repository keeps unreached objects: the settings, the end of the reflog, and the
//! facts that a prune needs.

use std::ops::ControlFlow;

use gix_hash::ObjectId;

use super::store::RepoStore;
use crate::git::store::{PackId, StoreError};
use crate::storage::db::sql::{Database, query_first};

/// The times for which objects and rows are kept, and the time of the last prune.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Seconds that unreachable objects are kept.
    pub(crate) prune_grace_seconds: i64,
    /// Seconds that entries of the reflog are kept.
    pub(crate) reflog_retention_seconds: i64,
    /// Seconds that superseded packs are kept.
    pub(crate) superseded_grace_seconds: i64,
    /// Unix milliseconds; 0 before the first time.
    pub(crate) pruned_at: i64,
    /// The last reflog entry that counted then; -1 if there is something to look for all the same.
    pub pruned_reflog_seq: i64,
}

/// How long the repository keeps an object after a ref stops naming it, for clients that have
/// listed the ref, however short the settings. A client takes far less time from its list of refs
/// to its fetch.
const LISTED_MS: i64 = 60 * 60 * 1000;

impl Retention {
    /// How many milliseconds an entry of the reflog keeps the objects that it names. If an
    /// operator `asked` for a prune, the settings alone decide.
    pub(crate) fn reflog_ms(&self, asked: bool) -> i64 {
        let set_ms = self.reflog_retention_seconds.saturating_mul(1000);
        if asked { set_ms } else { set_ms.max(LISTED_MS) }
    }
}

impl<D: Database> RepoStore<D> {
    /// The settings; an error when there is no repository.
    pub fn retention(&self) -> Result<Retention, StoreError> {
        let sql = "SELECT prune_grace_seconds, reflog_retention_seconds, superseded_grace_seconds,
            pruned_at, pruned_reflog_seq FROM repository";
        let found = query_first(&self.db, sql, &[], |row| {
            Ok(Retention {
                prune_grace_seconds: row.integer(0)?,
                reflog_retention_seconds: row.integer(1)?,
                superseded_grace_seconds: row.integer(2)?,
                pruned_at: row.integer(3)?,
                pruned_reflog_seq: row.integer(4)?,
            })
        })?;
        found.ok_or_else(|| StoreError::Failed("no repository here".to_owned()))
    }

    /// Notes the time of a search for objects to prune.
    pub fn note_prune(&self, now_ms: i64, reflog_seq: i64) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET pruned_at = ?1, pruned_reflog_seq = ?2";
        self.db.execute(sql, &[now_ms.into(), reflog_seq.into()])?;
        Ok(())
    }

    /// Time of the oldest entry of the reflog. `None` if only the last entry is left. That one is
    /// never removed, because numbers must not be given out twice.
    pub(crate) fn oldest_reflog_entry(&self) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT at FROM reflog WHERE seq < (SELECT max(seq) FROM reflog)
            ORDER BY seq LIMIT 1";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?)
    }

    /// Removes up to `rows_max` of the oldest entries that were made before `before_ms`; gives how
    /// many went. All are looked at that may go, so that it may be called until none does.
    pub fn expire_reflog(&self, before_ms: i64, rows_max: u32) -> Result<u64, StoreError> {
        let sql = "DELETE FROM reflog WHERE at < ?1 AND seq IN
            (SELECT seq FROM reflog WHERE seq < (SELECT max(seq) FROM reflog)
                ORDER BY seq LIMIT ?2)";
        Ok(self.db.execute(sql, &[before_ms.into(), rows_max.into()])?)
    }

    /// Calls `visit` with the ids of reflog entries that were made after `since_ms`, from the
    /// number `from` on; looks at `rows_max` entries at most. Gives the number to go on from; `None` at the end.
    pub(crate) fn reflog_ids(
        &self,
        from: i64,
        since_ms: i64,
        rows_max: u32,
        mut visit: impl FnMut(ObjectId),
    ) -> Result<Option<i64>, StoreError> {
        let from = from.max(self.purged_reflog_seq()?.saturating_add(1));
        let sql = "SELECT seq, at, old, new FROM reflog WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
        let (mut rows, mut last) = (0, from);
        self.db
            .query(sql, &[from.into(), rows_max.into()], &mut |row| {
                rows += 1;
                last = row.integer(0)?;
                if row.integer(1)? > since_ms {
                    row.object_id_or_null(2)?.into_iter().for_each(&mut visit);
                    row.object_id_or_null(3)?.into_iter().for_each(&mut visit);
                }
                Ok(ControlFlow::Continue(()))
            })?;
        Ok((rows == rows_max).then_some(last.saturating_add(1)))
    }

    /// Calls `visit` with the ids of the newest reflog entries that were made after
    /// `since_ms`; looks at `rows_max` entries at most.
    pub(crate) fn recent_reflog_ids(
        &self,
        since_ms: i64,
        rows_max: u32,
        mut visit: impl FnMut(ObjectId),
    ) -> Result<(), StoreError> {
        let sql = "SELECT at, old, new FROM reflog WHERE seq > ?2 ORDER BY seq DESC LIMIT ?1";
        let purged = self.purged_reflog_seq()?;
        self.db
            .query(sql, &[rows_max.into(), purged.into()], &mut |row| {
                if row.integer(0)? <= since_ms {
                    return Ok(ControlFlow::Break(()));
                }
                row.object_id_or_null(1)?.into_iter().for_each(&mut visit);
                row.object_id_or_null(2)?.into_iter().for_each(&mut visit);
                Ok(ControlFlow::Continue(()))
            })?;
        Ok(())
    }

    /// The last entry of the reflog whose ids keep nothing any more, since unreached objects were purged
    /// after it; 0 when nothing was.
    pub fn purged_reflog_seq(&self) -> Result<i64, StoreError> {
        let sql = "SELECT purged_reflog_seq FROM repository";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?.unwrap_or(0))
    }

    /// Notes that the entries so far keep nothing any more.
    pub fn forget_reflog_ids(&self) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET purged_reflog_seq =
            coalesce((SELECT max(seq) FROM reflog), 0)";
        self.db.execute(sql, &[])?;
        Ok(())
    }

    /// The live packs that were published at this time or later.
    pub(crate) fn packs_since(&self, since_ms: i64) -> Result<Vec<PackId>, StoreError> {
        let mut packs = Vec::new();
        let sql = "SELECT pack_id FROM pack WHERE state = 'live' AND published_at >= ?1";
        self.db.query(sql, &[since_ms.into()], &mut |row| {
            packs.push(PackId(row.unsigned32(0)?));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(packs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_was_just_replaced_outlives_every_prune_that_nobody_asked_for() {
        let kept = |reflog_retention_seconds: i64, asked: bool| {
            let retention = Retention {
                prune_grace_seconds: 0,
                reflog_retention_seconds,
                superseded_grace_seconds: 0,
                pruned_at: 0,
                pruned_reflog_seq: 0,
            };
            retention.reflog_ms(asked)
        };
        assert_eq!(kept(0, false), LISTED_MS);
        assert_eq!(kept(0, true), 0);
        assert_eq!(kept(86_400, false), 86_400_000);
        assert_eq!(kept(86_400, true), 86_400_000);
    }
}
