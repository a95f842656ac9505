//! The objects that refs and reflog reach; a prune may remove the rest.
//!
//! The graph gives the commits, and the introduced lists their objects, so that this reads a tree
//! only if a ref names one. It also keeps the base of every kept delta, whether or not anything
//! reaches it.
//!
//! A purge keeps no base for a delta's sake ([`Reach::without_bases`]). The merge that leaves the
//! base out then makes the delta into a whole object.
//!
//! A pack can be kept as a whole, because it is young or because it must not be rewritten. Then
//! this also keeps the objects in other packs that its commits and its deltas need.

use std::cell::OnceCell;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::filter::ObjectFilter;
use super::super::graph::closure::{TreeWalk, TreeWalkError, WalkBounds};
use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::introduced::scanned::ScannedLists;
use super::super::graph::peel::{Peeled, Peeler};
use super::super::graph::segment::Segment;
use super::super::pack::entries::Base;
use super::super::pack::index::{Row, ScannedIndex};
use super::super::pack::reader::{LivePacks, Location};
use super::super::pack::selection::Selection;
use super::super::store::scan::ScannedPart;
use super::super::store::{ColdChunk, PackRecord, PackStore, Part, ReadError, StoreError};
use super::step::Step;

/// The walk from a tree that a ref names failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReachError {
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A tree could not be walked.
    #[error(transparent)]
    Tree(#[from] TreeWalkError),
}

impl ReachError {
    /// As [`StoreError::cold`].
    pub(crate) fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Read(error) | Self::Tree(TreeWalkError::Read(error)) => error.cold(),
            Self::Tree(_) => None,
        }
    }
}

impl From<StoreError> for ReachError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// The objects to keep: a bit for each entry and for each commit of the graph.
#[derive(Debug)]
pub struct Reached {
    /// The entries.
    pub entries: Selection,
    commits: Vec<bool>,
}

impl Reached {
    /// Whether the commit stays in the graph.
    pub(crate) fn has_commit(&self, node: CommitNode) -> bool {
        self.commits.get(node.index()).copied().unwrap_or(false)
    }

    /// Whether all of a pack is kept, its commits included.
    pub fn has_all(&self, graph: &CommitGraph, pack: u32) -> bool {
        let commits = graph.segment(pack).map_or(0, Segment::len);
        let kept = |number| {
            graph
                .node(pack, number)
                .is_some_and(|node| self.has_commit(node))
        };
        self.entries.is_whole(pack) && (0..commits).all(kept)
    }

    /// Whether a kept entry of the pack leans on one that is not kept.
    pub fn leans_on_dead<S: PackStore>(
        &self,
        packs: &LivePacks<S>,
        pack: u32,
    ) -> Result<bool, ReadError> {
        let index = ScannedIndex::open(packs.store(), record_of(packs.records(), pack)?)?;
        for position in self.entries.positions(pack) {
            let at = Location { pack, position };
            if let Some(base) = base_of(packs, at, &index.row(position)?)?
                && !self.entries.contains(base.pack, base.position)
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Stored bytes of the pack's entries that are not kept.
    pub fn dead_bytes<S: PackStore>(
        &self,
        packs: &LivePacks<S>,
        pack: u32,
    ) -> Result<u64, StoreError> {
        let mut dead = 0_u64;
        let index = ScannedIndex::open(packs.store(), record_of(packs.records(), pack)?)?;
        for position in 0..index.len() {
            if !self.entries.contains(pack, position) {
                let row = index.row(position)?;
                dead = dead.saturating_add(u64::from(row.stored_bytes));
            }
        }
        Ok(dead)
    }
}

/// Finds the objects to keep. It does not borrow the packs; every call needs the same ones.
pub struct Reach {
    reached: Reached,
    packs: ReachPacks,
    /// Commits whose lists are still to be read.
    open: Vec<CommitNode>,
    parents: Vec<CommitNode>,
    /// The place where the last search for a base ended; the walk visits packs backwards.
    bases: Option<Location>,
    keeps_bases: bool,
}

impl Reach {
    /// Nothing is kept yet.
    pub fn new<S: PackStore>(packs: &LivePacks<S>, graph: &CommitGraph) -> Self {
        Self {
            reached: Reached {
                entries: packs.select_none(),
                commits: vec![false; graph.len()],
            },
            packs: ReachPacks::new(packs.records()),
            open: Vec::new(),
            parents: Vec::new(),
            bases: None,
            keeps_bases: true,
        }
    }

    /// The same, but without keeping entries only because deltas build on them.
    #[must_use]
    pub fn without_bases(self) -> Self {
        Self {
            keeps_bases: false,
            ..self
        }
    }

    /// Keeps all that the object leads to. False when it is not here, or not known to be complete.
    pub fn add_root<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        graph: &CommitGraph,
        id: ObjectId,
    ) -> Result<bool, ReachError> {
        self.bases = None;
        let entries = &mut self.reached.entries;
        let end = Peeler::new(packs, graph).peel(id, |tag| {
            entries.insert(tag.pack, tag.position);
        })?;
        match end {
            Peeled::Commit(node) => self.add_commit(node),
            Peeled::Blob(at) => {
                entries.insert(at.pack, at.position);
            }
            Peeled::Tree(id, at) => {
                entries.insert(at.pack, at.position);
                let everything = ObjectFilter::default();
                let bounds = WalkBounds::of_maintenance(packs.limits());
                let mut walk = TreeWalk::new(bounds);
                walk.enter_wanted(&everything, id);
                walk.walk_on((packs, &everything), u64::MAX, |id, _| {
                    if let Some(at) = packs.find(&id)? {
                        entries.insert(at.pack, at.position);
                    }
                    Ok::<_, ReachError>(())
                })?;
            }
            Peeled::SeenTag => {}
            Peeled::Nothing => return Ok(false),
        }
        Ok(true)
    }

    /// Keeps a pack as it is.
    pub fn add_pack(&mut self, graph: &CommitGraph, pack: u32) {
        self.bases = None;
        self.reached.entries.insert_all(pack);
        let commits = graph.segment(pack).map_or(0, Segment::len);
        for number in 0..commits {
            if let Some(node) = graph.node(pack, number) {
                self.add_commit(node);
            }
        }
    }

    fn add_commit(&mut self, node: CommitNode) {
        if let Some(kept @ false) = self.reached.commits.get_mut(node.index()) {
            *kept = true;
            self.open.push(node);
        }
    }

    /// Works on; `budget` counts commits and entries.
    pub fn step<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        graph: &CommitGraph,
        budget: usize,
    ) -> Result<Step, ReachError> {
        let mut spent = 0;
        while spent < budget {
            spent += match self.open.pop() {
                Some(node) => self.take_commit(packs, graph, node)?,
                None if !self.keeps_bases => return Ok(Step::Done),
                None => match self.next_entry(packs) {
                    Some(at) => self.take_base(packs, at)?,
                    None => return Ok(Step::Done),
                },
            };
        }
        Ok(Step::More)
    }

    /// The objects found so far.
    pub fn reached(&self) -> &Reached {
        &self.reached
    }

    /// How many entries and commits are kept so far.
    pub fn kept(&self) -> u64 {
        let commits = self.reached.commits.iter().filter(|kept| **kept).count();
        self.reached.entries.count() + commits as u64
    }

    /// The objects to keep, once a step was [`Step::Done`].
    pub fn finish(self) -> Rc<Reached> {
        Rc::new(self.reached)
    }

    fn take_commit<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        graph: &CommitGraph,
        node: CommitNode,
    ) -> Result<usize, ReachError> {
        let (mut positions, mut rows) = (Vec::new(), Vec::new());
        let what = "commit graph";
        let place = graph.place(node);
        let place = place.ok_or(StoreError::Corrupt { what, pack: 0 })?;
        let lists = self.packs.lists(packs.store(), place.ordinal)?;
        lists.list(place.number, &mut positions, &mut rows)?;
        let elsewhere = rows.iter().map(|row| lists.external(*row));
        let elsewhere: Vec<ObjectId> = elsewhere.collect::<Result<_, _>>()?;
        let listed = positions.len().saturating_add(elsewhere.len());
        for position in positions {
            self.reached.entries.insert(place.ordinal, position);
        }
        for id in elsewhere {
            let what = "it is introduced by a commit and in no pack";
            let at = packs.find(&id)?.ok_or(ReadError::Corrupt { id, what })?;
            self.reached.entries.insert(at.pack, at.position);
        }
        let mut parents = std::mem::take(&mut self.parents);
        graph.parents(node, &mut parents)?;
        for parent in &parents {
            self.add_commit(*parent);
        }
        self.parents = parents;
        Ok(1 + listed)
    }

    /// The next kept entry, pack by pack from the newest to the oldest: bases are never newer.
    fn next_entry<S: PackStore>(&mut self, packs: &LivePacks<S>) -> Option<Location> {
        let last = packs.pack_count().checked_sub(1)?;
        let mut from = self.bases.unwrap_or(Location {
            pack: last,
            position: 0,
        });
        loop {
            if let Some(position) = self.reached.entries.next_from(from.pack, from.position) {
                let at = Location { position, ..from };
                self.bases = Some(Location {
                    position: position.saturating_add(1),
                    ..from
                });
                return Some(at);
            }
            self.bases = Some(Location {
                position: u32::MAX,
                ..from
            });
            from = Location {
                pack: from.pack.checked_sub(1)?,
                position: 0,
            };
        }
    }

    /// Keeps the chain below a kept entry, down to the first entry that is kept already.
    fn take_base<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        mut at: Location,
    ) -> Result<usize, ReachError> {
        let mut links = 1;
        loop {
            let row = self.packs.index(packs.store(), at.pack)?.row(at.position)?;
            let Some(base) = base_of(packs, at, &row)? else {
                return Ok(links);
            };
            at = base;
            if !self.reached.entries.insert(at.pack, at.position) {
                return Ok(links);
            }
            links += 1;
        }
    }
}

/// The packs as the walk reads them: in windows, since it goes over them from end to end, or nearly so.
struct ReachPacks(Vec<ReachPack>);

struct ReachPack {
    record: PackRecord,
    lists: OnceCell<ScannedLists>,
    index: OnceCell<ScannedIndex>,
}

impl ReachPacks {
    fn new(records: &[PackRecord]) -> Self {
        let pack = |record: &PackRecord| ReachPack {
            record: *record,
            lists: OnceCell::new(),
            index: OnceCell::new(),
        };
        Self(records.iter().map(pack).collect())
    }

    fn pack(&self, pack: u32) -> Result<&ReachPack, StoreError> {
        let what = "record";
        let found = usize::try_from(pack).ok().and_then(|at| self.0.get(at));
        found.ok_or(StoreError::Missing { what, pack })
    }

    fn lists<S: PackStore>(&self, store: &S, pack: u32) -> Result<&ScannedLists, StoreError> {
        let pack = self.pack(pack)?;
        if let Some(lists) = pack.lists.get() {
            return Ok(lists);
        }
        let part = ScannedPart::open(store, &pack.record, Part::Introduced)?;
        let lists = ScannedLists::open(part)?;
        Ok(pack.lists.get_or_init(|| lists))
    }

    fn index<S: PackStore>(&self, store: &S, pack: u32) -> Result<&ScannedIndex, StoreError> {
        let pack = self.pack(pack)?;
        if let Some(index) = pack.index.get() {
            return Ok(index);
        }
        let index = ScannedIndex::open(store, &pack.record)?;
        Ok(pack.index.get_or_init(|| index))
    }
}

fn record_of(records: &[PackRecord], pack: u32) -> Result<&PackRecord, StoreError> {
    let what = "record";
    let found = usize::try_from(pack).ok().and_then(|at| records.get(at));
    found.ok_or(StoreError::Missing { what, pack })
}

/// The entry that one with this row leans on.
fn base_of<S: PackStore>(
    packs: &LivePacks<S>,
    at: Location,
    row: &Row,
) -> Result<Option<Location>, ReadError> {
    Ok(match row.base {
        Base::None => None,
        Base::Position(position) => Some(Location { position, ..at }),
        Base::External(number) => {
            let id = packs.external_base(at.pack, number)?;
            let what = "it is a delta base and in no earlier pack";
            let found = packs.find_before(&id, at.pack)?;
            Some(found.ok_or(ReadError::Corrupt { id, what })?)
        }
    })
}
