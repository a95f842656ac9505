//! Ids that refs are known to name.
//!
//! A fetch asks whether refs name its wants. Its client was shown the refs just before, so the
//! ids that were read are noted here. A write to a ref takes the old id out again. So an id is
//! here only while a ref names it. If an id is not here, the [store](super::ref_targets) asks the
//! database.

use std::cell::RefCell;
use std::collections::HashSet;

use gix_hash::ObjectId;

/// Bound on the noted ids: 16,384 of 20 bytes are about half a megabyte. A list of more refs costs
/// so much that the look into the database behind it hardly counts.
const NOTED_MAX: usize = 16_384;

/// Objects that were read as targets of refs.
#[derive(Debug, Default)]
pub(super) struct KnownTargets(RefCell<HashSet<ObjectId>>);

impl KnownTargets {
    /// A ref names this object now.
    pub(super) fn note(&self, target: ObjectId) {
        let mut noted = self.0.borrow_mut();
        if noted.len() < NOTED_MAX {
            noted.insert(target);
        }
    }

    /// A ref that named this object is about to change.
    pub(super) fn forget(&self, target: &ObjectId) {
        self.0.borrow_mut().remove(target);
    }

    /// Any ref may have changed.
    pub(super) fn clear(&self) {
        self.0.take();
    }

    /// Whether a ref is known to name this object.
    pub(super) fn has(&self, target: &ObjectId) -> bool {
        self.0.borrow().contains(target)
    }

    /// All that are noted.
    pub(super) fn all(&self) -> Vec<ObjectId> {
        self.0.borrow().iter().copied().collect()
    }
}
