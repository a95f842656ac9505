//! Tokens in the isolate's memory, until some minutes before they end.

use std::collections::BTreeMap;

use crate::repo_do::mirrors::credentials::place::Direction;

/// Milliseconds before its end at which a token is replaced, because a sync that begins with it takes a
/// while.
const BEFORE_END_MS: i64 = 10 * 60 * 1000;

/// Tokens in memory, at most.
const TOKENS_MAX: usize = 256;

/// The rights that a token grants.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Grant {
    /// The beginning of the API's URLs.
    pub(super) api: String,
    /// The app.
    pub(super) app_id: String,
    /// The installation.
    pub(super) installation_id: u64,
    /// The name of the only repository that the token opens.
    pub(super) repository: String,
    /// The mirror's direction: the token of a downstream may write.
    pub(super) direction: Direction,
}

/// A token from GitHub.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Minted {
    pub(super) token: String,
    /// The token's end, in unix milliseconds.
    pub(super) ends_ms: i64,
}

/// The tokens.
pub(super) struct KeptTokens(BTreeMap<Grant, Minted>);

impl KeptTokens {
    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// The token of this grant, if it is valid for some minutes more.
    pub(super) fn find(&mut self, grant: &Grant, now_ms: i64) -> Option<String> {
        self.0
            .retain(|_, minted| now_ms < minted.ends_ms.saturating_sub(BEFORE_END_MS));
        self.0.get(grant).map(|minted| minted.token.clone())
    }

    /// Keeps a token. If there are too many, drops the token that ends first.
    pub(super) fn keep(&mut self, grant: Grant, minted: Minted) {
        self.0.insert(grant, minted);
        if self.0.len() > TOKENS_MAX {
            let first = self.0.iter().min_by_key(|(_, minted)| minted.ends_ms);
            if let Some(grant) = first.map(|(grant, _)| grant.clone()) {
                self.0.remove(&grant);
            }
        }
    }

    /// Forgets a token that a server refused.
    pub(super) fn forget(&mut self, token: &str) {
        self.0.retain(|_, minted| minted.token != token);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR_MS: i64 = 60 * 60 * 1000;

    fn grant(installation_id: u64, direction: Direction) -> Grant {
        Grant {
            api: "https://api.github.com".to_owned(),
            app_id: "1".to_owned(),
            installation_id,
            repository: "r".to_owned(),
            direction,
        }
    }

    fn minted(token: &str, ends_ms: i64) -> Minted {
        Minted {
            token: token.to_owned(),
            ends_ms,
        }
    }

    #[test]
    fn a_token_is_kept_until_ten_minutes_before_its_end() {
        let mut kept = KeptTokens::new();
        let reads = grant(7, Direction::Upstream);
        assert_eq!(kept.find(&reads, 0), None);
        kept.keep(reads.clone(), minted("a", HOUR_MS));
        assert_eq!(kept.find(&reads, 0).as_deref(), Some("a"));
        assert_eq!(kept.find(&grant(8, Direction::Upstream), 0), None);
        assert_eq!(kept.find(&grant(7, Direction::Downstream), 0), None);
        let late_ms = HOUR_MS - BEFORE_END_MS;
        assert_eq!(kept.find(&reads, late_ms - 1).as_deref(), Some("a"));
        assert_eq!(kept.find(&reads, late_ms), None);
    }

    #[test]
    fn a_token_that_was_refused_is_forgotten() {
        let mut kept = KeptTokens::new();
        kept.keep(grant(1, Direction::Upstream), minted("a", HOUR_MS));
        kept.keep(grant(2, Direction::Upstream), minted("b", HOUR_MS));
        kept.forget("a");
        assert_eq!(kept.find(&grant(1, Direction::Upstream), 0), None);
        assert!(kept.find(&grant(2, Direction::Upstream), 0).is_some());
    }

    #[test]
    fn there_are_never_too_many() {
        let mut kept = KeptTokens::new();
        for id in 0..300 {
            let ends_ms = HOUR_MS.saturating_add_unsigned(id);
            kept.keep(grant(id, Direction::Upstream), minted("t", ends_ms));
        }
        assert_eq!(kept.0.len(), TOKENS_MAX);
        assert!(kept.find(&grant(299, Direction::Upstream), 0).is_some());
        assert_eq!(kept.find(&grant(0, Direction::Upstream), 0), None);
    }
}
