//! Parameters of the routes of webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::receivers::{check_count, refused};
use super::{bounded, foreign_cursor, page_limit};
use crate::repo_do::contract::event_types::EventPrefix;
use crate::repo_do::contract::{ErrorReply, present};
use crate::storage::webhook::deliveries::State;

pub(crate) use super::receivers::{refs, secret};

const TYPE_BYTES_MAX: usize = 100;
const CURSOR_CHARACTERS_MAX: usize = 64;

/// A week.
const KEEP_SECONDS_MAX: u32 = 7 * 86_400;
const KEEP_SECONDS_DEFAULT: u32 = 86_400;

/// Body of `POST …/webhooks`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// Where events are sent.
    pub(crate) url: String,
    /// Types of events.
    pub(crate) events: Vec<String>,
    /// Patterns of refs; every ref unless given.
    pub(crate) refs: Option<Vec<String>>,
    /// The key that signs; made unless given.
    pub(crate) secret: Option<String>,
    /// Whether events are sent; true unless given.
    pub(crate) active: Option<bool>,
}

/// Body of `PATCH …/webhooks/:id`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookChange {
    /// Where events are sent.
    #[serde(default, deserialize_with = "present")]
    pub(crate) url: Option<String>,
    /// Types of events.
    #[serde(default, deserialize_with = "present")]
    pub(crate) events: Option<Vec<String>>,
    /// Patterns of refs; `null`: every ref.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a list differ")]
    pub(crate) refs: Option<Option<Vec<String>>>,
    /// Whether events are sent.
    #[serde(default, deserialize_with = "present")]
    pub(crate) active: Option<bool>,
}

/// Body of `POST …/webhooks/:id/rotate-secret`; it may be absent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSecret {
    /// The key that signs from now on; made unless given.
    pub(crate) secret: Option<String>,
    /// How long the one before signs as well.
    pub(crate) keep_seconds: Option<u32>,
}

/// A body that has no field; it may be absent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Query of `GET …/webhooks/:id/deliveries`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveryQuery {
    limit: Option<u32>,
    cursor: Option<String>,
    /// Those in this state; in any unless given.
    pub(crate) state: Option<State>,
}

impl DeliveryQuery {
    /// The page's size.
    pub(crate) fn limit(&self) -> Result<u32, ErrorReply> {
        page_limit(self.limit)
    }

    /// The last delivery of the page before.
    pub(crate) fn before(&self) -> Result<Option<i64>, ErrorReply> {
        read_cursor(self.cursor.clone())
    }
}

/// The number that a [`cursor`] stands for; `None` at the beginning.
pub(crate) fn read_cursor(given: Option<String>) -> Result<Option<i64>, ErrorReply> {
    let cursor = bounded("cursor", CURSOR_CHARACTERS_MAX, given)?;
    let Some(cursor) = cursor.filter(|cursor| !cursor.is_empty()) else {
        return Ok(None);
    };
    let read = || {
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).ok()?;
        let seq = i64::from_be_bytes(bytes.try_into().ok()?);
        (0..1 << 53).contains(&seq).then_some(seq)
    };
    read().map(Some).ok_or_else(foreign_cursor)
}

/// The cursor of the page after the entry of this number.
#[must_use]
pub(crate) fn cursor(seq: i64) -> String {
    URL_SAFE_NO_PAD.encode(seq.to_be_bytes())
}

/// How long the former secret signs as well, in milliseconds.
pub(crate) fn keep_ms(seconds: Option<u32>) -> Result<i64, ErrorReply> {
    let seconds = seconds.unwrap_or(KEEP_SECONDS_DEFAULT);
    if seconds > KEEP_SECONDS_MAX {
        let message = format!("keep_seconds must be 0 to {KEEP_SECONDS_MAX}, this is {seconds}");
        return Err(refused("/keep_seconds", message));
    }
    Ok(i64::from(seconds).saturating_mul(1000))
}

/// Types of events, each of which must mean something; without their prefix.
pub(crate) fn events(given: &[String], types: &EventPrefix) -> Result<Vec<String>, ErrorReply> {
    check_count("events", given)?;
    let given = given.iter().enumerate();
    given
        .map(|(at, pattern)| {
            if pattern.len() > TYPE_BYTES_MAX || types.kinds(pattern).is_empty() {
                let message = format!("'{pattern:.100}' is the type of no event");
                return Err(refused(&format!("/events/{at}"), message));
            }
            Ok(without_prefix(pattern, types))
        })
        .collect()
}

/// The pattern as it is kept: the prefix may be another one later.
fn without_prefix(pattern: &str, types: &EventPrefix) -> String {
    let prefix = format!("{types}.");
    if let Some(rest) = pattern.strip_prefix(&prefix) {
        return rest.to_owned();
    }
    // The beginning of the prefix itself.
    match pattern.strip_suffix('*') {
        Some(beginning) if prefix.starts_with(beginning) => "*".to_owned(),
        _ => pattern.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn types_are_kept_without_their_prefix() {
        let kept = |given: &[&str]| events(&texts(given), &EventPrefix::default());
        let given = ["cairn.repo.pushed", "repo.*", "cairn.*", "ca*", "*", "w*"];
        let expect = ["repo.pushed", "repo.*", "*", "*", "*", "w*"];
        assert_eq!(kept(&given).unwrap(), expect);
        for (given, pointer) in [
            (&["*", "cairn.repo.push"][..], "/events/1"),
            (&["x*"], "/events/0"),
            (&[""], "/events/0"),
            (&[], "/events"),
            (&["*"; 21], "/events"),
        ] {
            let refused = kept(given).unwrap_err();
            assert_eq!(refused.pointer.as_deref(), Some(pointer));
        }
    }

    #[test]
    fn patterns_of_refs() {
        let good = ["*", "refs/*", "re*", "refs/heads/main", "refs/heads/v*"];
        assert_eq!(refs(texts(&good)).unwrap(), good);
        let long = format!("refs/{}", "a".repeat(764));
        for wrong in ["", "main", "heads/*", "refs/*/x", "**", &long] {
            let refused = refs(texts(&["*", wrong])).unwrap_err();
            assert_eq!(refused.pointer.as_deref(), Some("/refs/1"), "{wrong}");
        }
        assert!(refs(Vec::new()).is_err());
    }

    #[test]
    fn a_cursor_leads_on() {
        let query = |cursor: &str| DeliveryQuery {
            limit: None,
            cursor: Some(cursor.to_owned()),
            state: None,
        };
        assert_eq!(query(&cursor(17)).before(), Ok(Some(17)));
        assert_eq!(query("").before(), Ok(None));
        for wrong in ["x", "AAAA", &cursor(-1), &"A".repeat(65)] {
            assert!(query(wrong).before().is_err(), "{wrong}");
        }
    }
}
