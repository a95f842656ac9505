//! The cost and the caller of a request: for the log, in a header of each answer of an object.

use std::fmt;

use super::rate::{Rate, RateLeft};
use super::refs_changed::RefsChanged;

/// Resources that one object used to answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Rows read, as billed.
    pub(crate) rows_read: u64,
    /// Rows written, as billed.
    pub(crate) rows_written: u64,
    /// Packs that were looked at.
    pub(crate) packs: u64,
    /// Bytes of an answer that the Worker passes on without looking.
    pub(crate) answer_bytes: u64,
    /// The id of the token that was shown, where the object knows it.
    pub(crate) token_id: Option<String>,
    /// The kind of caller that asked.
    pub(crate) asker: Asker,
    /// The refs that it changed.
    pub(crate) refs_changed: Option<RefsChanged>,
    /// The requests that are left of the object's rate; where several objects answer, of the one with the
    /// least.
    pub(crate) rate_left: Option<RateLeft>,
}

/// The kind of caller whose credential was accepted. Where several objects answer for one request, the
/// greatest counts: an object that was asked on the way may not know of the credential.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Asker {
    /// Nobody's: there was no credential, or none that holds.
    #[default]
    Anonymous,
    /// A token of the repository, or a signed one.
    Token,
    /// A token of the namespace.
    NamespaceToken,
    /// The operator's key.
    Operator,
}

impl Asker {
    const ALL: [Self; 4] = [
        Self::Anonymous,
        Self::Token,
        Self::NamespaceToken,
        Self::Operator,
    ];

    /// The word for the log.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Token => "token",
            Self::NamespaceToken => "namespace_token",
            Self::Operator => "operator",
        }
    }
}

impl Usage {
    /// Adds the usage of another object.
    pub(crate) fn add(&mut self, other: Self) {
        self.rows_read = self.rows_read.saturating_add(other.rows_read);
        self.rows_written = self.rows_written.saturating_add(other.rows_written);
        self.packs = self.packs.saturating_add(other.packs);
        self.answer_bytes = other.answer_bytes;
        self.token_id = other.token_id.or(self.token_id.take());
        self.asker = self.asker.max(other.asker);
        self.refs_changed = other.refs_changed.or(self.refs_changed.take());
        let left = self.rate_left.into_iter().chain(other.rate_left);
        self.rate_left = left.min_by_key(|left| left.requests);
    }

    /// Reads the text form; a text that cannot be read counts as empty.
    #[must_use]
    pub(crate) fn parse(text: &str) -> Self {
        let mut parts = text.split(' ');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).unwrap_or(0);
        let (rows_read, rows_written) = (number(), number());
        let (packs, answer_bytes) = (number(), number());
        let token_id = parts.next().filter(|id| super::public_id::is_public_id(id));
        let asker = parts.next().unwrap_or_default();
        let refs_changed = parts.next().and_then(RefsChanged::parse);
        let mut number = || parts.next().and_then(|part| part.parse().ok());
        let rate_left = match (number(), number(), number()) {
            (Some(requests), Some(seconds), Some(left)) => Some(RateLeft {
                rate: Rate { requests, seconds },
                requests: left,
            }),
            _ => None,
        };
        let mut askers = Asker::ALL.into_iter();
        Self {
            rows_read,
            rows_written,
            packs,
            answer_bytes,
            token_id: token_id.map(str::to_owned),
            asker: askers
                .find(|known| known.name() == asker)
                .unwrap_or_default(),
            refs_changed,
            rate_left,
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            rows_read,
            rows_written,
            packs,
            answer_bytes,
            token_id,
            asker,
            refs_changed,
            rate_left,
        } = self;
        let (token_id, asker) = (token_id.as_deref().unwrap_or("-"), asker.name());
        write!(
            f,
            "{rows_read} {rows_written} {packs} {answer_bytes} {token_id} {asker}"
        )?;
        match refs_changed {
            Some(refs) => write!(f, " {refs}")?,
            None => write!(f, " -")?,
        }
        let Some(RateLeft { rate, requests }) = rate_left else {
            return Ok(());
        };
        write!(f, " {} {} {requests}", rate.requests, rate.seconds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn usage_survives_its_header(
            rows_read in 0_u64..1 << 60, rows_written in 0_u64..1 << 60, packs in 0_u64..9999,
            answer_bytes in 0_u64..1 << 60,
            token_id in proptest::option::of("[0-9a-z]{16}"), asker in 0..Asker::ALL.len(),
            left in proptest::option::of((1_u32.., 1_u32.., any::<u32>())),
            refs in proptest::option::of(proptest::collection::vec("[^\0]{1,9}", 1..7)),
            other in any::<String>(),
        ) {
            let asker = Asker::ALL[asker];
            let rate_left = left.map(|(requests, seconds, left)| {
                RateLeft { rate: Rate { requests, seconds }, requests: left }
            });
            let refs_changed = refs.map(|names| {
                let mut refs = RefsChanged::default();
                for name in &names {
                    refs.add(name.as_bytes().into());
                }
                refs
            });
            let usage = Usage {
                rows_read, rows_written, packs, answer_bytes, token_id, asker, refs_changed, rate_left,
            };
            prop_assert_eq!(&Usage::parse(&usage.to_string()), &usage);
            let mut sum = Usage::parse(&other);
            sum.add(usage.clone());
            prop_assert!(sum.rows_read >= usage.rows_read);
        }
    }
}
