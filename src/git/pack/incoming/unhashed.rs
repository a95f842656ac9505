//! Objects that wait for their ids, which are computed several at a time.

use gix_hash::ObjectId;

use super::super::super::hash::{CollisionDetected, WholeObject, object_ids};
use super::super::super::object::ObjectKind;
use super::super::super::store::Shared;

/// The most objects that wait, and the most bytes of those before the last: enough to keep four
/// lanes busy nearly until the end.
const OBJECTS_MAX: usize = 128;
const BYTES_MAX: usize = 1 << 20;

/// An object without its id.
pub(super) struct Unidentified {
    pub position: u32,
    pub kind: ObjectKind,
    pub content: Shared,
}

/// The objects that wait for their ids.
#[derive(Default)]
pub(super) struct Unhashed {
    objects: Vec<Unidentified>,
    bytes: usize,
}

impl Unhashed {
    pub(super) fn push(&mut self, position: u32, kind: ObjectKind, content: Shared) {
        self.bytes += content.len();
        self.objects.push(Unidentified {
            position,
            kind,
            content,
        });
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_full(&self) -> bool {
        self.objects.len() >= OBJECTS_MAX || self.bytes >= BYTES_MAX
    }

    /// Computes all ids, each beside its object.
    pub(super) fn identified(
        self,
    ) -> impl Iterator<Item = (Unidentified, Result<ObjectId, CollisionDetected>)> {
        let whole = self.objects.iter().map(|object| WholeObject {
            kind: object.kind,
            content: object.content.as_slice(),
        });
        let mut ids = Vec::with_capacity(self.objects.len());
        object_ids(&whole.collect::<Vec<_>>(), &mut ids);
        self.objects.into_iter().zip(ids)
    }
}
