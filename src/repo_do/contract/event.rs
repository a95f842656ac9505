//! Events on their way from a repository's object to its namespace's, and as everybody sees them.

use serde::{Deserialize, Serialize};

use super::moving::MovedWebhook;
use super::repository::RepositoryInfo;
use super::usage_day::UsageDay;
use crate::storage::event::Event;
use crate::storage::event_feed::EventRetention;

/// The path of the namespace's object that takes events.
pub(crate) const NAMESPACE_TAKE: &str = "/events/take";

/// Body of `POST` [`NAMESPACE_TAKE`]: the events that follow those handed over before, and the
/// repository as lists are to show it now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct HandOver {
    /// The repository.
    pub(crate) repository_id: String,
    /// Its next events, in order.
    pub(crate) events: Vec<Event>,
    /// The oldest event that it still has: nobody can ask for earlier ones. 0: not said.
    #[serde(default)]
    pub(crate) oldest: i64,
    /// The repository as lists show it; `None` while it is being deleted.
    pub(crate) info: Option<RepositoryInfo>,
    /// Its use since the last message.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) usage: Vec<UsageDay>,
    /// Its webhooks, if the event of this message is the one by which it came from another namespace. They
    /// get the events behind that one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) webhooks: Vec<MovedWebhook>,
    /// Whether it has gone to another namespace by the last of these events: its webhooks here end.
    #[serde(default)]
    pub(crate) leaves: bool,
}

/// Answer to it. The namespace takes no event that does not follow on the last one: the repository goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HandedOver {
    /// The last sequence of that repository that the namespace has.
    pub(crate) taken: i64,
}

/// The variable with the seconds for which events are kept, those of namespaces too.
const SECONDS: &str = "CAIRN_EVENTS_SECONDS";

/// 30 days.
const SECONDS_DEFAULT: i64 = 2_592_000;

/// How many events the deployment has kept, and for how long. `count` is the variable with the
/// number, and the number where it is not set. A value that is not a number counts as not set.
pub(crate) fn kept_events(
    variable: impl Fn(&str) -> Option<String>,
    count: (&str, i64),
) -> EventRetention {
    let number = |(name, otherwise)| {
        let given = variable(name).and_then(|text| text.trim().parse::<i64>().ok());
        given.filter(|number| *number >= 0).unwrap_or(otherwise)
    };
    EventRetention {
        count_max: number(count),
        age_ms: number((SECONDS, SECONDS_DEFAULT)).saturating_mul(1000),
    }
}
