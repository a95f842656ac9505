//! The namespace object's answers about tokens that the repository does not know.
//!
//! A caller with an admitted token does not count against the limit of unauthenticated callers,
//! though the object still asks the namespace about each request. A refused token stays refused,
//! since nobody knows a token before it is made. So for a while this object refuses it without
//! asking.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::repo_do::contract::TokenHash;

/// Tokens of each kind that are remembered; the oldest is forgotten first.
const TOKENS_MAX: usize = 64;

/// How long a refusal is remembered.
const REFUSED_MS: i64 = 60_000;

/// The remembered answers.
#[derive(Debug, Default)]
pub(crate) struct SeenTokens {
    admitted: RefCell<VecDeque<TokenHash>>,
    refused: RefCell<VecDeque<(TokenHash, i64)>>,
}

impl SeenTokens {
    /// Whether the namespace admitted the token when it was asked last.
    pub(crate) fn was_admitted(&self, hash: &TokenHash) -> bool {
        self.admitted.borrow().contains(hash)
    }

    /// Whether the namespace has refused the token just now.
    pub(crate) fn was_refused(&self, hash: &TokenHash, now_ms: i64) -> bool {
        let refused = self.refused.borrow();
        let is_it = |(refused, at_ms): &(TokenHash, i64)| {
            refused == hash && now_ms.saturating_sub(*at_ms) < REFUSED_MS
        };
        refused.iter().any(is_it)
    }

    /// Remembers no answer for the token: the namespace no longer admits it, and may do so at any time.
    pub(crate) fn forget(&self, hash: &TokenHash) {
        self.admitted.borrow_mut().retain(|known| known != hash);
    }

    /// Remembers the namespace's answer.
    pub(crate) fn note(&self, hash: TokenHash, is_admitted: bool, now_ms: i64) {
        let mut admitted = self.admitted.borrow_mut();
        admitted.retain(|known| *known != hash);
        if is_admitted {
            push(&mut admitted, hash);
            return;
        }
        let mut refused = self.refused.borrow_mut();
        refused.retain(|(known, _)| *known != hash);
        push(&mut refused, (hash, now_ms));
    }
}

fn push<T>(remembered: &mut VecDeque<T>, new: T) {
    if remembered.len() >= TOKENS_MAX {
        remembered.pop_front();
    }
    remembered.push_back(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(number: u8) -> TokenHash {
        TokenHash::new([number; 32])
    }

    #[test]
    fn the_namespaces_last_answer_is_remembered() {
        let seen = SeenTokens::default();
        assert!(!seen.was_admitted(&hash(1)) && !seen.was_refused(&hash(1), 0));
        seen.note(hash(1), true, 0);
        seen.note(hash(2), false, 0);
        assert!(seen.was_admitted(&hash(1)) && !seen.was_refused(&hash(1), 0));
        assert!(seen.was_refused(&hash(2), REFUSED_MS - 1) && !seen.was_admitted(&hash(2)));
        assert!(!seen.was_refused(&hash(2), REFUSED_MS));
        // Its namespace is suspended.
        seen.forget(&hash(1));
        assert!(!seen.was_admitted(&hash(1)) && !seen.was_refused(&hash(1), 0));
        // Revoked.
        seen.note(hash(1), false, 5);
        assert!(!seen.was_admitted(&hash(1)) && seen.was_refused(&hash(1), 5));
    }

    #[test]
    fn strangers_do_not_push_out_the_tokens_of_owners() {
        let seen = SeenTokens::default();
        seen.note(hash(0), true, 0);
        for number in 1..=255 {
            seen.note(hash(number), false, 0);
        }
        assert!(seen.was_admitted(&hash(0)));
        assert_eq!(seen.refused.borrow().len(), TOKENS_MAX);
        assert!(!seen.was_refused(&hash(1), 0) && seen.was_refused(&hash(255), 0));
    }
}
