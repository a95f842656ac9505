//! The query of a feed, read strictly.

use super::error::ErrorReply;
use super::event_types::EventPrefix;
use super::query::{fields, unknown, wrong};
use crate::storage::event::EventKind;

const LIMIT_MAX: u32 = 1000;
const LIMIT_DEFAULT: u32 = 100;
const WAIT_SECONDS_MAX: u32 = 30;
/// Patterns of types.
const TYPES_MAX: usize = 20;
/// The largest integer that survives the way through JavaScript.
const AFTER_MAX: i64 = (1 << 53) - 1;

/// The query of a reader of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventQuery {
    /// The last place that it has.
    pub(crate) after: i64,
    /// Events at most.
    pub(crate) limit: u32,
    /// How long it waits for one.
    pub(crate) wait_ms: u32,
    /// The kinds that it wants; `None`: all.
    pub(crate) kinds: Option<Vec<EventKind>>,
}

impl EventQuery {
    /// Reads a query. A stream's `Last-Event-ID` takes the place of `after`.
    pub(crate) fn read(
        text: &str,
        prefix: &EventPrefix,
        last_event_id: Option<&str>,
    ) -> Result<Self, ErrorReply> {
        let mut query = Self {
            after: 0,
            limit: LIMIT_DEFAULT,
            wait_ms: 0,
            kinds: None,
        };
        for field in fields(text) {
            let (field, value) = field?;
            match field.as_ref() {
                "after" => query.after = place("after", &value)?,
                "limit" => query.limit = number("limit", &value, 1, LIMIT_MAX)?,
                "wait" => {
                    let seconds = number("wait", &value, 0, WAIT_SECONDS_MAX)?;
                    query.wait_ms = seconds.saturating_mul(1000);
                }
                "types" => query.kinds = Some(kinds(&value, prefix)?),
                _ => return Err(unknown(&field)),
            }
        }
        if let Some(id) = last_event_id {
            query.after = place("Last-Event-ID", id)?;
        }
        Ok(query)
    }

    /// The names of the kinds, as a JSON array.
    #[must_use]
    pub(crate) fn kinds_json(&self) -> Option<String> {
        let kinds = self.kinds.as_ref()?;
        let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
        Some(serde_json::Value::from(names).to_string())
    }
}

/// A place in the order of events.
fn place(field: &str, value: &str) -> Result<i64, ErrorReply> {
    let place = value.parse().ok();
    place
        .filter(|place| (0..=AFTER_MAX).contains(place))
        .ok_or_else(|| {
            let message = format!("{field} must be 0 to {AFTER_MAX}, not '{}'", cut(value));
            wrong("after", message)
        })
}

fn number(field: &str, value: &str, min: u32, max: u32) -> Result<u32, ErrorReply> {
    let number = value.parse().ok();
    number
        .filter(|number| (min..=max).contains(number))
        .ok_or_else(|| {
            let message = format!("{field} must be {min} to {max}, not '{}'", cut(value));
            wrong(field, message)
        })
}

fn kinds(value: &str, prefix: &EventPrefix) -> Result<Vec<EventKind>, ErrorReply> {
    let patterns: Vec<_> = value.split(',').collect();
    if patterns.len() > TYPES_MAX {
        let message = format!("types has {} types, at most {TYPES_MAX}", patterns.len());
        return Err(wrong("types", message));
    }
    let mut kinds = Vec::new();
    for pattern in patterns {
        let meant = prefix.kinds(pattern);
        if meant.is_empty() {
            let message = format!("no event has the type '{}'", cut(pattern));
            return Err(wrong("types", message));
        }
        kinds.extend(
            meant
                .into_iter()
                .filter(|kind| !kinds.contains(kind))
                .collect::<Vec<_>>(),
        );
    }
    Ok(kinds)
}

/// As much of a wrong value as a message may hold.
fn cut(value: &str) -> String {
    value.chars().take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo_do::contract::ErrorCode;

    fn read(text: &str) -> Result<EventQuery, ErrorReply> {
        EventQuery::read(text, &EventPrefix::default(), None)
    }

    #[test]
    fn each_field_has_its_bound_and_is_named() {
        for (text, pointer) in [
            ("after=-1", "/after"),
            ("after=x", "/after"),
            ("after=9007199254740992", "/after"),
            ("limit=0", "/limit"),
            ("limit=1001", "/limit"),
            ("wait=31", "/wait"),
            ("wait=1.5", "/wait"),
            ("types=", "/types"),
            ("types=repo.pushed,", "/types"),
            ("types=repo.exploded", "/types"),
            ("limit=1&limit=2", "/limit"),
            ("colour=red", "/colour"),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidInput);
            assert_eq!(error.pointer.as_deref(), Some(pointer), "{text}");
        }
        let many = format!("types={}", ["*"; 21].join(","));
        assert_eq!(read(&many).unwrap_err().pointer.as_deref(), Some("/types"));
    }

    #[test]
    fn a_query_and_its_defaults() {
        let query = read("").unwrap();
        assert_eq!((query.after, query.limit, query.wait_ms), (0, 100, 0));
        assert_eq!(query.kinds_json(), None);
        let query = read("after=7&limit=1000&wait=30&types=repo.pushed,cairn.repo.p*").unwrap();
        assert_eq!((query.after, query.limit, query.wait_ms), (7, 1000, 30_000));
        assert_eq!(
            query.kinds_json().as_deref(),
            Some(r#"["repo.pushed","repo.purged"]"#)
        );
    }

    #[test]
    fn the_last_event_that_a_stream_showed_goes_before_the_query() {
        let with = |id| EventQuery::read("after=7", &EventPrefix::default(), Some(id));
        assert_eq!(with("12").unwrap().after, 12);
        assert_eq!(with("x").unwrap_err().pointer.as_deref(), Some("/after"));
    }
}
