//! The segments of all live packs as one commit graph.
//!
//! Commits are numbered densely, segment after segment, so that a walk keeps its marks in a plain
//! vector. Opening reads the Graph parts, 64 bytes a commit, and nothing else; later opens share
//! the segments that are still live.

use std::cell::Cell;
use std::collections::HashMap;

use gix_hash::{ObjectId, oid};

use super::super::store::{PackId, PackRecord, PackStore, Part, Shared, StoreError};
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

    /// Opens the graph of these packs; what is open already is shared. Packs that were published
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
                let segment = Segment::open(store.part(record.pack_id, Part::Graph)?)
                    .map_err(|_| corrupt(record.pack_id))?;
                graph.add(record.pack_id, segment)?;
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
                None => Segment::open(store.part(pack_id, Part::Graph)?)
                    .map_err(|_| corrupt(pack_id))?,
            };
            graph.add(pack_id, segment)?;
        }
        Ok(graph)
    }

    /// This graph, and behind it the commits that a pack brings which is not live yet.
    pub fn with_segment(&self, part: Shared) -> Result<Self, StoreError> {
        // No live pack has the number.
        let pack_id = PackId(u32::MAX);
        let segment = Segment::open(part).map_err(|_| corrupt(pack_id))?;
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
            pack.segment.part_bytes() + externals + size_of::<LiveSegment>()
        };
        self.packs.iter().map(segment).sum::<usize>() + 32 * self.aliases.len()
    }

    fn add(&mut self, pack_id: PackId, segment: Segment) -> Result<(), StoreError> {
        let first = self.commits;
        self.commits = first
            .checked_add(segment.len())
            .ok_or_else(|| corrupt(pack_id))?;
        for earlier in 0..self.packs.len() {
            self.find_aliases(earlier, pack_id, &segment, first);
        }
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
    fn find_aliases(&mut self, earlier: usize, pack_id: PackId, segment: &Segment, first: u32) {
        let Some(known) = self.packs.get(earlier) else {
            return;
        };
        if segment.proved_beside(known.pack_id) || known.segment.proved_beside(pack_id) {
            return;
        }
        let mut found = Vec::new();
        if segment.len() <= known.segment.len() {
            for number in 0..segment.len() {
                if let Some(other) = known.segment.lookup(&segment.commit_id(number)) {
                    found.push((first + number, known.first + other));
                }
            }
        } else {
            for other in 0..known.segment.len() {
                if let Some(number) = segment.lookup(&known.segment.commit_id(other)) {
                    found.push((first + number, known.first + other));
                }
            }
        }
        for (later, node) in found {
            let node = self.canonical(node);
            self.aliases.entry(later).or_insert(node);
        }
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

    /// Whether it is known of two packs that no commit is in both.
    pub(crate) fn are_disjoint(&self, one: PackId, other: PackId) -> bool {
        let proved = |from: PackId, beside: PackId| {
            let pack = self.packs.iter().find(|pack| pack.pack_id == from);
            pack.is_some_and(|pack| pack.segment.proved_beside(beside))
        };
        proved(one, other) || proved(other, one)
    }

    /// The segment of the pack with this place among the live packs.
    pub fn segment(&self, ordinal: u32) -> Option<&Segment> {
        let pack = self.packs.get(usize::try_from(ordinal).ok()?)?;
        Some(&pack.segment)
    }

    /// The commit with this id; `None` if it is not stored, or its closure was never proved.
    pub fn lookup(&self, commit_id: &oid) -> Option<CommitNode> {
        self.packs.iter().find_map(|pack| {
            let number = pack.segment.lookup(commit_id)?;
            Some(CommitNode(pack.first.checked_add(number)?))
        })
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

    /// The commit's id; null for a node of another graph.
    pub fn commit_id(&self, node: CommitNode) -> ObjectId {
        let null = ObjectId::null(gix_hash::Kind::Sha1);
        self.pack_of(node)
            .map_or(null, |(_, pack, number)| pack.segment.commit_id(number))
    }

    /// The id of the commit's tree.
    pub fn tree_id(&self, node: CommitNode) -> ObjectId {
        let null = ObjectId::null(gix_hash::Kind::Sha1);
        self.pack_of(node)
            .map_or(null, |(_, pack, number)| pack.segment.tree_id(number))
    }

    /// The committer's time, in seconds since 1970.
    pub fn time_seconds(&self, node: CommitNode) -> u64 {
        self.pack_of(node)
            .map_or(0, |(_, pack, number)| pack.segment.time_seconds(number))
    }

    /// The commit's generation: 1 for a root, else 1 + the greatest of its parents'.
    pub fn generation(&self, node: CommitNode) -> u32 {
        self.pack_of(node)
            .map_or(0, |(_, pack, number)| pack.segment.generation(number))
    }

    /// Puts the commit's parents, in order, in place of what `parents` held.
    pub fn parents(
        &self,
        node: CommitNode,
        parents: &mut Vec<CommitNode>,
    ) -> Result<(), StoreError> {
        parents.clear();
        let Some((_, pack, number)) = self.pack_of(node) else {
            return Ok(());
        };
        let mut complete = true;
        pack.segment.for_each_parent(number, |parent| {
            let parent = match parent {
                Parent::Local(number) => Some(self.canonical(pack.first + number)),
                Parent::External(row) => self.external(pack, row),
            };
            complete &= parent.is_some();
            parents.extend(parent);
        });
        if complete {
            Ok(())
        } else {
            Err(corrupt(pack.pack_id))
        }
    }

    fn external(&self, pack: &LiveSegment, row: u32) -> Option<CommitNode> {
        let cell = pack.externals.get(usize::try_from(row).ok()?)?;
        if cell.get().is_none() {
            cell.set(self.lookup(&pack.segment.external(row)));
        }
        cell.get()
    }
}

fn corrupt(pack_id: PackId) -> StoreError {
    StoreError::Corrupt {
        what: "commit graph",
        pack: pack_id.0,
    }
}
