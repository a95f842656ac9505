//! When a repository ends by itself: at a time that was set, or after some time without use.
//!
//! A push is on record in any case. A fetch is noted only where idle time counts, and only when the
//! last note is older than the [precision](precision_ms), so that few fetches write a row. The
//! repository ends that much later, never earlier than its setting says.

use serde::{Deserialize, Serialize};

use super::policies::Policies;
use super::store::{RepoStore, RepositoryRecord};
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, query_first};

/// How long before its end a repository announces it.
const NOTICE_MS: i64 = 60 * 60 * 1000;

/// The note of the last use is at most this old.
const PRECISION_MS_MAX: i64 = 60 * 60 * 1000;

/// A change of one bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundChange {
    /// It stays as it is.
    #[default]
    Keep,
    /// None from now on.
    Remove,
    /// It is this from now on.
    Set(i64),
}

impl BoundChange {
    fn applied_to(self, before: Option<i64>) -> Option<i64> {
        match self {
            Self::Keep => before,
            Self::Remove => None,
            Self::Set(bound) => Some(bound),
        }
    }
}

/// A change of when a repository ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LifetimeChange {
    /// Unix milliseconds: when it ends in any case.
    pub expires_at: BoundChange,
    /// Seconds without a push or a fetch after which it ends.
    pub idle_ttl_seconds: BoundChange,
}

impl LifetimeChange {
    /// Whether it changes nothing.
    #[must_use]
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The next thing to do about the end of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextStep {
    /// It announces its end at this time, in unix milliseconds.
    Announce {
        /// When.
        at_ms: i64,
        /// The end that it announces.
        ends_at: i64,
    },
    /// It ends at this time, in unix milliseconds.
    End {
        /// When.
        at_ms: i64,
    },
}

impl NextStep {
    /// When it is due, in unix milliseconds.
    #[must_use]
    pub fn at_ms(self) -> i64 {
        match self {
            Self::Announce { at_ms, .. } | Self::End { at_ms } => at_ms,
        }
    }
}

impl RepositoryRecord {
    /// When it ends by itself, in unix milliseconds, if nobody uses it until then.
    #[must_use]
    pub fn ends_at(&self) -> Option<i64> {
        let idle_end = self.policies.idle_ttl_seconds.map(|seconds| {
            let idle_ms = seconds.saturating_mul(1000);
            let used_at = self.last_use().saturating_add(idle_ms);
            used_at.saturating_add(precision_ms(idle_ms))
        });
        match (self.policies.expires_at, idle_end) {
            (Some(expires_at), Some(idle_end)) => Some(expires_at.min(idle_end)),
            (one, other) => one.or(other),
        }
    }

    /// Whether its time is up.
    #[must_use]
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.ends_at().is_some_and(|ends_at| ends_at <= now_ms)
    }

    /// The last change, push or noted fetch, in unix milliseconds.
    fn last_use(&self) -> i64 {
        let noted = self.last_push_at.max(self.policies.used_at);
        noted.map_or(self.updated_at, |noted| noted.max(self.updated_at))
    }

    /// How long before its end it is announced: never before half of its idle time has passed.
    fn notice_ms(&self) -> i64 {
        let idle = self.policies.idle_ttl_seconds;
        idle.map_or(NOTICE_MS, |seconds| seconds.saturating_mul(500))
            .min(NOTICE_MS)
    }
}

impl Policies {
    /// The lifetime of a repository that is made again now: a time that has passed ends nothing.
    pub(super) fn lifetime_from(&self, now_ms: i64) -> LifetimeChange {
        let set = |bound: Option<i64>| bound.map_or(BoundChange::Keep, BoundChange::Set);
        LifetimeChange {
            expires_at: set(self.expires_at.filter(|at| *at > now_ms)),
            idle_ttl_seconds: set(self.idle_ttl_seconds),
        }
    }
}

/// How old the note of the last use may be.
fn precision_ms(idle_ms: i64) -> i64 {
    (idle_ms / 16).min(PRECISION_MS_MAX)
}

impl<D: Database> RepoStore<D> {
    /// Changes when the repository ends.
    pub fn set_lifetime(&self, change: &LifetimeChange) -> Result<(), StoreError> {
        if change.is_empty() {
            return Ok(());
        }
        let Some(record) = self.load()? else {
            return Ok(());
        };
        let before = &record.policies;
        let expires_at = change.expires_at.applied_to(before.expires_at);
        let idle = change.idle_ttl_seconds.applied_to(before.idle_ttl_seconds);
        let sql = "UPDATE repository SET expires_at = ?1, idle_ttl_seconds = ?2";
        let params = [Value::integer(expires_at), Value::integer(idle)];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Notes that the repository is used, where idle time counts and the last note is too old.
    pub fn note_use(&self, record: &RepositoryRecord, now_ms: i64) -> Result<(), StoreError> {
        let Some(seconds) = record.policies.idle_ttl_seconds else {
            return Ok(());
        };
        let precision_ms = precision_ms(seconds.saturating_mul(1000));
        if now_ms.saturating_sub(record.last_use()) <= precision_ms {
            return Ok(());
        }
        let sql = "UPDATE repository SET used_at = ?1 WHERE id = ?2";
        self.db
            .execute(sql, &[now_ms.into(), record.id.as_str().into()])?;
        Ok(())
    }

    /// The next thing to do about the repository's end; `None` if it has none.
    pub fn next_step(&self, record: &RepositoryRecord) -> Result<Option<NextStep>, StoreError> {
        let Some(ends_at) = record.ends_at() else {
            return Ok(None);
        };
        let sql = "SELECT expiry_told FROM repository";
        let told = query_first(&self.db, sql, &[], |row| row.integer(0))?;
        Ok(Some(if told == Some(ends_at) {
            NextStep::End { at_ms: ends_at }
        } else {
            NextStep::Announce {
                at_ms: ends_at.saturating_sub(record.notice_ms()),
                ends_at,
            }
        }))
    }

    /// Notes that this end was announced.
    pub fn note_announced(&self, ends_at: i64) -> Result<(), StoreError> {
        let sql = "UPDATE repository SET expiry_told = ?1";
        self.db.execute(sql, &[ends_at.into()])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 3_600_000;
    const DAY_MS: i64 = 24 * HOUR_MS;

    fn record(expires_at: Option<i64>, idle_ttl_seconds: Option<i64>) -> RepositoryRecord {
        RepositoryRecord {
            updated_at: 1000,
            policies: Box::new(Policies {
                expires_at,
                idle_ttl_seconds,
                ..Policies::default()
            }),
            ..RepositoryRecord::default()
        }
    }

    #[test]
    fn a_repository_ends_at_the_earlier_of_its_two_bounds() {
        assert_eq!(record(None, None).ends_at(), None);
        assert_eq!(record(Some(5), None).ends_at(), Some(5));
        let idle = record(None, Some(1600));
        assert_eq!(idle.ends_at(), Some(1000 + 1_600_000 + 100_000));
        assert_eq!(record(Some(5), Some(1600)).ends_at(), Some(5));
        assert!(idle.is_over(1_701_000) && !idle.is_over(1_700_999));
        assert!(!record(None, None).is_over(i64::MAX));
    }

    #[test]
    fn every_use_moves_the_end_of_an_idle_repository() {
        let mut idle = record(None, Some(1600));
        idle.last_push_at = Some(2000);
        assert_eq!(idle.ends_at(), Some(1_702_000));
        idle.policies.used_at = Some(3000);
        assert_eq!(idle.ends_at(), Some(1_703_000));
        idle.updated_at = 4000;
        assert_eq!(idle.ends_at(), Some(1_704_000));
    }

    #[test]
    fn a_note_of_use_is_an_hour_old_at_most() {
        assert_eq!(precision_ms(16_000), 1000);
        assert_eq!(precision_ms(30 * DAY_MS), HOUR_MS);
        assert_eq!(record(None, Some(i64::MAX)).ends_at(), Some(i64::MAX));
    }

    #[test]
    fn an_end_is_announced_an_hour_before_or_when_half_of_a_short_idle_time_has_passed() {
        assert_eq!(record(Some(DAY_MS), None).notice_ms(), HOUR_MS);
        assert_eq!(record(None, Some(30 * 86_400)).notice_ms(), HOUR_MS);
        assert_eq!(record(None, Some(600)).notice_ms(), 300_000);
    }
}
