//! How many bytes a repository may still take: by its own bound, and by that of its namespace.
//!
//! The repository's own bound is in its database. The namespace is asked only where the repository
//! was told that there is a bound, once a request: what other repositories take meanwhile is not
//! known, so that pushes at the same time may together exceed it a little.

use std::fmt;

use crate::git::store::StoreError;
use crate::repo_do::contract::quota::{AskRoom, NAMESPACE_ROOM, Room};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::namespace::ask_namespace;
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
    most: u64,
}

impl Bound {
    /// The bytes that may still come.
    pub(crate) fn left(&self) -> u64 {
        self.most.saturating_sub(self.here)
    }

    /// The bytes that a pack may have which could otherwise have `most`. One without objects always
    /// passes: nothing of it is stored.
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

    /// The error of bytes that are too many, of which nobody knows how many there are.
    pub(crate) fn passed(&self) -> QuotaExceeded {
        self.exceeded(Added::MoreThan(self.left()))
    }

    fn exceeded(&self, added: Added) -> QuotaExceeded {
        let Self { whose, here, most } = *self;
        QuotaExceeded {
            whose,
            here,
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

/// More bytes than a bound allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("quota exceeded: the {whose} has {here} bytes, and this would add {added}; at most {most}")]
pub(crate) struct QuotaExceeded {
    whose: Whose,
    here: u64,
    added: Added,
    most: u64,
}

impl From<QuotaExceeded> for ErrorReply {
    fn from(error: QuotaExceeded) -> Self {
        Self::new(ErrorCode::QuotaExceeded, error.to_string())
    }
}

impl Quota {
    /// Asks the namespace how many bytes its other repositories have, if it has a bound on them.
    pub(crate) async fn ask(
        object: &RepoObject,
        record: &RepositoryRecord,
    ) -> Result<Self, ErrorReply> {
        if !record.policies.standing.has_quota {
            return Ok(Self::default());
        }
        let question = AskRoom {
            repository_id: record.id.clone(),
        };
        let asked = ask_namespace(&object.env, &record.namespace, NAMESPACE_ROOM, &question);
        let Room { others, bytes_max } = asked.await?;
        let namespace = bytes_max.map(|most| NamespaceBytes { others, most });
        Ok(Self { namespace })
    }

    /// The bound that leaves the least, as the repository is now; `None`: there is none, and nothing
    /// was read.
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

    fn tightest(&self, own: Option<u64>, here: u64) -> Option<Bound> {
        let own = own.map(|most| Bound {
            whose: Whose::Repository,
            here,
            most,
        });
        let namespace = self.namespace.map(|NamespaceBytes { others, most }| Bound {
            whose: Whose::Namespace,
            here: others.saturating_add(here),
            most,
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
        let namespace = Some(NamespaceBytes { others, most });
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
    fn what_adds_nothing_passes_beyond_the_bound() {
        let bound = Quota::default().tightest(Some(5), 9).unwrap();
        assert_eq!((bound.left(), bound.check(0)), (0, Ok(())));
        assert!(bound.check(1).is_err());
        assert_eq!(
            bound.passed().to_string(),
            "quota exceeded: the repository has 9 bytes, and this would add more than 0; at most 5"
        );
    }
}
