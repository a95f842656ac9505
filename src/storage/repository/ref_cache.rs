//! The refs of a repository, kept in memory from one request to the next.
//!
//! Every clone, fetch and push begins with a list of refs. If each read all of them, its cost
//! would grow with the repository. So a writer of a ref marks its name, and the next reader reads
//! the marked names again. The cache never decides anything, and an undone transaction does it no
//! harm.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use gix_object::bstr::{BStr, BString, ByteSlice};

use super::ref_record::RefRecord;

/// Bytes of refs that an isolate keeps: some thirty thousand refs.
pub(super) const KEPT_BYTES_MAX: usize = 4 << 20;

/// Bytes that a ref takes beside its name.
pub(super) const REF_BYTES: usize = size_of::<RefRecord>();

/// Bound on the marked names; with more, the next reader reads the whole list.
const MARKED_MAX: usize = 8;

/// Prefixes of up to this length cover much of the list (`refs/`, `refs/heads/`, `refs/tags/`,
/// `refs/pull/`), so that all of it is read for them. A longer one is read by itself.
pub(super) const WIDE_PREFIX_BYTES: usize = "refs/remotes/".len();

thread_local! {
    static KEPT_BYTES: Cell<usize> = const { Cell::new(0) };
}

/// Room taken out of the isolate's bound.
#[derive(Debug, Default)]
struct Room(usize);

impl Room {
    /// Takes `bytes` more, if there is as much.
    fn grow(&mut self, bytes: usize) -> bool {
        let total = KEPT_BYTES.get().saturating_add(bytes);
        let fits = total <= KEPT_BYTES_MAX;
        if fits {
            KEPT_BYTES.set(total);
            self.0 = self.0.saturating_add(bytes);
        }
        fits
    }

    /// Gives some of it back.
    fn shrink(&mut self, bytes: usize) {
        debug_assert!(
            bytes <= self.0,
            "{bytes} bytes of {} are given back",
            self.0
        );
        let bytes = bytes.min(self.0);
        self.0 -= bytes;
        KEPT_BYTES.set(KEPT_BYTES.get().saturating_sub(bytes));
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        debug_assert!(
            self.0 <= KEPT_BYTES.get(),
            "no list has more than all together"
        );
        KEPT_BYTES.set(KEPT_BYTES.get().saturating_sub(self.0));
    }
}

/// All refs of a repository, by name.
#[derive(Debug, Default)]
pub(crate) struct RefList {
    refs: Vec<RefRecord>,
    room: Room,
}

impl RefList {
    /// Those whose names begin with `prefix`.
    pub(crate) fn below(&self, prefix: &[u8]) -> &[RefRecord] {
        let first = self
            .refs
            .partition_point(|record| record.name.as_bytes() < prefix);
        let from_there = self.refs.get(first..).unwrap_or_default();
        let count = from_there.partition_point(|record| record.name.starts_with(prefix));
        from_there.get(..count).unwrap_or_default()
    }

    /// The first ref whose name is not less than `name`.
    pub(super) fn first_from(&self, name: &BStr) -> Option<&RefRecord> {
        let (Ok(place) | Err(place)) = self.place(name);
        self.refs.get(place)
    }

    /// Those of them that follow `after`.
    pub(crate) fn below_after(&self, prefix: &[u8], after: Option<&BStr>) -> &[RefRecord] {
        let below = self.below(prefix);
        let Some(after) = after else {
            return below;
        };
        let first = below.partition_point(|record| record.name.as_bstr() <= after);
        below.get(first..).unwrap_or_default()
    }

    /// The ref of this very name.
    pub(super) fn find(&self, name: &BStr) -> Option<&RefRecord> {
        self.refs.get(self.place(name).ok()?)
    }

    /// The position of a name, or where it would be inserted.
    fn place(&self, name: &BStr) -> Result<usize, usize> {
        self.refs
            .binary_search_by(|record| record.name.as_bstr().cmp(name))
    }

    /// Appends a ref that sorts behind all others; gives whether there was room.
    pub(super) fn push(&mut self, record: &RefRecord) -> bool {
        let fits = self.room.grow(bytes_of(record));
        if fits {
            let last = self.refs.last();
            debug_assert!(
                last.is_none_or(|last| last.name < record.name),
                "binary searches need the names in order"
            );
            self.refs.push(record.clone());
        }
        fits
    }

    /// Sets the present value of this ref; gives whether there was room.
    pub(super) fn set(&mut self, name: &BStr, now: Option<RefRecord>) -> bool {
        let place = self.place(name);
        let added = now.as_ref().map_or(0, bytes_of);
        if !self.room.grow(added) {
            return false;
        }
        let before = match (place, now) {
            (Ok(at), Some(now)) => self
                .refs
                .get_mut(at)
                .map(|record| std::mem::replace(record, now)),
            (Ok(at), None) => Some(self.refs.remove(at)),
            (Err(at), Some(now)) => {
                self.refs.insert(at, now);
                None
            }
            (Err(_), None) => None,
        };
        self.room.shrink(before.as_ref().map_or(0, bytes_of));
        true
    }
}

fn bytes_of(record: &RefRecord) -> usize {
    record.name.len().saturating_add(REF_BYTES)
}

/// The cached refs of a store.
#[derive(Debug, Default)]
pub(super) struct RefCache {
    pub(super) state: RefCell<State>,
    /// Names written since the list was read.
    pub(super) marked: RefCell<BTreeSet<BString>>,
}

#[derive(Debug, Default)]
pub(super) enum State {
    #[default]
    Unread,
    /// There was no room for them.
    TooMany,
    Read(Rc<RefList>),
}

impl RefCache {
    /// The ref of this name may have changed.
    pub(super) fn mark(&self, name: &BStr) {
        let mut marked = self.marked.borrow_mut();
        marked.insert(name.to_owned());
        if marked.len() > MARKED_MAX {
            drop(marked);
            self.clear();
        }
    }

    /// Any ref may have changed.
    pub(super) fn clear(&self) {
        self.state.take();
        self.marked.take();
    }
}

#[cfg(test)]
mod tests;
