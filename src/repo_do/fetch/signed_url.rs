//! URLs that open one bundle of one repository for some minutes, without a credential.
//!
//! The object draws the key when it needs one and keeps it in memory only, so that nobody can guess it
//! and nothing has to be set. A URL that outlives the key is refused, and its client goes on without.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::repo_do::contract::query::fields;

/// The variable that says how many seconds a URL opens its bundle. A transfer that began goes on.
pub(super) const LIFE_VARIABLE: &str = "CAIRN_BUNDLE_URL_SECONDS";

/// How many they are unless it is set, and at most.
const LIFE_SECONDS: i64 = 300;
const LIFE_SECONDS_MAX: i64 = 86_400;

/// The seconds that the variable names; a value that is not such a number counts as not set.
pub(super) fn life_seconds(variable: Option<&str>) -> i64 {
    let set = variable.and_then(|text| text.trim().parse().ok());
    let in_bounds = set.filter(|seconds| (1..=LIFE_SECONDS_MAX).contains(seconds));
    in_bounds.unwrap_or(LIFE_SECONDS)
}

/// The contents of a signature.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// The repository, by an id that no other one ever has.
    pub(crate) repository_id: &'a str,
    /// The bundle.
    pub(crate) made_at: i64,
    /// How long its URLs open it.
    pub(crate) life_seconds: i64,
}

impl Signed<'_> {
    /// The query of a URL that opens it from now on.
    pub(crate) fn query(&self, key: &[u8; 32], now_ms: i64) -> Option<String> {
        let expires = now_ms.div_euclid(1000).saturating_add(self.life_seconds);
        let signature = self.mac(key, expires)?.finalize().into_bytes();
        let signature = faster_hex::hex_string(&signature);
        Some(format!("expires={expires}&signature={signature}"))
    }

    /// Whether this query opens it.
    pub(crate) fn is_opened_by(&self, query: &str, key: &[u8; 32], now_ms: i64) -> bool {
        let Some((expires, signature)) = read(query) else {
            return false;
        };
        let now = now_ms.div_euclid(1000);
        let is_in_time = expires > now && expires.saturating_sub(now) <= self.life_seconds;
        let mac = self.mac(key, expires);
        // In constant time.
        is_in_time && mac.is_some_and(|mac| mac.verify_slice(&signature).is_ok())
    }

    fn mac(&self, key: &[u8; 32], expires: i64) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        let (repository_id, made_at) = (self.repository_id, self.made_at);
        mac.update(format!("bundle {repository_id} {made_at} {expires}").as_bytes());
        Some(mac)
    }
}

fn read(query: &str) -> Option<(i64, [u8; 32])> {
    let (mut expires, mut signature) = (None, None);
    for field in fields(query) {
        let (name, value) = field.ok()?;
        match &*name {
            "expires" => expires = value.parse().ok(),
            "signature" => {
                let mut bytes = [0; 32];
                if value.len() != 2 * bytes.len() {
                    return None;
                }
                faster_hex::hex_decode(value.as_bytes(), &mut bytes).ok()?;
                signature = Some(bytes);
            }
            _ => return None,
        }
    }
    expires.zip(signature)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: [u8; 32] = [7; 32];
    const NOW_MS: i64 = 1_800_000_000_999;
    const SIGNED: Signed<'static> = Signed {
        repository_id: "0123456789abcdef",
        made_at: 1_799_000_000_000,
        life_seconds: LIFE_SECONDS,
    };

    #[test]
    fn a_url_opens_one_bundle_of_one_repository_for_five_minutes() {
        let query = SIGNED.query(&KEY, NOW_MS).unwrap();
        let end_ms = NOW_MS + LIFE_SECONDS * 1000;
        assert!(
            query.starts_with("expires=1800000300&signature="),
            "{query}"
        );
        assert!(SIGNED.is_opened_by(&query, &KEY, NOW_MS));
        assert!(SIGNED.is_opened_by(&query, &KEY, end_ms - 1000));
        assert!(!SIGNED.is_opened_by(&query, &KEY, end_ms), "it has ended");
        assert!(
            !SIGNED.is_opened_by(&query, &KEY, NOW_MS - 9000),
            "too far ahead"
        );
        assert!(
            !SIGNED.is_opened_by(&query, &[8; 32], NOW_MS),
            "another key"
        );
        let others = [
            Signed {
                repository_id: "0123456789abcdee",
                ..SIGNED
            },
            Signed {
                made_at: SIGNED.made_at + 1,
                ..SIGNED
            },
        ];
        assert!(
            !others
                .iter()
                .any(|it| it.is_opened_by(&query, &KEY, NOW_MS))
        );
    }

    #[test]
    fn a_wrong_number_of_seconds_counts_as_not_set() {
        for (variable, seconds) in [
            (None, 300),
            (Some(" 5 "), 5),
            (Some("0"), 300),
            (Some("86401"), 300),
            (Some("five"), 300),
        ] {
            assert_eq!(life_seconds(variable), seconds, "{variable:?}");
        }
    }

    #[test]
    fn a_query_that_was_changed_opens_nothing() {
        let query = SIGNED.query(&KEY, NOW_MS).unwrap();
        let (expires, signature) = query.split_once('&').unwrap();
        for changed in [
            String::new(),
            expires.to_owned(),
            signature.to_owned(),
            query.replace("1800000300", "1800000301"),
            format!("{query}0"),
            format!("{query}&x=1"),
            format!("{query}&{expires}"),
            query[..query.len() - 2].to_owned(),
        ] {
            assert!(!SIGNED.is_opened_by(&changed, &KEY, NOW_MS), "{changed}");
        }
        for at in signature.len() - 64..signature.len() {
            let mut changed = signature.as_bytes().to_vec();
            changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
            let changed = format!("{expires}&{}", String::from_utf8(changed).unwrap());
            assert!(!SIGNED.is_opened_by(&changed, &KEY, NOW_MS), "{changed}");
        }
    }

    proptest! {
        #[test]
        fn no_query_panics(query in ".{0,120}", far in any::<i64>()) {
            prop_assert!(!SIGNED.is_opened_by(&query, &KEY, far));
            let far = format!("expires={far}&signature={}", "0".repeat(64));
            prop_assert!(!SIGNED.is_opened_by(&far, &KEY, NOW_MS));
        }
    }
}
