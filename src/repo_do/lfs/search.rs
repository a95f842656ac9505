//! Which of the repository's objects of Git LFS the pointers name that some roots reach.
//!
//! The graph and the introduced lists give the objects without a look at trees. The search reads only blobs
//! of a pointer's size among these, until every object is found or there are no more.

use std::rc::Rc;

use gix_hash::ObjectId;

use crate::git::graph::commits::CommitGraph;
use crate::git::lfs::{LfsOid, Pointer};
use crate::git::maintenance::lfs_pointers::LfsPointers;
use crate::git::maintenance::reach::Reach;
use crate::git::maintenance::step::Step;
use crate::git::pack::reader::LivePacks;
use crate::git::store::{PackStore as _, StoreError};
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold::{COLD_BYTES, Faults};
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::Failure;
use crate::repo_do::state::store::Store;
use crate::storage::repository::lfs_life::LFS_PAGE;

/// Objects marked between two pauses: about 20 ms of CPU.
const REACH_OBJECTS: usize = 50_000;

/// Entries looked at between two pauses; one that is read counts as many.
const POINTER_ENTRIES: usize = 50_000;

/// Roots added between two pauses.
const ROOTS: usize = 1000;

/// Bytes that the search holds for an object of the packs: its bits, and its part of the lists.
const OBJECT_BYTES: u64 = 8;

/// Bytes that it holds for an object of Git LFS.
const NAME_BYTES: u64 = 40;

/// The stored objects of a repository, and which of them were found.
#[derive(Debug, Default)]
pub(crate) struct NamedObjects {
    /// Sorted.
    oids: Vec<LfsOid>,
    is_found: Vec<bool>,
    missing: usize,
}

impl NamedObjects {
    /// The objects that the repository has; none is found yet.
    pub(crate) fn of(store: &Store) -> Result<Self, StoreError> {
        let mut oids: Vec<LfsOid> = Vec::new();
        loop {
            let page = store.lfs_objects(oids.last(), LFS_PAGE)?;
            if page.is_empty() {
                break;
            }
            oids.extend(page.iter().map(|object| object.oid));
        }
        Ok(Self {
            is_found: vec![false; oids.len()],
            missing: oids.len(),
            oids,
        })
    }

    /// A pointer names the object.
    fn note(&mut self, oid: &LfsOid) {
        let at = self.oids.binary_search(oid).ok();
        if let Some(found @ false) = at.and_then(|at| self.is_found.get_mut(at)) {
            *found = true;
            self.missing = self.missing.saturating_sub(1);
        }
    }

    /// Whether a pointer to the object was found.
    pub(crate) fn contains(&self, oid: &LfsOid) -> bool {
        let at = self.oids.binary_search(oid).ok();
        at.and_then(|at| self.is_found.get(at))
            .is_some_and(|found| *found)
    }

    /// Whether nothing is left to be found.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing == 0
    }
}

/// Bytes that a search holds at most.
pub(crate) fn search_bytes(store: &Store) -> Result<u64, StoreError> {
    let packs = store.live_packs()?;
    let objects: u64 = packs.iter().map(|pack| u64::from(pack.object_count)).sum();
    let names = store.lfs_totals()?.objects;
    let cold_bytes = if store.has_cold_packs()? {
        COLD_BYTES
    } else {
        0
    };
    Ok(objects
        .saturating_mul(OBJECT_BYTES)
        .saturating_add(names.saturating_mul(NAME_BYTES))
        .saturating_add(cold_bytes))
}

/// A search for pointers in the packs of one moment, which a reader holds.
pub(crate) struct PointerSearch<'a> {
    object: &'a RepoObject,
    store: &'a Rc<Store>,
    packs: &'a LivePacks<Rc<Store>>,
    graph: &'a CommitGraph,
    reach: Reach,
}

impl<'a> PointerSearch<'a> {
    /// Nothing is reached yet.
    pub(crate) fn new(
        object: &'a RepoObject,
        store: &'a Rc<Store>,
        packs: &'a LivePacks<Rc<Store>>,
        graph: &'a CommitGraph,
    ) -> Self {
        Self {
            object,
            store,
            packs,
            graph,
            reach: Reach::new(packs, graph).without_bases(),
        }
    }

    /// Reaches the objects that these lead to. A root that is not here leads to nothing.
    pub(crate) async fn add_roots(&mut self, roots: &[ObjectId]) -> Result<(), Failure> {
        for roots in roots.chunks(ROOTS) {
            for root in roots {
                self.add_root(*root).await?;
            }
            while self.reach.step(self.packs, self.graph, REACH_OBJECTS)? == Step::More {
                pause().await;
                self.object.check_open(self.store)?;
            }
        }
        Ok(())
    }

    /// As [`Reach::add_root`]; tags and trees that are cold are fetched.
    async fn add_root(&mut self, root: ObjectId) -> Result<(), Failure> {
        let mut faults = Faults::default();
        loop {
            let Err(error) = self.reach.add_root(self.packs, self.graph, root) else {
                return Ok(());
            };
            let chunk = error.cold().ok_or(error)?;
            let fetched = faults.fetch_cold_chunk(self.object, self.store, chunk);
            fetched.await?;
            self.object.check_open(self.store)?;
        }
    }

    /// Looks for pointers among all that was reached.
    pub(crate) async fn find(self, named: &mut NamedObjects) -> Result<(), Failure> {
        let reached = self.reach.finish();
        let (mut pointers, mut faults) = (LfsPointers::new(), Faults::default());
        while !named.is_complete() {
            let each = |pointer: Pointer| named.note(&pointer.oid);
            match pointers.step(self.packs, &reached.entries, POINTER_ENTRIES, each) {
                Ok(Step::Done) => break,
                Ok(Step::More) => pause().await,
                Err(error) => {
                    let chunk = error.cold().ok_or(error)?;
                    // The next step goes on behind the objects that this one has read.
                    faults.settled();
                    let fetched = faults.fetch_cold_chunk(self.object, self.store, chunk);
                    fetched.await?;
                }
            }
            self.object.check_open(self.store)?;
        }
        Ok(())
    }
}
