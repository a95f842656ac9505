//! The commit graph of the object's live packs, kept from one request to the next.
//!
//! To open a graph means to read the small segments and to check their commits' parents. The graphs of
//! all objects of the isolate share a bound, and the least recently used one goes first. Its bytes are
//! shared with the cache of parts while they are there. A graph that is read by pages grows with each
//! question, so each request counts it again.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::git::graph::commits::CommitGraph;
use crate::git::store::{PackStore, StoreError};
use crate::storage::db::cache::Lru;

/// Bytes of graphs that an isolate keeps: 68 a commit of a whole segment, 12 a commit of a large segment
/// once a walk went over all of it. The graph of 900,000 commits is kept.
const KEPT_BYTES_MAX: usize = 11 << 20;

thread_local! {
    static NEXT: Cell<u64> = const { Cell::new(1) };
    static KEPT: RefCell<Lru<u64, Rc<CommitGraph>>> = RefCell::new(Lru::new(KEPT_BYTES_MAX));
}

/// Evicts until `bytes` of the bound are free, for an operation that needs the room now.
pub(crate) fn make_room(bytes: usize) {
    with(|kept| kept.make_room(bytes));
}

/// One object's graph, by a number that is never given twice.
#[derive(Debug)]
pub(crate) struct KeptGraph(u64);

impl KeptGraph {
    /// None as yet.
    pub(crate) fn new() -> Self {
        Self(NEXT.with(|next| next.replace(next.get().wrapping_add(1))))
    }

    /// The graph of the packs that are live now.
    pub(crate) fn current(&self, store: &impl PackStore) -> Result<Rc<CommitGraph>, StoreError> {
        let live_packs = store.live_packs()?;
        let graph = match with(|kept| kept.get(&self.0)).flatten() {
            Some(kept) if kept.is_of(&live_packs) => kept,
            Some(kept) => Rc::new(kept.reopen(store, &live_packs)?),
            None => Rc::new(CommitGraph::open(store, &live_packs)?),
        };
        with(|kept| kept.put(self.0, Rc::clone(&graph), graph.bytes()));
        Ok(graph)
    }

    /// Keeps nothing: the packs' numbers may be given again.
    pub(crate) fn clear(&self) {
        with(|kept| kept.remove(&self.0));
    }
}

impl Default for KeptGraph {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for KeptGraph {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Runs `act` on the kept graphs; `None` while the thread ends or they are in use.
fn with<T>(act: impl FnOnce(&mut Lru<u64, Rc<CommitGraph>>) -> T) -> Option<T> {
    KEPT.try_with(|kept| kept.try_borrow_mut().ok().map(|mut kept| act(&mut kept)))
        .ok()?
}
