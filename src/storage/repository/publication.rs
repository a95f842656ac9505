//! Arguments and results of [`publish`](super::publish).

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use crate::git::limits::Limits;
use crate::git::store::PackId;
use crate::storage::event::EventOrigin;
use crate::storage::event_payload::PushedCommits;

/// A push, checked and ready to become visible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publication {
    /// The pack in quarantine; `None` when the push brought no objects.
    pub pack: Option<PackPublication>,
    /// Another pack in quarantine, which the pack and the updates build on: it goes live before them,
    /// or goes with them.
    pub brought: Option<PackPublication>,
    /// The ref changes, in the pusher's order.
    pub updates: Vec<RefUpdate>,
    /// All or none.
    pub atomic: bool,
    /// The caller that pushes.
    pub actor: Actor,
    /// The facts for its events. `None`: the caller tells the change by another event.
    pub events: Option<PushEvents>,
    /// The push options, for the reflog and the events.
    pub push_options: Vec<BString>,
    /// How many refs there may be afterwards.
    pub ref_bounds: RefBounds,
    /// When refs under `refs/ephemeral/` go that it writes, in unix milliseconds; `None`: never.
    pub ephemeral_until_ms: Option<i64>,
    /// Nobody pushes: the repository does it itself.
    pub is_by_itself: bool,
    /// Unix milliseconds.
    pub now_ms: i64,
}

impl Publication {
    /// The packs, in the order in which they go live.
    pub(super) fn packs(&self) -> impl Iterator<Item = &PackPublication> {
        self.brought.iter().chain(&self.pack)
    }
}

/// The facts that the events of a push tell beside its changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushEvents {
    /// Where it happens, who pushes, and by which request.
    pub origin: EventOrigin,
    /// For each update, in the order of the updates, the commits that it brings. An event whose
    /// update has none here says that its commits were left out.
    pub commits: Vec<PushedCommits>,
}

/// How many refs a repository may have, and how long their names may be together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefBounds {
    /// Refs.
    pub refs_max: u64,
    /// Bytes of their names.
    pub name_bytes_max: u64,
}

impl Default for RefBounds {
    fn default() -> Self {
        Self {
            refs_max: Limits::DEFAULT.refs_max,
            name_bytes_max: Limits::DEFAULT.ref_name_bytes_max,
        }
    }
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefUpdate {
    /// The full refname.
    pub name: BString,
    /// The id that the ref must have; `None`: it must not exist.
    pub old: Option<ObjectId>,
    /// The id that it gets; `None`: it is deleted.
    pub new: Option<ObjectId>,
    /// The peeled id of `new`, when that is an annotated tag.
    pub peeled: Option<ObjectId>,
}

/// The author of a ref update: a token, or none for the operator.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Actor {
    /// The token's id.
    pub token_id: Option<String>,
    /// The token's label.
    pub label: Option<String>,
}

/// The outcome of one update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefOutcome {
    /// It is done.
    Updated,
    /// The ref has another id than the client said.
    Stale {
        /// The id that it has.
        actual: Option<ObjectId>,
    },
    /// This ref needs a directory where another ref is, or the other way round.
    Conflict {
        /// The name of the other ref.
        with: BString,
    },
    /// The repository has as many refs as it may, or as many bytes of names.
    TooMany(TooManyRefs),
    /// Another update of the same atomic push was refused.
    Aborted,
}

/// There is no room for one more ref.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "too many refs: the repository has {refs} of at most {refs_max}, with {name_bytes} of at most \
     {name_bytes_max} bytes of names; delete some first"
)]
pub struct TooManyRefs {
    /// Refs that there are.
    pub refs: u64,
    /// The bound.
    pub refs_max: u64,
    /// Bytes of their names.
    pub name_bytes: u64,
    /// The bound.
    pub name_bytes_max: u64,
}
