//! How many bytes a repository may still take: by its own bound, and by that of its namespace.
//!
//! The repository's own bound is in its database. The namespace is asked only where the repository knows of a
//! bound: when a request begins, and by a [claim](super::room_hold) before it
//! publishes anything.

use std::fmt;

use crate::git::store::StoreError;
use crate::repo_do::contract::quota::Room;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

/// The bytes of a pack without objects: header and trailer.
const EMPTY_PACK_BYTES: u64 = 32;

/// The namespace's bound, as one request knows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Quota {
    namespace: Option<NamespaceBytes>,
}

/// Bytes of the namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct NamespaceBytes {
    /// Those of its other repositories.
    others: u64,
    /// Those that requests under way have claimed.
    claimed: u64,
    /// The bound on all of them.
    most: u64,
}

/// The thing that a bound is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Repository,
    Namespace,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repository => "repository",
            Self::Namespace => "namespace",
        })
    }
}

/// The bound that leaves the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bound {
    whose: Whose,
    here: u64,
    pending: Pending,
    most: u64,
}

impl Bound {
    /// The bytes that may still come.
    pub(crate) fn left(&self) -> u64 {
        let Pending(pending) = self.pending;
        self.most.saturating_sub(self.here).saturating_sub(pending)
    }

    /// The bytes that a pack may have which could otherwise have `most`. One without objects always
    /// passes: it stores nothing.
    pub(crate) fn pack_bytes_max(&self, most: u64) -> u64 {
        self.left().max(EMPTY_PACK_BYTES).min(most)
    }

    /// Fails if so many more are too many; nothing more never is.
    pub(crate) fn check(&self, more: u64) -> Result<(), QuotaExceeded> {
        if more == 0 || more <= self.left() {
            return Ok(());
        }
        Err(self.exceeded(Added::Exactly(more)))
    }

    /// The error of too many bytes, whose number nobody knows.
    pub(crate) fn passed(&self) -> QuotaExceeded {
        self.exceeded(Added::MoreThan(self.left()))
    }

    fn exceeded(&self, added: Added) -> QuotaExceeded {
        let Self {
            whose,
            here,
            pending,
            most,
        } = *self;
        QuotaExceeded {
            whose,
            here,
            pending,
            added,
            most,
        }
    }
}

/// Bytes that were to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Added {
    Exactly(u64),
    MoreThan(u64),
}

impl fmt::Display for Added {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(bytes) => write!(f, "{bytes}"),
            Self::MoreThan(bytes) => write!(f, "more than {bytes}"),
        }
    }
}

/// Bytes that other requests are about to add.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pending(u64);

impl fmt::Display for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            bytes => write!(f, ", requests under way add {bytes}"),
        }
    }
}

/// More bytes than a bound allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "quota exceeded: the {whose} has {here} bytes{pending}, and this would add {added}; at most {most}"
)]
pub(crate) struct QuotaExceeded {
    whose: Whose,
    here: u64,
    pending: Pending,
    added: Added,
    most: u64,
}

impl From<QuotaExceeded> for ErrorReply {
    fn from(error: QuotaExceeded) -> Self {
        Self::new(ErrorCode::QuotaExceeded, error.to_string())
    }
}

impl Quota {
    /// The answer of the namespace.
    pub(super) fn of(room: &Room) -> Self {
        let Room {
            others,
            claimed,
            bytes_max,
            ..
        } = *room;
        let namespace = bytes_max.map(|most| NamespaceBytes {
            others,
            claimed,
            most,
        });
        Self { namespace }
    }

    /// The bound that leaves the least, as the repository is now; `None`: there is no bound, and nothing was
    /// read.
    pub(crate) fn bound(
        &self,
        store: &Store,
        record: &RepositoryRecord,
    ) -> Result<Option<Bound>, StoreError> {
        let own = record.policies.bytes_max;
        if own.is_none() && self.namespace.is_none() {
            return Ok(None);
        }
        Ok(self.tightest(own, store.quota_bytes()?))
    }

    /// Fails if the repository may not have so many bytes more.
    pub(crate) fn check(
        &self,
        store: &Store,
        record: &RepositoryRecord,
        more: u64,
    ) -> Result<(), ErrorReply> {
        match self.bound(store, record)? {
            Some(bound) => Ok(bound.check(more)?),
            None => Ok(()),
        }
    }

    /// The namespace's bound, for a repository that has so many bytes.
    pub(super) fn namespace_bound(&self, here: u64) -> Option<Bound> {
        self.tightest(None, here)
    }

    fn tightest(&self, own: Option<u64>, here: u64) -> Option<Bound> {
        let own = own.map(|most| Bound {
            whose: Whose::Repository,
            here,
            pending: Pending(0),
            most,
        });
        let namespace = self.namespace.map(|namespace| Bound {
            whose: Whose::Namespace,
            here: namespace.others.saturating_add(here),
            pending: Pending(namespace.claimed),
            most: namespace.most,
        });
        [own, namespace]
            .into_iter()
            .flatten()
            .min_by_key(Bound::left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(others: u64, most: u64) -> Quota {
        let namespace = Some(NamespaceBytes {
            others,
            claimed: 0,
            most,
        });
        Quota { namespace }
    }

    #[test]
    fn the_bound_that_leaves_less_holds() {
        let told = |quota: Quota, own, here, more| {
            let bound = quota.tightest(own, here).unwrap();
            bound.check(more).map_err(|error| error.to_string())
        };
        assert_eq!(told(quota(500, 1000), Some(400), 300, 100), Ok(()));
        assert_eq!(
            told(quota(500, 1000), Some(400), 300, 101).unwrap_err(),
            "quota exceeded: the repository has 300 bytes, and this would add 101; at most 400"
        );
        assert_eq!(
            told(quota(650, 1000), Some(400), 300, 51).unwrap_err(),
            "quota exceeded: the namespace has 950 bytes, and this would add 51; at most 1000"
        );
        assert_eq!(Quota::default().tightest(None, 7), None);
    }

    #[test]
    fn bytes_that_others_claim_are_taken() {
        let room = Room {
            others: 500,
            claimed: 200,
            bytes_max: Some(1000),
            is_granted: false,
        };
        let bound = Quota::of(&room).tightest(None, 250).unwrap();
        assert_eq!((bound.left(), bound.check(50)), (50, Ok(())));
        assert_eq!(
            bound.check(51).unwrap_err().to_string(),
            "quota exceeded: the namespace has 750 bytes, requests under way add 200, and this \
             would add 51; at most 1000"
        );
    }

    #[test]
    fn a_change_without_bytes_passes_beyond_the_bound() {
        let bound = Quota::default().tightest(Some(5), 9).unwrap();
        assert_eq!((bound.left(), bound.check(0)), (0, Ok(())));
        assert!(bound.check(1).is_err());
        assert_eq!(
            bound.passed().to_string(),
            "quota exceeded: the repository has 9 bytes, and this would add more than 0; at most 5"
        );
    }
}
