//! Requests as Analytics Engine has counted them: rows of its SQL API
//! (<https://developers.cloudflare.com/analytics/analytics-engine/sql-api/>).
//!
//! The platform samples data points, so that these numbers are estimates; and it takes a while until a
//! point counts. So they are not counters, but the requests of the last minutes.

use serde::{Deserialize, Deserializer};

use super::exposition::{Exposition, Kind, Labels, Metric};
use crate::storage::analytics::GROUPS_MAX;

/// Bytes of a label's value.
const LABEL_BYTES_MAX: usize = 128;

/// The answer.
#[derive(Debug, Default, Deserialize)]
struct Answer {
    data: Vec<Group>,
}

/// Requests that had these in common.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Group {
    method: String,
    route: String,
    #[serde(deserialize_with = "number")]
    status: f64,
    error: String,
    #[serde(deserialize_with = "number")]
    requests: f64,
    #[serde(deserialize_with = "number")]
    milliseconds: f64,
    #[serde(deserialize_with = "number")]
    bytes_in: f64,
    #[serde(deserialize_with = "number")]
    bytes_out: f64,
    #[serde(deserialize_with = "number")]
    rows_read: f64,
    #[serde(deserialize_with = "number")]
    rows_written: f64,
}

/// A number; whole numbers of 64 bits are texts in that format.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Given {
        Number(f64),
        Text(String),
    }
    let number = match Given::deserialize(deserializer)? {
        Given::Number(number) => number,
        Given::Text(text) => text.parse().map_err(serde::de::Error::custom)?,
    };
    if number.is_finite() {
        return Ok(number);
    }
    Err(serde::de::Error::custom("a number is not finite"))
}

/// Reads the answer.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Group>, serde_json::Error> {
    let Answer { mut data } = serde_json::from_slice(bytes)?;
    data.truncate(GROUPS_MAX);
    Ok(data)
}

type Read = fn(&Group) -> f64;

const METRICS: [(Metric, Read); 6] = [
    gauge(
        "cairn_requests_5m",
        "Requests of the last five minutes.",
        |group| group.requests,
    ),
    gauge(
        "cairn_request_seconds_5m",
        "Seconds that they took together.",
        |group| group.milliseconds / 1000.0,
    ),
    gauge(
        "cairn_request_received_bytes_5m",
        "Bytes of their bodies.",
        |group| group.bytes_in,
    ),
    gauge(
        "cairn_request_sent_bytes_5m",
        "Bytes of their answers.",
        |group| group.bytes_out,
    ),
    gauge(
        "cairn_request_rows_read_5m",
        "Rows that they read.",
        |group| group.rows_read,
    ),
    gauge(
        "cairn_request_rows_written_5m",
        "Rows that they wrote.",
        |group| group.rows_written,
    ),
];

const fn gauge(name: &'static str, help: &'static str, read: Read) -> (Metric, Read) {
    let kind = Kind::Gauge;
    (Metric { name, kind, help }, read)
}

/// The figures of each group.
pub(super) fn show(text: &mut Exposition, groups: &[Group]) {
    let statuses: Vec<_> = groups
        .iter()
        .map(|group| group.status.to_string())
        .collect();
    let labels: Vec<_> = groups
        .iter()
        .zip(&statuses)
        .map(|(group, status)| {
            [
                ("method", bounded(&group.method)),
                ("route", bounded(&group.route)),
                ("status", bounded(status)),
                ("error", bounded(&group.error)),
            ]
        })
        .collect();
    for (metric, read) in &METRICS {
        let samples = labels.iter().zip(groups);
        text.metric(
            metric,
            samples.map(|(labels, group)| (labels.as_slice() as Labels<'_>, read(group))),
        );
    }
}

fn bounded(text: &str) -> &str {
    text.get(..text.floor_char_boundary(LABEL_BYTES_MAX))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_as_numbers_and_as_texts() {
        let row = r#"{"method":"GET","route":"/healthz","status":200,"error":"","requests":"12",
            "milliseconds":1500.5,"bytes_in":0,"bytes_out":"345","rows_read":0,"rows_written":0}"#;
        let answer = format!(r#"{{"meta":[],"data":[{row}],"rows":1}}"#);
        let groups = parse(answer.as_bytes()).unwrap();
        let mut text = Exposition::default();
        show(&mut text, &groups);
        let text = text.into_text();
        let labels = r#"{method="GET",route="/healthz",status="200",error=""}"#;
        for line in [
            format!("cairn_requests_5m{labels} 12"),
            format!("cairn_request_seconds_5m{labels} 1.5005"),
            format!("cairn_request_sent_bytes_5m{labels} 345"),
        ] {
            assert!(text.lines().any(|shown| shown == line), "{line} in {text}");
        }
        for other in [r#""x""#, "null", "[]", r#""NaN""#] {
            let wrong = answer.replace(r#""12""#, other);
            assert!(parse(wrong.as_bytes()).is_err(), "{other}");
        }
        assert!(parse(b"<html>").is_err());
        let many = vec![row; GROUPS_MAX + 1].join(",");
        let groups = parse(format!(r#"{{"data":[{many}]}}"#).as_bytes()).unwrap();
        assert_eq!(groups.len(), GROUPS_MAX);
    }

    #[test]
    fn a_label_is_cut_between_characters() {
        assert_eq!(bounded(&"é".repeat(100)).len(), LABEL_BYTES_MAX);
        assert_eq!(bounded("GET"), "GET");
    }
}
