//! The refs of one moment, read page by page while pushes go on.
//!
//! A fork takes over the refs and packs of one moment. To hold half a million refs until they are
//! sent would take the isolate's memory. So a change of a ref first notes here how it was, and the
//! [reader](super::snapshot_pages) of the moment takes that in place of the changed ref.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::{Rc, Weak};

use gix_object::bstr::{BStr, BString};

use super::ref_record::RefRecord;

/// Refs that may change while one moment is read; with more the reading fails. About 10 MB.
pub(super) const CHANGED_MAX: usize = 100_000;

/// A moment whose refs are still to be read. Pushes note nothing once it is dropped.
#[derive(Debug, Default)]
pub(crate) struct RefSnapshot {
    /// The refs that changed since, as they were; `None`: there was none of this name.
    pub(super) before: RefCell<BTreeMap<BString, Option<RefRecord>>>,
}

/// The moments that somebody reads.
#[derive(Debug, Default)]
pub(super) struct RefSnapshots(RefCell<Vec<Weak<RefSnapshot>>>);

impl RefSnapshots {
    pub(super) fn begin(&self) -> Rc<RefSnapshot> {
        let begun = Rc::default();
        let mut all = self.0.borrow_mut();
        all.retain(|snapshot| snapshot.strong_count() > 0);
        all.push(Rc::downgrade(&begun));
        begun
    }

    /// Those that still need to know how this ref was.
    pub(super) fn without(&self, name: &BStr) -> Vec<Rc<RefSnapshot>> {
        let all = self.0.borrow();
        let alive = all.iter().filter_map(Weak::upgrade);
        alive
            .filter(|snapshot| {
                let before = snapshot.before.borrow();
                before.len() <= CHANGED_MAX && !before.contains_key(name)
            })
            .collect()
    }
}
