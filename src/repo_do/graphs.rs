//! The commit graph of the object's live packs, kept from one request to the next.
//!
//! To open it checks every commit's parents, so that a fetch of one commit would cost what the
//! repository has. What is kept shares its bytes with the cache of parts as long as they are
//! there; what all objects of the isolate keep beyond that has a bound, and whoever does not fit
//! opens his graph each time.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use crate::git::graph::commits::CommitGraph;
use crate::git::store::{PackStore, StoreError};

/// Bytes of graphs that an isolate keeps: 64 a commit.
const KEPT_BYTES_MAX: usize = 8 << 20;

thread_local! {
    static KEPT_BYTES: Cell<usize> = const { Cell::new(0) };
}

/// A graph that is kept, and counted.
#[derive(Debug)]
struct Kept {
    graph: Rc<CommitGraph>,
    bytes: usize,
}

impl Kept {
    fn new(graph: &Rc<CommitGraph>) -> Option<Self> {
        let bytes = graph.bytes();
        let total = KEPT_BYTES.get().checked_add(bytes)?;
        if total > KEPT_BYTES_MAX {
            return None;
        }
        KEPT_BYTES.set(total);
        let graph = Rc::clone(graph);
        Some(Self { graph, bytes })
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        KEPT_BYTES.set(KEPT_BYTES.get().saturating_sub(self.bytes));
    }
}

/// One object's graph.
#[derive(Debug, Default)]
pub struct KeptGraph(RefCell<Option<Kept>>);

impl KeptGraph {
    /// The graph of the packs that are live now.
    pub fn current(&self, store: &impl PackStore) -> Result<Rc<CommitGraph>, StoreError> {
        let live_packs = store.live_packs()?;
        let before = self.0.take();
        let graph = match &before {
            Some(kept) if kept.graph.is_of(&live_packs) => {
                let graph = Rc::clone(&kept.graph);
                self.0.replace(before);
                return Ok(graph);
            }
            Some(kept) => kept.graph.reopen(store, &live_packs)?,
            None => CommitGraph::open(store, &live_packs)?,
        };
        let graph = Rc::new(graph);
        drop(before);
        self.0.replace(Kept::new(&graph));
        Ok(graph)
    }

    /// Keeps nothing: the packs' numbers may be given again.
    pub fn clear(&self) {
        self.0.take();
    }
}
