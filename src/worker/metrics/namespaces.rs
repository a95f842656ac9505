//! The figures that the namespaces' objects keep.

use super::exposition::{Exposition, Kind, Labels, Metric, count};
use crate::repo_do::contract::UsageDay;
use crate::worker::namespace::contract::{NamespaceInfo, NamespaceUsage};

/// A namespace as its object told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) info: NamespaceInfo,
    /// With the days since the one of the request.
    pub(super) usage: NamespaceUsage,
}

/// A number of a namespace; `None`: it has none.
type Read = fn(&Told) -> Option<u64>;

const METRICS: [(Metric, Read); 18] = [
    gauge("cairn_namespace_repositories", "Repositories.", |told| {
        Some(told.usage.repo_count)
    }),
    gauge(
        "cairn_namespace_pack_bytes",
        "Bytes of live packs.",
        |told| Some(told.usage.size_bytes),
    ),
    gauge(
        "cairn_namespace_objects",
        "Objects in live packs.",
        |told| Some(told.usage.object_count),
    ),
    gauge(
        "cairn_namespace_lfs_bytes",
        "Bytes of large files.",
        |told| Some(told.usage.lfs_bytes),
    ),
    gauge(
        "cairn_namespace_sqlite_bytes",
        "Bytes in the repositories' databases.",
        |told| Some(told.usage.database_bytes),
    ),
    gauge(
        "cairn_namespace_r2_bytes",
        "Bytes in R2; what forks share counts for each.",
        |told| Some(told.usage.r2_bytes),
    ),
    gauge(
        "cairn_namespace_bytes_max",
        "The bound on bytes, if there is one.",
        |told| told.info.quotas.bytes_max,
    ),
    gauge(
        "cairn_namespace_repositories_max",
        "The bound on repositories, if there is one.",
        |told| told.info.quotas.repos_max,
    ),
    gauge(
        "cairn_namespace_suspended",
        "1 where nobody but the operator gets anything.",
        |told| Some(u64::from(told.info.standing.suspended)),
    ),
    gauge(
        "cairn_namespace_read_only",
        "1 where pushes are refused.",
        |told| Some(u64::from(told.info.standing.read_only)),
    ),
    gauge(
        "cairn_namespace_standing_left",
        "Repositories that do not know yet what holds for all.",
        |told| Some(told.info.untold_count),
    ),
    gauge(
        "cairn_namespace_created_timestamp_seconds",
        "When it was made.",
        |told| Some(seconds(told.info.created_at_ms)),
    ),
    gauge(
        "cairn_namespace_updated_timestamp_seconds",
        "When something last happened in it.",
        |told| Some(seconds(told.info.updated_at_ms)),
    ),
    gauge(
        "cairn_namespace_tokens_revoked_before_timestamp_seconds",
        "Older tokens are revoked; 0: none.",
        |told| Some(seconds(told.info.standing.token_epoch_ms)),
    ),
    counter(
        "cairn_namespace_pushes_total",
        "Pushes that changed refs, since midnight UTC.",
        |told| Some(today(told).pushes),
    ),
    counter(
        "cairn_namespace_fetches_total",
        "Fetches that got objects, since midnight UTC.",
        |told| Some(today(told).fetches),
    ),
    counter(
        "cairn_namespace_received_bytes_total",
        "Bytes that came by Git, since midnight UTC.",
        |told| Some(today(told).bytes_in),
    ),
    counter(
        "cairn_namespace_sent_bytes_total",
        "Bytes that went by Git, since midnight UTC.",
        |told| Some(today(told).bytes_out),
    ),
];

const fn gauge(name: &'static str, help: &'static str, read: Read) -> (Metric, Read) {
    let kind = Kind::Gauge;
    (Metric { name, kind, help }, read)
}

const fn counter(name: &'static str, help: &'static str, read: Read) -> (Metric, Read) {
    let kind = Kind::Counter;
    (Metric { name, kind, help }, read)
}

/// The figures of each namespace.
pub(super) fn show(text: &mut Exposition, namespaces: &[Told]) {
    for (metric, read) in &METRICS {
        let labels: Vec<_> = namespaces
            .iter()
            .filter_map(|told| Some(([("namespace", told.info.namespace.as_str())], read(told)?)))
            .collect();
        let samples = labels
            .iter()
            .map(|(labels, number)| (labels.as_slice() as Labels<'_>, count(*number)));
        text.metric(metric, samples);
    }
}

/// The usage of today. Other days are not asked for.
fn today(told: &Told) -> UsageDay {
    told.usage.days.first().copied().unwrap_or_default()
}

fn seconds(unix_ms: i64) -> u64 {
    u64::try_from(unix_ms.div_euclid(1000)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::namespace::testing::acme;
    use crate::worker::namespace::contract::AskUsage;
    use crate::worker::namespace::steps::summary;
    use crate::worker::namespace::usage::{add, shown};

    #[test]
    fn a_namespace_has_its_sizes_its_bounds_and_todays_usage() {
        let store = acme(5);
        let used = UsageDay {
            day: 20_000,
            pushes: 3,
            ..UsageDay::default()
        };
        add(&store, &[used], UsageDay::begins_ms(20_000)).unwrap();
        let asked = AskUsage { since_day: 20_000 };
        let mut told = Told {
            info: summary(&store).unwrap(),
            usage: shown(&store, &asked).unwrap(),
        };
        told.info.quotas.repos_max = Some(7);
        let mut text = Exposition::default();
        show(&mut text, &[told]);
        let text = text.into_text();
        for line in [
            "cairn_namespace_repositories{namespace=\"Acme\"} 0",
            "cairn_namespace_repositories_max{namespace=\"Acme\"} 7",
            "cairn_namespace_suspended{namespace=\"Acme\"} 0",
            "cairn_namespace_pushes_total{namespace=\"Acme\"} 3",
            "# TYPE cairn_namespace_pushes_total counter",
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
        }
        assert!(!text.contains("cairn_namespace_bytes_max"), "{text}");
    }
}
