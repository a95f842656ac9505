//! Checks that everything that the new tips of a push reach is here.
//!
//! A commit of the live graph is known to be complete, so the walk ends there, unless the pack
//! brings it again: then it may be one that no ref reaches, and is walked like any other. Every
//! other commit is visited after its parents, and its tree is compared with theirs, descending only
//! where they differ: a subtree that is equal at the same path was proved with the parent, and every other
//! object must exist, with the kind that is claimed. An object in some live pack may refer to missing ones,
//! so trees that are new to a commit are always descended into.
//!
//! The walk tells its caller which objects outside the pack the push relies on. A pusher may know the id of
//! an object that it may not see, and must not get the object by naming it.
//!
//! The walk writes down its findings, as the pack's Graph part ([`super::segment`]) and its
//! Introduced part ([`super::introduced`]).
//!
//! With a graph without commits, all refs as tips and the whole store as the pack, the walk
//! rebuilds both parts.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::facts::FactsError;
use super::super::store::{ObjectSource, Scratch, Shared, StoreError};
use super::commits::{CommitGraph, CommitNode};
use super::made_part::MadePart;
use super::segment::SegmentBuilder;
use super::spool::Spill;
use super::trees::{NewEntry, PendingTree, TreeStack, for_each_new_entry};

mod commits;
mod error;
mod incoming;
mod lists;
mod path;
mod tip_steps;
mod tips;

pub use error::ConnectivityError;
use error::{agree, malformed};
pub use incoming::Incoming;
use lists::Lists;
use path::Path;
use tips::{NextTip, Tip, TipSource};

/// Bytes of trees that count as one unit of a step's budget.
const BUDGET_UNIT_BYTES: usize = 8 << 10;

/// Whether a machine has more to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Call `step` again.
    Working,
    /// Call `finish`.
    Done,
}

/// Counts of the work done.
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

/// The result: both parts.
#[derive(Debug)]
pub struct Connected {
    /// The pack's Graph part. Its tables in scratch stay there as long as somebody holds this.
    pub graph_part: Rc<MadePart>,
    /// The pack's Introduced part, as the Graph part.
    pub introduced_part: MadePart,
    /// Objects that the tips need and the pack does not hold, each once, without the objects
    /// behind them.
    pub relied_on: Vec<ObjectId>,
    /// Counts of the work done.
    pub stats: ConnectivityStats,
}

/// Marks a waiting commit that is not in the pack.
const OUTSIDE: u32 = 1 << 31;

/// The walk. Holds the memory of the two parts, and 8 bytes a commit that waits; with scratch each of the two
/// takes some MiB at most.
pub struct Connectivity<'a> {
    graph: &'a CommitGraph,
    objects: &'a dyn ObjectSource,
    incoming: &'a dyn Incoming,
    tree_depth_max: usize,
    /// Commits that count as if they had no parents.
    shallow: HashSet<ObjectId>,
    /// Objects of live packs that count as if they were not here.
    hidden: Rc<HashSet<ObjectId>>,
    /// Tips outside the pack, and the objects outside it that tips tag.
    tips_relied_on: HashSet<ObjectId>,
    /// Whether a commit of the pack is in the graph already.
    overlaps: bool,

    /// Those that are still to be walked.
    tips: TipSource,
    /// The object that a tag refers to, once the tag was read: it is walked next.
    tagged: Option<Tip>,
    /// The tip that is being walked, as it was given.
    tip_id: ObjectId,
    /// Commits that are not complete, and those that build on them.
    bad_commits: HashSet<ObjectId>,
    /// The commit whose tree is being walked.
    commit_id: Option<ObjectId>,
    tags: HashSet<ObjectId>,
    path: Path,
    /// Commits outside the pack that have waited.
    waiting_outside: Vec<ObjectId>,
    trees: TreeStack,
    /// Commits that are in live packs but not in the graph, by id.
    stray_commits: HashMap<ObjectId, u32>,
    segment: SegmentBuilder,
    lists: Lists<'a>,
    trees_read: u64,
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
        Self {
            graph,
            objects,
            incoming,
            tree_depth_max: limits.tree_depth_max,
            shallow: HashSet::new(),
            hidden: Rc::default(),
            tips_relied_on: HashSet::new(),
            overlaps: false,
            tips: TipSource::of(tips),
            tagged: None,
            tip_id: ObjectId::null(gix_hash::Kind::Sha1),
            bad_commits: HashSet::new(),
            commit_id: None,
            tags: HashSet::new(),
            path: Path::default(),
            waiting_outside: Vec::new(),
            trees: TreeStack::default(),
            stray_commits: HashMap::new(),
            segment: SegmentBuilder::new(graph.pack_ids(), incoming.commit_count()),
            lists: Lists::new(objects, incoming),
            trees_read: 0,
        }
    }

    /// The same with all commits of the incoming pack as tips, except those that the graph has and
    /// `left_out`. They are taken from the pack one by one.
    #[must_use]
    pub fn from_all_commits(mut self, left_out: &Rc<HashSet<ObjectId>>) -> Self {
        self.tips = TipSource::commits_of(self.incoming.object_count(), left_out);
        self
    }

    /// The same for a history that is here in part: these commits count as if they had no parents,
    /// here and in the parts that the walk gives.
    #[must_use]
    pub fn with_shallow(mut self, shallow: impl IntoIterator<Item = ObjectId>) -> Self {
        self.shallow.extend(shallow);
        self
    }

    /// The same where these objects of live packs count as if they were not here.
    #[must_use]
    pub fn without(mut self, hidden: &Rc<HashSet<ObjectId>>) -> Self {
        self.hidden = Rc::clone(hidden);
        self.lists.hide(hidden);
        self
    }

    /// The commit in the live graph, if that is where the walk ends.
    fn known(&self, commit_id: &oid) -> Result<Option<CommitNode>, StoreError> {
        let node = self.graph.lookup(commit_id)?;
        let is_pushed = matches!(
            self.incoming.locate(commit_id),
            Some((_, ObjectKind::Commit))
        );
        Ok(node.filter(|_| !is_pushed && !self.hidden.contains(commit_id)))
    }

    /// Works on, and fails if the pack's tables failed meanwhile. See [`Self::work`].
    pub fn step(&mut self, budget: usize) -> Result<Progress, ConnectivityError> {
        let worked = self.work(budget);
        self.incoming.check()?;
        worked
    }

    /// Works on; `budget` counts objects read, large trees more than once. It can be called again
    /// after [`ConnectivityError::Read`], and then starts the interrupted piece of work over.
    fn work(&mut self, budget: usize) -> Result<Progress, ConnectivityError> {
        let mut spent = 0;
        while spent < budget {
            if let Some(tree) = self.trees.pop() {
                match self.walk_tree(&tree) {
                    Ok(cost) => spent += cost,
                    Err(error) => {
                        let PendingTree {
                            id,
                            referred_by,
                            bases,
                            depth,
                        } = tree;
                        self.trees.push(id, referred_by, &bases, depth);
                        return Err(error);
                    }
                }
            } else if !self.path.is_empty() {
                self.commit_id = None;
                self.lists.close()?;
                spent += 1;
                self.advance_path()?;
            } else {
                self.commit_id = None;
                self.lists.close()?;
                spent += 1;
                match self.next_tip()? {
                    NextTip::Is(tip) => self.take_tip(tip)?,
                    NextTip::Later => {}
                    NextTip::None => return Ok(Progress::Done),
                }
            }
        }
        Ok(Progress::Working)
    }

    /// After an error, gives up the incomplete tip, and returns it as it was given. The walk can go
    /// on and judge the other tips. Its parts are then worthless, and a remaining tip may wrongly
    /// look complete, so walk the good tips again.
    pub fn give_up_tip(&mut self) -> Result<ObjectId, StoreError> {
        self.bad_commits.extend(self.commit_id.take());
        let path = self.path.take_all()?;
        let waiting = path
            .into_iter()
            .filter_map(|waiting| self.waiting_id(waiting));
        let waiting: Vec<_> = waiting.collect();
        self.bad_commits.extend(waiting);
        self.waiting_outside.clear();
        self.trees = TreeStack::default();
        self.tagged = None;
        self.lists.abandon();
        Ok(self.tip_id)
    }

    /// The same where tables that grow large go to scratch, which nothing else uses.
    #[must_use]
    pub fn spilling_to(mut self, scratch: Rc<dyn Scratch>) -> Self {
        let spill = Rc::new(Spill::new(scratch));
        let (packs, commits) = (self.graph.pack_ids(), self.incoming.commit_count());
        self.segment = SegmentBuilder::spilling_to(&spill, packs, commits);
        self.lists.spill_to(&spill);
        self.path.spill_to(&spill);
        self
    }

    /// The parts, once `step` said that it is done.
    pub fn finish(self) -> Result<Connected, StoreError> {
        let commits = self.segment.len();
        let mut relied_on = self.tips_relied_on;
        relied_on.extend(self.segment.externals());
        let (introduced, externals, introduced_part) = self.lists.finish(&mut relied_on)?;
        let trees_read = self.trees_read;
        let segment = if self.overlaps {
            self.segment.beside(Vec::new())
        } else {
            self.segment
        };
        Ok(Connected {
            graph_part: Rc::new(segment.finish()?),
            introduced_part,
            relied_on: relied_on.into_iter().collect(),
            stats: ConnectivityStats {
                commits,
                trees_read,
                introduced,
                externals,
            },
        })
    }

    /// Commits proved so far.
    pub fn commits_proved(&self) -> u32 {
        self.segment.len()
    }

    /// Walks one tree; returns its cost in the budget.
    fn walk_tree(&mut self, tree: &PendingTree) -> Result<usize, ConnectivityError> {
        if tree.depth > self.tree_depth_max {
            let limit = self.tree_depth_max;
            return Err(ConnectivityError::TooDeep {
                id: tree.id,
                depth: tree.depth,
                limit,
            });
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
        self.trees_read += reads as u64;
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
        if self.lists.introduce(entry.id, entry.kind, tree.id)? && entry.kind == ObjectKind::Tree {
            self.trees
                .push(entry.id, tree.id, entry.bases, tree.depth.saturating_add(1));
        }
        Ok(())
    }

    fn read(
        &self,
        id: ObjectId,
        kind: ObjectKind,
        referred_by: ObjectId,
    ) -> Result<Shared, ConnectivityError> {
        let missing = ConnectivityError::Missing {
            id,
            kind,
            referred_by,
        };
        if self.hidden.contains(&id) {
            return Err(missing);
        }
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
