//! How much a namespace uses.

use serde::{Deserialize, Serialize};

use super::parameters::{self, within};
use crate::repo_do::contract::{ErrorReply, UsageDay};
use crate::storage::namespace::quotas::Quotas;
use crate::worker::admission;
use crate::worker::envelope;
use crate::worker::names::NamespaceName;
use crate::worker::namespace::contract::AskUsage;
use crate::worker::namespace::directory;
use crate::worker::reply::Reply;
use crate::worker::time::iso_8601;
use crate::worker::visit::Visit;

/// Days that are shown at most: as many as are kept.
const DAYS_MAX: u32 = 396;
const DAYS_DEFAULT: u32 = 30;

/// The query.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct UsageQuery {
    /// Days, today included.
    days: Option<u32>,
}

/// The usage of a namespace.
#[derive(Debug, Serialize)]
struct Usage {
    repo_count: u64,
    size_bytes: u64,
    object_count: u64,
    lfs_bytes: u64,
    sqlite_bytes: u64,
    r2_bytes: u64,
    #[serde(flatten)]
    quotas: Quotas,
    days: Vec<Day>,
}

/// One day.
#[derive(Debug, Serialize)]
struct Day {
    date: String,
    pushes: u64,
    fetches: u64,
    bytes_in: u64,
    bytes_out: u64,
}

impl From<UsageDay> for Day {
    fn from(used: UsageDay) -> Self {
        let mut date = iso_8601(UsageDay::begins_ms(used.day));
        date.truncate("2026-11-29".len());
        Self {
            date,
            pushes: used.pushes,
            fetches: used.fetches,
            bytes_in: used.bytes_in,
            bytes_out: used.bytes_out,
        }
    }
}

/// `GET /namespaces/:ns/usage`
pub(crate) async fn show(
    visit: &Visit,
    query: &str,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let query: UsageQuery = parameters::query(query)?;
    let days = within("days", DAYS_MAX, DAYS_DEFAULT, query.days)?;
    let today = UsageDay::of(visit.now_ms);
    let asked = AskUsage {
        since_day: today.saturating_sub(i64::from(days)).saturating_add(1),
    };
    let used = directory::usage(visit, namespace, &asked).await?;
    envelope::success(
        200,
        &Usage {
            repo_count: used.repo_count,
            size_bytes: used.size_bytes,
            object_count: used.object_count,
            lfs_bytes: used.lfs_bytes,
            sqlite_bytes: used.database_bytes,
            r2_bytes: used.r2_bytes,
            quotas: used.quotas,
            days: used.days.into_iter().map(Day::from).collect(),
        },
    )
}
