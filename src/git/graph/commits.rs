//! The segments of all live packs as one commit graph.
//!
//! Commits are numbered densely, segment after segment, so that a walk keeps its marks in a plain
//! vector. Opening reads the small Graph parts, 68 bytes a commit, and of a large one the header;
//! its pages are read as they are asked for. Later opens share the segments that are still live.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::store::{PackId, PackRecord, PackStore, StoreError};
use super::made_part::MadePart;
use super::segment::{Parent, Segment};

/// A commit of the graph: a number below [`CommitGraph::len`], of that graph only.
///
/// Equal commits are equal nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CommitNode(u32);

impl CommitNode {
    /// The number, for tables by node.
    pub fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// The place of a commit in its segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitPlace {
    /// The pack's place among the live packs.
    pub ordinal: u32,
    /// The pack.
    pub pack_id: PackId,
    /// The commit's number in the segment.
    pub number: u32,
}

/// All commits whose closure is stored and live.
#[derive(Debug, Clone, Default)]
pub struct CommitGraph {
    packs: Vec<LiveSegment>,
    /// Commits of overlapping pushes, which are in two segments: the later node, the one to use.
    aliases: HashMap<u32, CommitNode>,
    commits: u32,
    /// Whether a segment is read by pages.
    has_paged: bool,
}

#[derive(Debug, Clone)]
struct LiveSegment {
    pack_id: PackId,
    /// The node of commit 0.
    first: u32,
    segment: Segment,
    /// By row of the external parents: the node, once it was looked up.
    externals: Vec<Cell<Option<CommitNode>>>,
}

impl CommitGraph {
    /// Opens the graph of these packs, the live ones of one moment.
    pub fn open<S: PackStore + ?Sized>(
        store: &S,
        live_packs: &[PackRecord],
    ) -> Result<Self, StoreError> {
        Self::default().reopen(store, live_packs)
    }

    /// Opens the graph of these packs, sharing the tables that are open already. Packs that were published
    /// since are only added.
    pub(crate) fn reopen<S: PackStore + ?Sized>(
        &self,
        store: &S,
        live_packs: &[PackRecord],
    ) -> Result<Self, StoreError> {
        let known = self.packs.len();
        if let Some((old, new)) = live_packs.split_at_checked(known)
            && self.is_of(old)
        {
            let mut graph = self.clone();
            for record in new {
                graph.add(record.pack_id, Segment::open_stored(store, record)?)?;
            }
            return Ok(graph);
        }
        let open: HashMap<PackId, &Segment> = self
            .packs
            .iter()
            .map(|pack| (pack.pack_id, &pack.segment))
            .collect();
        let mut graph = Self::default();
        for record in live_packs {
            let pack_id = record.pack_id;
            let segment = match open.get(&pack_id) {
                Some(segment) => (*segment).clone(),
                None => Segment::open_stored(store, record)?,
            };
            graph.add(pack_id, segment)?;
        }
        Ok(graph)
    }

    /// This graph, and behind it the commits that a pack brings which is not live yet.
    pub fn with_segment(&self, part: &Rc<MadePart>) -> Result<Self, StoreError> {
        // No live pack has the number.
        let pack_id = PackId(u32::MAX);
        let segment = Segment::open_made(pack_id, part)?;
        let mut graph = self.clone();
        graph.add(pack_id, segment)?;
        Ok(graph)
    }

    /// The place of the last pack among the live ones; `None` without packs.
    pub(crate) fn last_ordinal(&self) -> Option<u32> {
        u32::try_from(self.packs.len().checked_sub(1)?).ok()
    }

    /// Whether this is the graph of these packs and no others.
    pub(crate) fn is_of(&self, live_packs: &[PackRecord]) -> bool {
        let ids = live_packs.iter().map(|record| record.pack_id);
        self.packs.iter().map(|pack| pack.pack_id).eq(ids)
    }

    /// Bytes that it keeps in memory.
    pub fn bytes(&self) -> usize {
        let segment = |pack: &LiveSegment| {
            let externals = size_of_val(pack.externals.as_slice());
            pack.segment.held_bytes() + externals + size_of::<LiveSegment>()
        };
        self.packs.iter().map(segment).sum::<usize>() + 32 * self.aliases.len()
    }

    fn add(&mut self, pack_id: PackId, segment: Segment) -> Result<(), StoreError> {
        let first = self.commits;
        self.commits = first
            .checked_add(segment.len())
            .ok_or_else(|| corrupt(pack_id))?;
        for earlier in 0..self.packs.len() {
            self.find_aliases(earlier, pack_id, &segment, first)?;
        }
        self.has_paged |= segment.is_paged();
        let externals = (0..segment.external_count())
            .map(|_| Cell::new(None))
            .collect();
        self.packs.push(LiveSegment {
            pack_id,
            first,
            segment,
            externals,
        });
        Ok(())
    }

    /// Notes the commits of a new segment that an earlier segment has too.
    fn find_aliases(
        &mut self,
        earlier: usize,
        pack_id: PackId,
        segment: &Segment,
        first: u32,
    ) -> Result<(), StoreError> {
        let Some(known) = self.packs.get(earlier) else {
            return Ok(());
        };
        if segment.proved_beside(known.pack_id)? || known.segment.proved_beside(pack_id)? {
            return Ok(());
        }
        let mut found = Vec::new();
        if segment.len() <= known.segment.len() {
            for number in 0..segment.len() {
                if let Some(other) = known.segment.lookup(&segment.commit_id(number)?)? {
                    found.push((first + number, known.first + other));
                }
            }
        } else {
            for other in 0..known.segment.len() {
                if let Some(number) = segment.lookup(&known.segment.commit_id(other)?)? {
                    found.push((first + number, known.first + other));
                }
            }
        }
        for (later, node) in found {
            let node = self.canonical(node);
            self.aliases.entry(later).or_insert(node);
        }
        Ok(())
    }

    fn canonical(&self, node: u32) -> CommitNode {
        if self.aliases.is_empty() {
            return CommitNode(node);
        }
        self.aliases.get(&node).copied().unwrap_or(CommitNode(node))
    }

    /// How many numbers are given to commits: the length of a table by node.
    pub fn len(&self) -> usize {
        usize::try_from(self.commits).unwrap_or(usize::MAX)
    }

    /// Whether there are no commits.
    pub fn is_empty(&self) -> bool {
        self.commits == 0
    }

    /// The packs whose segments these are, in the order of publishing.
    pub(crate) fn pack_ids(&self) -> Vec<PackId> {
        self.packs.iter().map(|pack| pack.pack_id).collect()
    }

    /// Whether two packs are known to share no commit.
    pub(crate) fn are_disjoint(&self, one: PackId, other: PackId) -> Result<bool, StoreError> {
        let proved = |from: PackId, beside: PackId| {
            let pack = self.packs.iter().find(|pack| pack.pack_id == from);
            pack.map_or(Ok(false), |pack| pack.segment.proved_beside(beside))
        };
        Ok(proved(one, other)? || proved(other, one)?)
    }

    /// The segment of the pack with this place among the live packs.
    pub fn segment(&self, ordinal: u32) -> Option<&Segment> {
        let pack = self.packs.get(usize::try_from(ordinal).ok()?)?;
        Some(&pack.segment)
    }

    /// The commit with this id; `None` if it is not stored, or its closure was never proved.
    pub fn lookup(&self, commit_id: &oid) -> Result<Option<CommitNode>, StoreError> {
        // The tables in memory come first: callers ask for late commits mostly, and those are in small packs.
        // Each copy of a commit leads to the same node.
        if let Some(node) = self.lookup_in(false, commit_id)? {
            return Ok(Some(node));
        }
        if self.has_paged {
            return self.lookup_in(true, commit_id);
        }
        Ok(None)
    }

    /// The commits with these ids, as far as there are such.
    pub(crate) fn lookup_all(&self, ids: &[ObjectId]) -> Result<Vec<CommitNode>, StoreError> {
        let found = ids.iter().map(|id| self.lookup(id));
        found.filter_map(Result::transpose).collect()
    }

    /// As [`Self::lookup`] in the segments that are read by pages, or in the others.
    fn lookup_in(&self, paged: bool, commit_id: &oid) -> Result<Option<CommitNode>, StoreError> {
        for pack in &self.packs {
            if pack.segment.is_paged() == paged
                && let Some(number) = pack.segment.lookup(commit_id)?
            {
                return Ok(Some(self.canonical(pack.first.saturating_add(number))));
            }
        }
        Ok(None)
    }

    fn pack_of(&self, node: CommitNode) -> Option<(usize, &LiveSegment, u32)> {
        debug_assert!(
            node.0 < self.commits,
            "{node:?} is not a node of this graph of {} commits",
            self.commits
        );
        let after = self.packs.partition_point(|pack| pack.first <= node.0);
        let ordinal = after.checked_sub(1)?;
        let pack = self.packs.get(ordinal)?;
        Some((ordinal, pack, node.0.checked_sub(pack.first)?))
    }

    /// The place of the commit.
    pub fn place(&self, node: CommitNode) -> Option<CommitPlace> {
        let (ordinal, pack, number) = self.pack_of(node)?;
        Some(CommitPlace {
            ordinal: u32::try_from(ordinal).ok()?,
            pack_id: pack.pack_id,
            number,
        })
    }

    /// The commit with this number in the segment of the pack with this place among the live
    /// packs.
    pub fn node(&self, ordinal: u32, number: u32) -> Option<CommitNode> {
        let pack = self.packs.get(usize::try_from(ordinal).ok()?)?;
        (number < pack.segment.len()).then(|| self.canonical(pack.first + number))
    }

    /// The segment with the commit, and its number there. A node of another graph gives nothing.
    fn at(&self, node: CommitNode) -> Result<(&LiveSegment, u32), StoreError> {
        let (_, pack, number) = self.pack_of(node).ok_or(corrupt(PackId(u32::MAX)))?;
        Ok((pack, number))
    }

    /// The commit's id.
    pub fn commit_id(&self, node: CommitNode) -> Result<ObjectId, StoreError> {
        let (pack, number) = self.at(node)?;
        pack.segment.commit_id(number)
    }

    /// The ids of these commits.
    pub(crate) fn commit_ids(&self, nodes: &[CommitNode]) -> Result<Vec<ObjectId>, StoreError> {
        nodes.iter().map(|node| self.commit_id(*node)).collect()
    }

    /// The id of the commit's tree.
    pub fn tree_id(&self, node: CommitNode) -> Result<ObjectId, StoreError> {
        let (pack, number) = self.at(node)?;
        pack.segment.tree_id(number)
    }

    /// The committer's time, in seconds since 1970.
    pub fn time_seconds(&self, node: CommitNode) -> Result<u64, StoreError> {
        let (pack, number) = self.at(node)?;
        pack.segment.time_seconds(number)
    }

    /// The commit's generation: 1 for a root, else 1 + the greatest of its parents'.
    pub fn generation(&self, node: CommitNode) -> Result<u32, StoreError> {
        let (pack, number) = self.at(node)?;
        pack.segment.generation(number)
    }

    /// Puts the commit's parents, in order, in place of the former ones in `parents`.
    pub fn parents(
        &self,
        node: CommitNode,
        parents: &mut Vec<CommitNode>,
    ) -> Result<(), StoreError> {
        parents.clear();
        let (pack, number) = self.at(node)?;
        pack.segment.for_each_parent(number, |parent| {
            parents.push(match parent {
                Parent::Local(number) => self.canonical(pack.first + number),
                Parent::External(row) => self.external(pack, row)?,
            });
            Ok(())
        })
    }

    fn external(&self, pack: &LiveSegment, row: u32) -> Result<CommitNode, StoreError> {
        let corrupt = || corrupt(pack.pack_id);
        let at = usize::try_from(row).ok();
        let cell = at
            .and_then(|at| pack.externals.get(at))
            .ok_or_else(corrupt)?;
        if let Some(node) = cell.get() {
            return Ok(node);
        }
        let node = self.lookup(&pack.segment.external(row)?)?;
        let node = node.ok_or_else(corrupt)?;
        cell.set(Some(node));
        Ok(node)
    }
}

fn corrupt(pack_id: PackId) -> StoreError {
    StoreError::Corrupt {
        what: "commit graph",
        pack: pack_id.0,
    }
}
