//! The check of a push: everything that its new tips reach is here.
//!
//! A commit of the live graph is known to be complete, so the walk ends there. Every other commit
//! is visited after its parents, and its tree is compared with theirs, descending only where they
//! differ: what is equal at the same path was proved with the parent, and the rest must exist,
//! with the kind that is claimed. That an object is in some live pack proves nothing about what
//! it refers to, so trees that are new to a commit are always descended into.
//!
//! What the walk learns is written down: the pack's Graph part ([`super::segment`]) and its
//! Introduced part ([`super::introduced`]).
//!
//! With a graph without commits, all refs as tips and the whole store as the pack, the walk
//! rebuilds both parts.

use std::collections::{HashMap, HashSet};

use gix_hash::{ObjectId, oid};

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::facts::{self, CommitFacts, FactsError};
use super::super::store::{ObjectSource, ReadError, Shared, StoreError};
use super::commits::{CommitGraph, CommitNode};
use super::introduced::IntroducedBuilder;
use super::segment::{NewCommit, NewParent, SegmentBuilder};
use super::trees::{NewEntry, PendingTree, TreeStack, for_each_new_entry};

/// Most bytes of all introduced lists of one push. A list takes 1 to 2 bytes an object, so only
/// a history that moves the same large trees about over and over comes here.
pub const LIST_BYTES_MAX: usize = 32 << 20;

/// Bytes of trees that count as one unit of a step's budget.
const BUDGET_UNIT_BYTES: usize = 8 << 10;

/// The pack that is being pushed.
pub trait Incoming {
    /// Entries in the pack.
    fn object_count(&self) -> u32;

    /// The position of an object of the pack, always the same if it is there more than once, and
    /// its kind.
    fn locate(&self, id: &oid) -> Option<(u32, ObjectKind)>;

    /// A commit of the pack, if it is at hand without reading it. Asked twice for each commit.
    fn commit(&self, _commit_id: &oid) -> Option<CommitFacts> {
        None
    }
}

/// Why a push cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectivityError {
    /// A pushed tip is nowhere.
    #[error("missing object {id}, which a ref would name")]
    MissingTip {
        /// The object.
        id: ObjectId,
    },
    /// An object is nowhere that another one refers to.
    #[error("missing {kind} {id}, referred to by {referred_by}")]
    Missing {
        /// The object.
        id: ObjectId,
        /// The kind it should have.
        kind: ObjectKind,
        /// The object that refers to it: a commit, tree or tag.
        referred_by: ObjectId,
    },
    /// An object is not of the kind that another one says.
    #[error("object {id} is a {found}, not a {expected} as {referred_by} says")]
    WrongKind {
        /// The object.
        id: ObjectId,
        /// The kind it should have.
        expected: ObjectKind,
        /// The kind it has.
        found: ObjectKind,
        /// The object that refers to it.
        referred_by: ObjectId,
    },
    /// An object that git could not read.
    #[error("malformed object {id}: {problem}")]
    Malformed {
        /// The object.
        id: ObjectId,
        /// What is wrong with it.
        problem: FactsError,
    },
    /// Directories are nested too deep.
    #[error("tree {id} lies {depth} levels deep, at most {limit} are allowed")]
    TooDeep {
        /// The tree.
        id: ObjectId,
        /// Its level: 1 for a root tree.
        depth: usize,
        /// The bound.
        limit: usize,
    },
    /// The introduced lists grow beyond [`LIST_BYTES_MAX`], or the segment is full.
    #[error("history moves too many objects: more than {limit} bytes of introduced lists")]
    TooManyIntroduced {
        /// The bound in bytes.
        limit: usize,
    },
    /// An object could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl From<StoreError> for ConnectivityError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

/// Whether a machine has more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Call `step` again.
    Working,
    /// Call `finish`.
    Done,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectivityStats {
    /// Commits proved.
    pub commits: u32,
    /// Trees read, those of parents included.
    pub trees_read: u64,
    /// Entries of all introduced lists.
    pub introduced: u64,
    /// Distinct introduced objects that are in live packs.
    pub externals: usize,
}

/// The result: both parts, each to be stored in rows of at most 1 MiB.
#[derive(Debug)]
pub struct Connected {
    /// The pack's Graph part.
    pub graph_part: Vec<u8>,
    /// The pack's Introduced part.
    pub introduced_part: Vec<u8>,
    /// What was done.
    pub stats: ConnectivityStats,
}

/// What a tip is, or what refers to it.
struct Tip {
    id: ObjectId,
    /// The tag that refers to it, and the kind that the tag claims.
    tag: Option<(ObjectId, ObjectKind)>,
}

/// A commit that waits for its parents.
struct Waiting {
    commit_id: ObjectId,
    /// Parents that are done.
    parents_done: usize,
}

/// For whom trees are walked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Walker {
    /// A commit, by number.
    Commit(u32),
    /// A tip that is a tree or a blob.
    Tip,
}

impl Walker {
    fn stamp(self) -> u32 {
        match self {
            Self::Commit(number) => number.saturating_add(1),
            Self::Tip => u32::MAX,
        }
    }
}

/// The walk. Holds 8 bytes a pack entry, 64 a commit and what the two parts take.
pub struct Connectivity<'a> {
    graph: &'a CommitGraph,
    objects: &'a dyn ObjectSource,
    incoming: &'a dyn Incoming,
    tree_depth_max: usize,

    tips: Vec<Tip>,
    tags: HashSet<ObjectId>,
    path: Vec<Waiting>,
    walker: Walker,
    trees: TreeStack,

    /// By position: for whom the object was listed last.
    stamps: Vec<u32>,
    /// By row of the external objects: the same, and the kind that was found.
    external_stamps: Vec<(u32, ObjectKind)>,
    /// Objects of live packs that tips reach without a commit, and their kinds.
    tip_externals: HashMap<ObjectId, ObjectKind>,
    /// Commits that are in live packs but not in the graph, by id.
    stray_commits: HashMap<ObjectId, u32>,

    /// The list of the current commit.
    positions: Vec<u32>,
    externals: Vec<u32>,
    segment: SegmentBuilder,
    introduced: IntroducedBuilder,
    stats: ConnectivityStats,
}

impl<'a> Connectivity<'a> {
    /// Prepares the walk from `tips`, the new ids of the refs. `objects` must see the incoming
    /// pack and the live packs; `graph` must be that of the same live packs.
    pub fn new(
        graph: &'a CommitGraph,
        objects: &'a dyn ObjectSource,
        incoming: &'a dyn Incoming,
        tips: &[ObjectId],
        limits: &Limits,
    ) -> Self {
        let object_count = incoming.object_count();
        Self {
            graph,
            objects,
            incoming,
            tree_depth_max: limits.tree_depth_max,
            tips: tips.iter().rev().map(|id| Tip { id: *id, tag: None }).collect(),
            tags: HashSet::new(),
            path: Vec::new(),
            walker: Walker::Tip,
            trees: TreeStack::default(),
            stamps: vec![0; usize::try_from(object_count).unwrap_or(0)],
            external_stamps: Vec::new(),
            tip_externals: HashMap::new(),
            stray_commits: HashMap::new(),
            positions: Vec::new(),
            externals: Vec::new(),
            segment: SegmentBuilder::new(graph.pack_ids()),
            introduced: IntroducedBuilder::new(object_count),
            stats: ConnectivityStats::default(),
        }
    }

    /// Works on; `budget` counts objects read, large trees more than once.
    pub fn step(&mut self, budget: usize) -> Result<Progress, ConnectivityError> {
        let mut spent = 0;
        while spent < budget {
            if let Some(tree) = self.trees.pop() {
                spent += self.walk_tree(&tree)?;
            } else if !self.path.is_empty() {
                self.close_list()?;
                spent += 1;
                self.advance_path()?;
            } else if let Some(tip) = self.tips.pop() {
                self.close_list()?;
                spent += 1;
                self.start_tip(&tip)?;
            } else {
                self.close_list()?;
                return Ok(Progress::Done);
            }
        }
        Ok(Progress::Working)
    }

    /// The parts, once `step` said that it is done.
    pub fn finish(self) -> Connected {
        let mut stats = self.stats;
        stats.commits = self.segment.len();
        stats.externals = self.introduced.external_count();
        Connected {
            graph_part: self.segment.finish(),
            introduced_part: self.introduced.finish(),
            stats,
        }
    }

    fn start_tip(&mut self, tip: &Tip) -> Result<(), ConnectivityError> {
        let is_known = self.graph.lookup(&tip.id).is_some();
        let found = match self.incoming.locate(&tip.id) {
            _ if is_known => Some(ObjectKind::Commit),
            Some((_, kind)) => Some(kind),
            None => self.objects.kind(&tip.id)?,
        };
        let found = found.ok_or(match tip.tag {
            Some((referred_by, kind)) => {
                ConnectivityError::Missing { id: tip.id, kind, referred_by }
            }
            None => ConnectivityError::MissingTip { id: tip.id },
        })?;
        if let Some((referred_by, expected)) = tip.tag {
            agree(tip.id, expected, found, referred_by)?;
        }
        match found {
            ObjectKind::Commit if is_known => {}
            ObjectKind::Commit => self.path.push(Waiting { commit_id: tip.id, parents_done: 0 }),
            ObjectKind::Tag => self.follow_tag(tip.id)?,
            ObjectKind::Tree | ObjectKind::Blob => {
                self.walker = Walker::Tip;
                let referred_by = tip.tag.map_or(tip.id, |(tag_id, _)| tag_id);
                if self.introduce(tip.id, found, referred_by)? && found == ObjectKind::Tree {
                    self.trees.push(tip.id, referred_by, &[], 1);
                }
            }
        }
        Ok(())
    }

    fn follow_tag(&mut self, tag_id: ObjectId) -> Result<(), ConnectivityError> {
        if !self.tags.insert(tag_id) {
            return Ok(());
        }
        let content = self.read(tag_id, ObjectKind::Tag, tag_id)?;
        let tag = facts::tag(&content).map_err(|problem| malformed(tag_id, problem))?;
        self.tips.push(Tip { id: tag.target, tag: Some((tag_id, tag.target_kind)) });
        Ok(())
    }

    /// Goes to the next unproved parent of the last commit of the path, or proves the commit.
    fn advance_path(&mut self) -> Result<(), ConnectivityError> {
        let child_id = match self.path.as_slice() {
            [.., child, _] => child.commit_id,
            _ => ObjectId::null(gix_hash::Kind::Sha1),
        };
        let Some(waiting) = self.path.last() else { return Ok(()) };
        let (commit_id, parents_done) = (waiting.commit_id, waiting.parents_done);
        if self.proved_number(&commit_id).is_some() {
            self.path.pop();
            return Ok(());
        }
        let facts = self.commit_facts(commit_id, child_id)?;
        let unproved = facts.parents.iter().enumerate().skip(parents_done).find(|(_, parent)| {
            self.proved_number(parent).is_none() && self.graph.lookup(parent).is_none()
        });
        if let Some((at, parent_id)) = unproved {
            if let Some(waiting) = self.path.last_mut() {
                waiting.parents_done = at;
            }
            self.path.push(Waiting { commit_id: *parent_id, parents_done: 0 });
            return Ok(());
        }
        self.path.pop();
        self.start_commit(commit_id, &facts)
    }

    /// Gives the commit its number and prepares the walk of its tree.
    fn start_commit(
        &mut self,
        commit_id: ObjectId,
        facts: &CommitFacts,
    ) -> Result<(), ConnectivityError> {
        let mut parents = Vec::with_capacity(facts.parents.len());
        let mut roots = Vec::with_capacity(facts.parents.len());
        for parent_id in &facts.parents {
            let (parent, root) = self.proved_parent(parent_id).ok_or(
                ConnectivityError::Missing {
                    id: *parent_id,
                    kind: ObjectKind::Commit,
                    referred_by: commit_id,
                },
            )?;
            parents.push(parent);
            if !roots.contains(&root) {
                roots.push(root);
            }
        }
        let commit = NewCommit { commit_id, tree_id: facts.tree, time_seconds: facts.time };
        let full = ConnectivityError::TooManyIntroduced { limit: LIST_BYTES_MAX };
        let number = self.segment.push(&commit, &parents).ok_or(full)?;

        self.walker = Walker::Commit(number);
        self.introduce(commit_id, ObjectKind::Commit, commit_id)?;
        if self.incoming.locate(&commit_id).is_none() {
            self.stray_commits.insert(commit_id, number);
        }
        if !roots.contains(&facts.tree) && self.introduce(facts.tree, ObjectKind::Tree, commit_id)? {
            self.trees.push(facts.tree, commit_id, &roots, 1);
        }
        Ok(())
    }

    /// The number of a commit that this walk has proved.
    fn proved_number(&self, commit_id: &oid) -> Option<u32> {
        match self.incoming.locate(commit_id) {
            Some((position, ObjectKind::Commit)) => self.introduced.introducer(position),
            Some(_) => None,
            None => self.stray_commits.get(commit_id).copied(),
        }
    }

    fn proved_parent(&self, commit_id: &ObjectId) -> Option<(NewParent, ObjectId)> {
        if let Some(number) = self.proved_number(commit_id) {
            return Some((NewParent::Local(number), self.segment.tree_id(number)?));
        }
        let node: CommitNode = self.graph.lookup(commit_id)?;
        let generation = self.graph.generation(node);
        let parent = NewParent::External { commit_id: *commit_id, generation };
        Some((parent, self.graph.tree_id(node)))
    }

    fn commit_facts(
        &self,
        commit_id: ObjectId,
        referred_by: ObjectId,
    ) -> Result<CommitFacts, ConnectivityError> {
        if let Some(facts) = self.incoming.commit(&commit_id) {
            return Ok(facts);
        }
        let content = self.read(commit_id, ObjectKind::Commit, referred_by)?;
        facts::commit(&content).map_err(|problem| malformed(commit_id, problem))
    }

    /// Walks one tree; returns what that costs of the budget.
    fn walk_tree(&mut self, tree: &PendingTree) -> Result<usize, ConnectivityError> {
        if tree.depth > self.tree_depth_max {
            let limit = self.tree_depth_max;
            return Err(ConnectivityError::TooDeep { id: tree.id, depth: tree.depth, limit });
        }
        let content = self.read(tree.id, ObjectKind::Tree, tree.referred_by)?;
        let mut bases = Vec::with_capacity(tree.bases.len());
        let mut bytes = content.len();
        for base in &tree.bases {
            let base = self.read(*base, ObjectKind::Tree, tree.referred_by)?;
            bytes = bytes.saturating_add(base.len());
            bases.push(base);
        }
        let reads = 1 + bases.len();
        self.stats.trees_read += reads as u64;
        for_each_new_entry(&content, &bases, |entry| {
            self.visit_entry(tree, entry).map_err(EntryError::Other)
        })
        .map_err(|error| match error {
            EntryError::Tree(problem) => malformed(tree.id, problem),
            EntryError::Other(error) => error,
        })?;
        Ok(reads + bytes / BUDGET_UNIT_BYTES)
    }

    fn visit_entry(
        &mut self,
        tree: &PendingTree,
        entry: NewEntry<'_>,
    ) -> Result<(), ConnectivityError> {
        if self.introduce(entry.id, entry.kind, tree.id)? && entry.kind == ObjectKind::Tree {
            self.trees.push(entry.id, tree.id, entry.bases, tree.depth.saturating_add(1));
        }
        Ok(())
    }

    /// Checks that an object exists, and lists it. False if the current walker has done so
    /// before.
    fn introduce(
        &mut self,
        id: ObjectId,
        kind: ObjectKind,
        referred_by: ObjectId,
    ) -> Result<bool, ConnectivityError> {
        let stamp = self.walker.stamp();
        let Some((position, found)) = self.incoming.locate(&id) else {
            return self.introduce_external(id, kind, referred_by);
        };
        agree(id, kind, found, referred_by)?;
        let slot = usize::try_from(position).ok().and_then(|at| self.stamps.get_mut(at));
        let is_new = slot.is_some_and(|slot| std::mem::replace(slot, stamp) != stamp);
        if let (true, Walker::Commit(number)) = (is_new, self.walker) {
            self.introduced.note_introducer(position, number);
            self.positions.push(position);
        }
        Ok(is_new)
    }

    /// The same for an object that is not in the incoming pack: it must be in a live one.
    fn introduce_external(
        &mut self,
        id: ObjectId,
        kind: ObjectKind,
        referred_by: ObjectId,
    ) -> Result<bool, ConnectivityError> {
        if self.walker == Walker::Tip {
            if let Some(found) = self.tip_externals.get(&id) {
                agree(id, kind, *found, referred_by)?;
                return Ok(false);
            }
            self.check_live(id, kind, referred_by)?;
            self.tip_externals.insert(id, kind);
            return Ok(true);
        }
        let stamp = self.walker.stamp();
        let (row, is_new) = self.introduced.external(id);
        if is_new {
            self.check_live(id, kind, referred_by)?;
            self.external_stamps.push((0, kind));
        }
        let slot = usize::try_from(row).ok().and_then(|at| self.external_stamps.get_mut(at));
        let Some((slot, found)) = slot else { return Ok(false) };
        agree(id, kind, *found, referred_by)?;
        let is_new = std::mem::replace(slot, stamp) != stamp;
        if is_new {
            self.externals.push(row);
        }
        Ok(is_new)
    }

    /// Checks that an object that is not in the incoming pack is in a live one.
    fn check_live(
        &self,
        id: ObjectId,
        kind: ObjectKind,
        referred_by: ObjectId,
    ) -> Result<(), ConnectivityError> {
        match self.objects.kind(&id)? {
            Some(found) => agree(id, kind, found, referred_by),
            None => Err(ConnectivityError::Missing { id, kind, referred_by }),
        }
    }

    /// Writes down what the current commit introduces.
    fn close_list(&mut self) -> Result<(), ConnectivityError> {
        if let Walker::Commit(_) = self.walker {
            self.stats.introduced += (self.positions.len() + self.externals.len()) as u64;
            self.introduced.push(&mut self.positions, &mut self.externals);
            self.positions.clear();
            self.externals.clear();
            self.walker = Walker::Tip;
            if self.introduced.list_bytes() > LIST_BYTES_MAX {
                return Err(ConnectivityError::TooManyIntroduced { limit: LIST_BYTES_MAX });
            }
        }
        Ok(())
    }

    fn read(
        &self,
        id: ObjectId,
        kind: ObjectKind,
        referred_by: ObjectId,
    ) -> Result<Shared, ConnectivityError> {
        let missing = ConnectivityError::Missing { id, kind, referred_by };
        let (found, content) = self.objects.read(&id)?.ok_or(missing)?;
        agree(id, kind, found, referred_by)?;
        Ok(content)
    }
}

enum EntryError {
    Tree(FactsError),
    Other(ConnectivityError),
}

impl From<FactsError> for EntryError {
    fn from(problem: FactsError) -> Self {
        Self::Tree(problem)
    }
}

fn malformed(id: ObjectId, problem: FactsError) -> ConnectivityError {
    ConnectivityError::Malformed { id, problem }
}

/// The kind that was found must be the one that the referring object says.
fn agree(
    id: ObjectId,
    expected: ObjectKind,
    found: ObjectKind,
    referred_by: ObjectId,
) -> Result<(), ConnectivityError> {
    if found == expected {
        return Ok(());
    }
    Err(ConnectivityError::WrongKind { id, expected, found, referred_by })
}
