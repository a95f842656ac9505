//! How much a namespace uses: the present sizes of its repositories, and the usage by day.

use serde::{Deserialize, Serialize};

use super::step_error::{StepError, no_namespace};
use crate::repo_do::contract::UsageDay;
use crate::storage::db::sql::Database;
use crate::storage::namespace::quotas::Quotas;
use crate::storage::namespace::store::NamespaceStore;
use crate::storage::namespace::usage::DayOfUse;

/// Query of `GET /usage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AskUsage {
    /// The first day, in days since 1970.
    pub(crate) since_day: i64,
}

/// Answer of `GET /usage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamespaceUsage {
    /// Repositories.
    pub(crate) repo_count: u64,
    /// Bytes of live packs.
    pub(crate) size_bytes: u64,
    /// Objects in them.
    pub(crate) object_count: u64,
    /// Bytes of objects of Git LFS.
    pub(crate) lfs_bytes: u64,
    /// Bytes in `SQLite`.
    pub(crate) database_bytes: u64,
    /// Bytes in R2; packs and large files that forks share count once for each.
    pub(crate) r2_bytes: u64,
    /// Its bounds.
    pub(crate) quotas: Quotas,
    /// Days on which something was done, newest first.
    pub(crate) days: Vec<UsageDay>,
}

/// Adds the usage that a repository tells.
pub(crate) fn add<D: Database>(
    store: &NamespaceStore<D>,
    days: &[UsageDay],
    now_ms: i64,
) -> Result<(), StepError> {
    let today = UsageDay::of(now_ms);
    for used in days {
        let used = DayOfUse {
            day: used.day,
            pushes: used.pushes,
            fetches: used.fetches,
            bytes_in: used.bytes_in,
            bytes_out: used.bytes_out,
        };
        store.add_usage(&used, today)?;
    }
    Ok(())
}

/// The usage of the namespace.
pub(crate) fn shown<D: Database>(
    store: &NamespaceStore<D>,
    asked: &AskUsage,
) -> Result<NamespaceUsage, StepError> {
    let record = store.load()?.ok_or_else(no_namespace)?;
    let days = store.usage_since(asked.since_day)?;
    let days = days.into_iter().map(|used| UsageDay {
        day: used.day,
        pushes: used.pushes,
        fetches: used.fetches,
        bytes_in: used.bytes_in,
        bytes_out: used.bytes_out,
    });
    Ok(NamespaceUsage {
        repo_count: record.repo_count,
        size_bytes: record.totals.size_bytes,
        object_count: record.totals.object_count,
        lfs_bytes: record.totals.lfs_bytes,
        database_bytes: record.totals.database_bytes,
        r2_bytes: record.totals.r2_bytes,
        quotas: record.quotas,
        days: days.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::namespace::testing::nowhere;

    const DAY_MS: i64 = 86_400_000;

    fn day(day: i64, pushes: u64) -> UsageDay {
        UsageDay {
            day,
            pushes,
            fetches: 2,
            bytes_in: 3,
            bytes_out: 4,
        }
    }

    #[test]
    fn days_add_up_and_old_ones_go() {
        let store = nowhere();
        let since = |since_day| shown(&store, &AskUsage { since_day });
        assert!(since(0).is_err());
        store.create("Acme", 1).unwrap();
        add(&store, &[day(20_000, 1), day(20_001, 5)], 20_001 * DAY_MS).unwrap();
        add(&store, &[day(20_001, 1)], 20_001 * DAY_MS).unwrap();
        let today = UsageDay {
            day: 20_001,
            pushes: 6,
            fetches: 4,
            bytes_in: 6,
            bytes_out: 8,
        };
        assert_eq!(since(20_001).unwrap().days, [today]);
        assert_eq!(since(0).unwrap().days, [today, day(20_000, 1)]);
        // A day that comes late by more than a year is left out.
        let later = (20_001 + 396) * DAY_MS;
        add(&store, &[day(20_001, 9), day(20_300, 1)], later).unwrap();
        assert_eq!(since(0).unwrap().days, [day(20_300, 1)]);
    }
}
