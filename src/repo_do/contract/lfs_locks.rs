//! Messages about locks on files, between the Worker and the repository's object.
//!
//! | request | access | body | answer |
//! |---|---|---|---|
//! | `POST /lfs/locks/create` | push | [`NewLock`] | [`LockAnswer`] |
//! | `POST /lfs/locks/list` | read | [`ListLocks`] | [`LockList`] |
//! | `POST /lfs/locks/verify` | push | [`ListLocks`] | [`VerifiedLocks`] |
//! | `POST /lfs/locks/unlock` | push | [`Unlock`] | [`LockAnswer`] |
//!
//! The answers are those of Git LFS, which the Worker passes on
//! (<https://github.com/git-lfs/git-lfs/blob/main/docs/api/locking.md>). A file that is locked already
//! is [`ErrorCode::AlreadyExists`](super::ErrorCode::AlreadyExists), and its details are a [`LockAnswer`].

use serde::{Deserialize, Serialize};

/// Locks that a repository has at most.
pub(crate) const LOCKS_MAX: u32 = 10_000;

/// Locks in one page at most, and where the client names no number.
pub(crate) const LOCKS_PAGE_MAX: u32 = 1000;

/// Bytes of the name of a branch that a client gives with a lock.
pub(crate) const LOCK_REF_BYTES_MAX: usize = 4096;

/// The operator, as the owner of a lock is shown.
pub(crate) const OPERATOR: &str = "operator";

/// Paths that the object serves.
pub(crate) mod path {
    /// Locks a file.
    pub(crate) const CREATE: &str = "/lfs/locks/create";
    /// The locks of the repository.
    pub(crate) const LIST: &str = "/lfs/locks/list";
    /// The locks of the repository, the caller's apart from others'.
    pub(crate) const VERIFY: &str = "/lfs/locks/verify";
    /// Removes a lock.
    pub(crate) const UNLOCK: &str = "/lfs/locks/unlock";
}

/// Locks a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewLock {
    /// The file, from the root of the repository.
    pub(crate) path: String,
    /// The branch that the client named.
    pub(crate) ref_name: Option<String>,
}

/// Asks for a page of locks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListLocks {
    /// Only the lock on this file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    /// Only the lock with this id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The `next_cursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cursor: Option<String>,
    /// Locks in the page at most; `None` or 0: [`LOCKS_PAGE_MAX`], which is also the bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u32>,
}

/// Removes a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Unlock {
    /// Which.
    pub(crate) id: u64,
    /// Even if another holds it.
    pub(crate) force: bool,
}

/// A lock, as Git LFS shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShownLock {
    /// Its id, which means nothing to a client.
    pub(crate) id: String,
    /// The file, from the root of the repository.
    pub(crate) path: String,
    /// When it was made: RFC 3339, whole seconds.
    pub(crate) locked_at: String,
    /// The holder.
    pub(crate) owner: LockOwner,
}

/// The holder of a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LockOwner {
    /// The label of a token or, where it has none, its id; [`OPERATOR`].
    pub(crate) name: String,
}

/// One lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LockAnswer {
    /// The lock.
    pub(crate) lock: ShownLock,
}

/// A page of locks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LockList {
    /// The locks, the oldest first.
    pub(crate) locks: Vec<ShownLock>,
    /// Where the next page begins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// A page of locks, the caller's apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VerifiedLocks {
    /// Those that the caller holds.
    pub(crate) ours: Vec<ShownLock>,
    /// Those of others.
    pub(crate) theirs: Vec<ShownLock>,
    /// Where the next page begins, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}
