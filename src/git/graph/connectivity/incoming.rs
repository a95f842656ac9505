//! The queries of the check to the pack that is being pushed.

use gix_hash::{ObjectId, oid};

use super::super::super::object::ObjectKind;
use super::super::super::object::facts::CommitFacts;
use super::super::super::store::ReadError;

/// The pack that is being pushed.
pub trait Incoming {
    /// Entries in the pack.
    fn object_count(&self) -> u32;

    /// The position of an object of the pack, always the same if it is there more than once, and
    /// its kind.
    fn locate(&self, id: &oid) -> Option<(u32, ObjectKind)>;

    /// The id of the object at this position.
    fn id(&self, position: u32) -> Option<ObjectId>;

    /// The id and the kind of the object at this position.
    fn entry(&self, position: u32) -> Option<(ObjectId, ObjectKind)> {
        let id = self.id(position)?;
        Some((id, self.locate(&id)?.1))
    }

    /// Fails if the pack's tables could not be read: an object that seemed absent may be there.
    fn check(&self) -> Result<(), ReadError> {
        Ok(())
    }

    /// Commits in the pack, as far as that is known: room is made for so many.
    fn commit_count(&self) -> usize {
        0
    }

    /// A commit of the pack, if it is at hand without reading it. Asked a few times for each
    /// commit.
    fn commit(&self, _commit_id: &oid) -> Option<CommitFacts> {
        None
    }
}
