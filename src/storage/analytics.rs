//! Data points of answered requests in Analytics Engine, where the deployment has the binding; and the
//! question for their sums.

use worker::{AnalyticsEngineDataPointBuilder, Env};

use super::fault_log;

/// The binding of the data set.
const REQUESTS: &str = "REQUESTS";

/// Groups of requests in one answer: those with the most requests.
pub(crate) const GROUPS_MAX: usize = 500;

/// Groups the requests of the last five minutes by method, route, status and error, with their sums. The
/// columns are those of [`write_request`]; the platform samples points, and says how many each stands for.
/// The name of a data set goes between the two.
const LAST_MINUTES: [&str; 2] = [
    "SELECT blob2 AS method, blob3 AS route, double1 AS status, blob4 AS error,
        sum(_sample_interval) AS requests, sum(_sample_interval * double2) AS milliseconds,
        sum(_sample_interval * double3) AS bytes_in, sum(_sample_interval * double4) AS bytes_out,
        sum(_sample_interval * double5) AS rows_read, sum(_sample_interval * double6) AS rows_written
    FROM ",
    " WHERE timestamp >= now() - INTERVAL '5' MINUTE
    GROUP BY method, route, status, error ORDER BY requests DESC LIMIT 500 FORMAT JSON",
];

/// The question for the requests of the last minutes; `None` if this is not a name of a data set.
#[must_use]
pub(crate) fn last_minutes(dataset: &str) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_name = (1..=64).contains(&dataset.len())
        && dataset.bytes().all(fits)
        && dataset.starts_with(|first: char| !first.is_ascii_digit());
    is_name.then(|| LAST_MINUTES.join(dataset))
}

/// Writes one point: the points are sampled by the first text. Without the binding, or when
/// the platform does not take it, nothing happens: a figure is not worth a request.
pub(crate) fn write_request(env: &Env, texts: &[&str; 4], numbers: &[u64; 6]) {
    let Ok(dataset) = env.analytics_engine(REQUESTS) else {
        return;
    };
    #[expect(clippy::cast_precision_loss, reason = "figures, far below 2^53")]
    let numbers = numbers.map(|number| number as f64);
    let point = AnalyticsEngineDataPointBuilder::new()
        .indexes([texts[0]])
        .blobs(*texts)
        .doubles(numbers)
        .build();
    if let Err(error) = dataset.write_data_point(&point) {
        fault_log::warning("analytics", &format!("data point not written: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_a_data_set_and_nothing_else() {
        for name in ["cairn_requests", "_a", "A1"] {
            let query = last_minutes(name).unwrap();
            assert!(query.contains(&format!("FROM {name} WHERE ")), "{query}");
            assert!(query.contains(&format!("LIMIT {GROUPS_MAX} FORMAT JSON")));
        }
        for name in ["", "1a", "a b", "a;", "a'", "a-b", &"a".repeat(65)] {
            assert_eq!(last_minutes(name), None, "{name}");
        }
    }
}
