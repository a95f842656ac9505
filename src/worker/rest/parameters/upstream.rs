//! Parameters of the routes of a repository's upstream.

use serde::Deserialize;

use super::page_limit;
use super::webhooks::read_cursor;
use crate::repo_do::contract::{
    ErrorCode, ErrorReply, GivenCredentials, REFSPECS_MAX, Refspecs, RemoteUrl, SetUpstream,
    present,
};
use crate::storage::repository::upstream::UpstreamPolicy;
use crate::storage::webhook::definition::Secret;

/// The shortest interval unless the operator says otherwise: five minutes.
pub(crate) const INTERVAL_SECONDS_MIN: u32 = 300;

/// The longest interval: thirty days.
const INTERVAL_SECONDS_MAX: u32 = 30 * 86_400;

/// Characters of the secret that signs a webhook.
const SECRET_CHARACTERS: std::ops::RangeInclusive<usize> = 8..=255;

/// Body of `PUT …/repos/:name/upstream`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUpstream {
    /// The remote, without credentials.
    url: String,
    /// Refspecs; branches and tags unless given.
    refs: Option<Vec<String>>,
    /// The treatment of a ref that has changed on both sides.
    #[serde(default = "read_only")]
    policy: UpstreamPolicy,
    /// Seconds between two syncs; absent: a sync needs a request.
    interval_seconds: Option<u32>,
    /// Whether a sync deletes refs here that upstream no longer has.
    #[serde(default)]
    prune: bool,
    /// Absent: the old credentials, if the URL is the same.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and credentials differ")]
    credentials: Option<Option<GivenCredentials>>,
    /// Absent: the old secret.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a text differ")]
    webhook_secret: Option<Option<String>>,
}

fn read_only() -> UpstreamPolicy {
    UpstreamPolicy::ReadOnly
}

impl NewUpstream {
    /// The upstream, with each field checked against its bounds.
    pub(crate) fn checked(
        self,
        allow_private: bool,
        interval_seconds_min: u32,
    ) -> Result<SetUpstream, ErrorReply> {
        let (url, credentials) = RemoteUrl::parse(&self.url, allow_private)
            .map_err(|error| ErrorReply::at(ErrorCode::InvalidUrl, "/url", error.to_string()))?;
        if credentials.is_some() {
            let message = "the url must not have a user or a password: give 'credentials'";
            return Err(ErrorReply::at(ErrorCode::InvalidUrl, "/url", message));
        }
        if self.prune && self.policy == UpstreamPolicy::FastForward {
            let message = "with 'fast_forward' nothing is pruned: a branch that is here alone may be \
                           somebody's work";
            return Err(invalid("/prune", message));
        }
        let interval_seconds = self.interval_seconds;
        if let Some(seconds) = interval_seconds {
            check_interval(seconds, interval_seconds_min)?;
        }
        let secret = self.webhook_secret.map(|secret| secret.map(checked_secret));
        Ok(SetUpstream {
            url: url.to_string(),
            refs: refspecs(self.refs)?,
            policy: self.policy,
            interval_seconds,
            prune: self.prune,
            credentials: self.credentials,
            webhook_secret: secret.map(Option::transpose).transpose()?,
        })
    }
}

fn check_interval(seconds: u32, min: u32) -> Result<(), ErrorReply> {
    if (min..=INTERVAL_SECONDS_MAX).contains(&seconds) {
        return Ok(());
    }
    let message =
        format!("interval_seconds must be {min} to {INTERVAL_SECONDS_MAX}, this is {seconds}");
    Err(invalid("/interval_seconds", message))
}

fn refspecs(given: Option<Vec<String>>) -> Result<Refspecs, ErrorReply> {
    let Some(texts) = given else {
        return Ok(Refspecs::default());
    };
    let count = texts.len();
    if count == 0 || count > REFSPECS_MAX {
        let message = format!("{count} refspecs, from 1 to {REFSPECS_MAX} are taken");
        return Err(invalid("/refs", message));
    }
    Refspecs::parse(texts)
        .map_err(|(place, fault)| invalid(&format!("/refs/{place}"), fault.to_string()))
}

fn checked_secret(text: String) -> Result<Secret, ErrorReply> {
    let characters = text.chars().count();
    if SECRET_CHARACTERS.contains(&characters) {
        return Ok(Secret::new(text));
    }
    let (min, max) = (SECRET_CHARACTERS.start(), SECRET_CHARACTERS.end());
    let message = format!("webhook_secret has {min} to {max} characters, this has {characters}");
    Err(invalid("/webhook_secret", message))
}

fn invalid(pointer: &str, message: impl Into<String>) -> ErrorReply {
    ErrorReply::at(ErrorCode::InvalidInput, pointer, message)
}

/// Query of `GET …/repos/:name/upstream/syncs`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SyncQuery {
    limit: Option<u32>,
    cursor: Option<String>,
}

impl SyncQuery {
    /// The page's size.
    pub(crate) fn limit(&self) -> Result<u32, ErrorReply> {
        page_limit(self.limit)
    }

    /// The last sync of the previous page.
    pub(crate) fn before(self) -> Result<Option<i64>, ErrorReply> {
        read_cursor(self.cursor)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const URL: &str = "https://git.example/a";

    fn check(given: Value) -> Result<SetUpstream, ErrorReply> {
        let new: NewUpstream = serde_json::from_value(given).unwrap();
        new.checked(false, INTERVAL_SECONDS_MIN)
    }

    #[test]
    fn an_upstream_needs_no_more_than_a_url() {
        let set = check(json!({"url": format!("{URL}/")})).unwrap();
        assert_eq!((set.url.as_str(), &set.refs), (URL, &Refspecs::default()));
        assert_eq!((set.policy, set.prune), (UpstreamPolicy::ReadOnly, false));
        assert_eq!((set.credentials, set.webhook_secret), (None, None));
        let set = check(json!({"url": URL, "credentials": null, "webhook_secret": null}));
        let set = set.unwrap();
        assert_eq!(
            (set.credentials, set.webhook_secret),
            (Some(None), Some(None))
        );
    }

    #[test]
    fn every_field_has_bounds_and_an_error_names_it() {
        for (given, pointer) in [
            (json!({"url": "http://git.example/a"}), "/url"),
            (json!({"url": "https://10.0.0.1/a"}), "/url"),
            (json!({"url": "https://u:p@git.example/a"}), "/url"),
            (json!({"url": URL, "refs": []}), "/refs"),
            (
                json!({"url": URL, "refs": ["refs/heads/*", "main"]}),
                "/refs/1",
            ),
            (
                json!({"url": URL, "interval_seconds": 299}),
                "/interval_seconds",
            ),
            (
                json!({"url": URL, "interval_seconds": 2_592_001}),
                "/interval_seconds",
            ),
            (
                json!({"url": URL, "policy": "fast_forward", "prune": true}),
                "/prune",
            ),
            (
                json!({"url": URL, "webhook_secret": "short"}),
                "/webhook_secret",
            ),
        ] {
            let refused = check(given.clone()).unwrap_err();
            assert_eq!(refused.pointer.as_deref(), Some(pointer), "{given}");
        }
    }
}
