//! The field `pre_receive` of a repository's settings.

use serde::Deserialize;

use super::receivers::{refs, secret};
use crate::repo_do::contract::pre_receive::NewPreReceive;
use crate::repo_do::contract::{ErrorCode, ErrorReply, check_webhook_url};
use crate::storage::repository::pre_receive::{OnFailure, PreReceive};
use crate::storage::webhook::definition::Secret;

/// How long a hook may take. A push waits for it, and holds its memory meanwhile.
const TIMEOUT_MS: std::ops::RangeInclusive<u32> = 100..=10_000;
const TIMEOUT_MS_DEFAULT: u32 = 5_000;

/// The hook that is asked before a push is published.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hook {
    /// Where the question is sent.
    url: String,
    /// How long the hook may take to answer, in milliseconds.
    timeout_ms: Option<u32>,
    /// The fate of a push that the hook did not judge; it is refused unless given.
    on_failure: Option<OnFailure>,
    /// Patterns of refs; every ref unless given.
    refs: Option<Vec<String>>,
    /// The key that signs; the present one unless given, or one that is made.
    secret: Option<Secret>,
}

impl Hook {
    /// The hook, with each field within its bounds. `made`: its secret if it has none yet.
    pub(crate) fn checked(
        self,
        made: Secret,
        allows_private: bool,
    ) -> Result<NewPreReceive, ErrorReply> {
        check_webhook_url(&self.url, allows_private).map_err(|error| {
            let pointer = "/pre_receive/url";
            ErrorReply::at(ErrorCode::InvalidUrl, pointer, error.to_string())
        })?;
        let timeout_ms = self.timeout_ms.unwrap_or(TIMEOUT_MS_DEFAULT);
        if !TIMEOUT_MS.contains(&timeout_ms) {
            let (min, max) = (TIMEOUT_MS.start(), TIMEOUT_MS.end());
            let message = format!("timeout_ms must be {min} to {max}, this is {timeout_ms}");
            let pointer = "/pre_receive/timeout_ms";
            return Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message));
        }
        let given = self.secret.map(|given| secret(given.reveal())).transpose();
        let given = given.map_err(within)?;
        Ok(NewPreReceive {
            is_secret_given: given.is_some(),
            hook: PreReceive {
                url: self.url,
                timeout_ms,
                on_failure: self.on_failure.unwrap_or_default(),
                refs: self.refs.map(refs).transpose().map_err(within)?,
                secret: given.unwrap_or(made),
            },
        })
    }
}

/// The error of a field inside of `pre_receive`.
fn within(error: ErrorReply) -> ErrorReply {
    let pointer = error.pointer.as_deref().unwrap_or_default();
    let pointer = Some(format!("/pre_receive{pointer}"));
    ErrorReply { pointer, ..error }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn check(given: Value) -> Result<NewPreReceive, ErrorReply> {
        let hook: Hook = serde_json::from_value(given).unwrap();
        hook.checked(Secret::new("made".to_owned()), false)
    }

    #[test]
    fn a_hook_needs_no_more_than_a_url() {
        let new = check(json!({"url": "https://example.com/hook"})).unwrap();
        assert!(!new.is_secret_given);
        assert_eq!(new.hook.secret.reveal(), "made");
        assert_eq!(
            (new.hook.timeout_ms, new.hook.on_failure, new.hook.refs),
            (5000, OnFailure::Refuse, None)
        );
        let all = json!({"url": "https://example.com/hook", "timeout_ms": 100,
            "on_failure": "accept", "refs": ["refs/heads/*"], "secret": SECRET});
        let new = check(all).unwrap();
        assert!(new.is_secret_given);
        assert_eq!(new.hook.secret.reveal(), SECRET);
    }

    #[test]
    fn every_field_of_a_hook_has_bounds_and_an_error_names_it() {
        let url = "https://example.com/hook";
        for (given, pointer) in [
            (json!({"url": "http://example.com/"}), "/pre_receive/url"),
            (json!({"url": "https://10.0.0.1/"}), "/pre_receive/url"),
            (
                json!({"url": url, "timeout_ms": 99}),
                "/pre_receive/timeout_ms",
            ),
            (
                json!({"url": url, "timeout_ms": 10_001}),
                "/pre_receive/timeout_ms",
            ),
            (json!({"url": url, "refs": []}), "/pre_receive/refs"),
            (
                json!({"url": url, "refs": ["*", "main"]}),
                "/pre_receive/refs/1",
            ),
            (
                json!({"url": url, "secret": "whsec_c2hvcnQ="}),
                "/pre_receive/secret",
            ),
        ] {
            let refused = check(given.clone()).unwrap_err();
            assert_eq!(refused.pointer.as_deref(), Some(pointer), "{given}");
        }
    }
}
