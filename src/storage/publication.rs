//! What [`publish`](super::publish) takes and gives.

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use crate::git::store::PackId;

/// A push, checked and ready to become visible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publication {
    /// The pack in quarantine; `None` when the push brought no objects.
    pub pack: Option<PackPublication>,
    /// The ref changes, in the pusher's order.
    pub updates: Vec<RefUpdate>,
    /// All or none.
    pub atomic: bool,
    /// Who pushes.
    pub actor: Actor,
    /// The push options, for the reflog.
    pub push_options: Vec<BString>,
    /// Unix milliseconds.
    pub now_ms: i64,
}

/// A pack whose chunks and parts are all written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackPublication {
    /// Its number.
    pub pack_id: PackId,
    /// Bytes of the stream.
    pub pack_bytes: u64,
    /// Entries of the stream.
    pub object_count: u32,
}

/// One ref change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// The full refname.
    pub name: BString,
    /// What the ref must be; `None`: it must not exist.
    pub old: Option<ObjectId>,
    /// What it becomes; `None`: it is deleted.
    pub new: Option<ObjectId>,
    /// What `new` peels to, when it is an annotated tag.
    pub peeled: Option<ObjectId>,
}

/// Who changes refs: the token, or nobody for the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The token's id.
    pub token_id: Option<String>,
    /// The token's label.
    pub label: Option<String>,
}

/// What became of one update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefOutcome {
    /// It is done.
    Updated,
    /// The ref is not what the pusher said.
    Stale {
        /// What it is.
        actual: Option<ObjectId>,
    },
    /// A ref stands where this one needs a directory, or the other way round.
    Conflict {
        /// That ref.
        with: BString,
    },
    /// Another update of the same atomic push was refused.
    Aborted,
}
