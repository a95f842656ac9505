//! The fields that say when a repository deletes itself.

use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::repository::lifetime::{BoundChange, LifetimeChange};
use crate::worker::time::parse_rfc_3339;

/// Ten years.
const SECONDS_MAX: u32 = 10 * 365 * 86_400;
const TIME_BYTES_MAX: usize = 64;

/// The three fields, as a body has them: absent, `null` or a value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::option_option, reason = "absent, null and a value differ")]
pub(crate) struct Lifetime {
    /// Seconds from now until it ends.
    pub(crate) ttl_seconds: Option<Option<u32>>,
    /// When it ends, as RFC 3339 writes it.
    pub(crate) expires_at: Option<Option<String>>,
    /// Seconds without use after which it ends.
    pub(crate) idle_ttl_seconds: Option<Option<u32>>,
}

impl Lifetime {
    /// The fields of a body that makes a repository, where `null` says the same as nothing.
    pub(crate) fn of_new(
        ttl_seconds: Option<u32>,
        expires_at: Option<String>,
        idle_ttl_seconds: Option<u32>,
    ) -> Self {
        Self {
            ttl_seconds: ttl_seconds.map(Some),
            expires_at: expires_at.map(Some),
            idle_ttl_seconds: idle_ttl_seconds.map(Some),
        }
    }

    /// The change that they ask for, within its bounds.
    pub(crate) fn checked(&self, now_ms: i64) -> Result<LifetimeChange, ErrorReply> {
        let expires_at = match (self.ttl_seconds, &self.expires_at) {
            (Some(_), Some(_)) => {
                let message = "ttl_seconds and expires_at say the same thing: give one";
                return Err(refused("/expires_at", message));
            }
            (Some(Some(seconds)), None) => {
                let ttl_ms = bounded("ttl_seconds", seconds)?.saturating_mul(1000);
                BoundChange::Set(now_ms.saturating_add(ttl_ms))
            }
            (None, Some(Some(text))) => BoundChange::Set(time(text, now_ms)?),
            (Some(None), None) | (None, Some(None)) => BoundChange::Remove,
            (None, None) => BoundChange::Keep,
        };
        let idle_ttl_seconds = match self.idle_ttl_seconds {
            Some(Some(seconds)) => BoundChange::Set(bounded("idle_ttl_seconds", seconds)?),
            Some(None) => BoundChange::Remove,
            None => BoundChange::Keep,
        };
        Ok(LifetimeChange {
            expires_at,
            idle_ttl_seconds,
        })
    }
}

fn bounded(field: &str, seconds: u32) -> Result<i64, ErrorReply> {
    if (1..=SECONDS_MAX).contains(&seconds) {
        return Ok(seconds.into());
    }
    let message = format!("{field} must be 1 to {SECONDS_MAX}, this is {seconds}");
    Err(refused(&format!("/{field}"), message))
}

/// A time to come, in unix milliseconds.
fn time(text: &str, now_ms: i64) -> Result<i64, ErrorReply> {
    let parsed = match text.len() {
        0..=TIME_BYTES_MAX => parse_rfc_3339(text),
        _ => None,
    };
    let Some(at_ms) = parsed else {
        let message = format!(
            "expires_at must be a time as 2030-01-02T03:04:05Z in at most {TIME_BYTES_MAX} bytes"
        );
        return Err(refused("/expires_at", message));
    };
    let latest_ms = now_ms.saturating_add(i64::from(SECONDS_MAX).saturating_mul(1000));
    if at_ms <= now_ms || at_ms > latest_ms {
        let message = format!(
            "expires_at must be later than now and at most {SECONDS_MAX} seconds away, this is {} \
             seconds away",
            at_ms.saturating_sub(now_ms) / 1000
        );
        return Err(refused("/expires_at", message));
    }
    Ok(at_ms)
}

fn refused(pointer: &str, message: impl Into<String>) -> ErrorReply {
    ErrorReply::at(ErrorCode::InvalidTtl, pointer, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: i64 = 1_767_323_045_678;

    fn of(ttl: Option<u32>, at: Option<&str>, idle: Option<u32>) -> Lifetime {
        Lifetime::of_new(ttl, at.map(str::to_owned), idle)
    }

    #[test]
    fn a_time_to_live_and_a_time_say_the_same() {
        let set = |lifetime: Lifetime| lifetime.checked(NOW_MS).unwrap();
        assert_eq!(set(of(None, None, None)), LifetimeChange::default());
        let ttl = set(of(Some(60), None, Some(30)));
        assert_eq!(ttl.expires_at, BoundChange::Set(NOW_MS + 60_000));
        assert_eq!(ttl.idle_ttl_seconds, BoundChange::Set(30));
        for text in ["2026-01-02T03:04:06.678Z", "2026-01-02T04:04:06.678+01:00"] {
            let at = set(of(None, Some(text), None));
            assert_eq!(at.expires_at, BoundChange::Set(NOW_MS + 1000), "{text}");
        }
        let removed = Lifetime {
            ttl_seconds: Some(None),
            idle_ttl_seconds: Some(None),
            ..Lifetime::default()
        };
        let removed = set(removed);
        assert_eq!(removed.expires_at, BoundChange::Remove);
        assert_eq!(removed.idle_ttl_seconds, BoundChange::Remove);
    }

    #[test]
    fn a_lifetime_out_of_bounds_is_refused_with_its_field() {
        let long = "2026-01-02T03:04:06.".to_owned() + &"0".repeat(80) + "Z";
        for (lifetime, pointer) in [
            (of(Some(0), None, None), "/ttl_seconds"),
            (of(Some(SECONDS_MAX + 1), None, None), "/ttl_seconds"),
            (of(None, None, Some(0)), "/idle_ttl_seconds"),
            (of(None, None, Some(u32::MAX)), "/idle_ttl_seconds"),
            (
                of(None, Some("2026-01-02T03:04:05.678Z"), None),
                "/expires_at",
            ),
            (of(None, Some("2036-01-02T03:04:05Z"), None), "/expires_at"),
            (of(None, Some("tomorrow"), None), "/expires_at"),
            (of(None, Some("2026-01-02"), None), "/expires_at"),
            (of(None, Some(&long), None), "/expires_at"),
            (
                of(Some(60), Some("2026-01-02T03:05:05.678Z"), None),
                "/expires_at",
            ),
        ] {
            let error = lifetime.checked(NOW_MS).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidTtl);
            assert_eq!(error.pointer.as_deref(), Some(pointer), "{lifetime:?}");
        }
    }
}
