//! A plan that is made in steps, so that other requests of the isolate go on meanwhile.
//!
//! The engine has no clock. A step does some ten milliseconds of work, counted by kind of work. A step that
//! fails because bytes are cold has lost nothing, and can be taken again.

use std::collections::HashSet;
use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::graph::paint::{Cuts, Paint};
use super::super::graph::shallow::Boundary;
use super::super::pack::reader::{LivePacks, Location};
use super::super::store::PackStore;
use super::error::PlanError;
use super::objects::{Ground, Objects};
use super::request::{AtClient, Plan, PlanOptions, deepen, peel_haves};

/// Commits of a fetch at most for which pages of indexes and lists are read instead of all of them.
const FEW_COMMITS_MAX: usize = 250;

/// The work of a step; a unit is about a tenth of a microsecond.
/// Native tests stop at each place where a plan can.
const STEP_WORK: u64 = if cfg!(debug_assertions) { 1 } else { 1 << 16 };

/// Work of a want: tags are read.
const WANT_WORK: u64 = 16;

/// Work of a commit that is coloured.
const COMMIT_WORK: u64 = 8;

/// Work of the list of a commit, beside a unit for each object.
const LIST_WORK: u64 = 4;

/// Work of an object that is looked up by its id, and the most of them that one call looks up.
const LOOK_UP_WORK: u64 = 8;
const LOOKED_UP_MAX: u64 = 1 << 10;

/// Work of an object that the filter looks at, and the most of them that one call looks at.
const FILTER_WORK: u64 = 1;
const FILTERED_MAX: u64 = 1 << 13;

/// Bytes of trees for a unit of work, beside the work to read them; and of those that one call walks.
const TREE_BYTES: u64 = 8;
const TREES_BYTES_MAX: u64 = 1 << 14;

/// Makes a plan. Each call gets the same packs and the same request.
pub(super) struct Planner {
    graph: Rc<CommitGraph>,
    objects: Objects,
    wants: Vec<CommitNode>,
    walk: Option<Walk>,
    stage: Stage,
    /// Work that was done.
    work: u64,
}

/// The client's request, the same in each step.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) wants: &'a [ObjectId],
    pub(super) haves: &'a [ObjectId],
    pub(super) options: &'a PlanOptions<'a>,
}

/// The walk over the commits.
struct Walk {
    boundary: Boundary,
    haves: Vec<CommitNode>,
    paint: Paint,
    /// The edge of the new history.
    edge: HashSet<CommitNode>,
    wanted: HashSet<CommitNode>,
    missing: Vec<CommitNode>,
    /// How many of `missing` are still to be added, the next one last.
    left: usize,
}

#[derive(Clone, Copy)]
enum Stage {
    /// From this want on.
    Wants(usize),
    Boundary,
    Paint,
    Commits,
    /// From this place on.
    Filter(Location),
    /// From this tag on.
    Tags(usize),
    Done,
}

impl Planner {
    /// Nothing is chosen yet. `graph` must have been opened over the same live packs.
    pub(super) fn new<S: PackStore>(
        packs: &LivePacks<S>,
        graph: &Rc<CommitGraph>,
    ) -> Result<Self, PlanError> {
        if !graph.is_of(packs.records()) {
            return Err(PlanError::OtherPacks);
        }
        Ok(Self {
            graph: Rc::clone(graph),
            objects: Objects::new(packs, graph),
            wants: Vec::new(),
            walk: None,
            stage: Stage::Wants(0),
            work: 0,
        })
    }

    /// Does a step; whether there is more to do.
    pub(super) fn step<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        asked: Asked<'_>,
    ) -> Result<bool, PlanError> {
        let graph = Rc::clone(&self.graph);
        let ground = Ground {
            packs,
            graph: &graph,
            filter: &asked.options.filter,
        };
        let (mut left, mut read) = (STEP_WORK, packs.work());
        while left > 0 {
            let work = if self.objects.is_looking_up() {
                let objects_max = (left / LOOK_UP_WORK + 1).min(LOOKED_UP_MAX);
                let objects = self.objects.look_up(ground, objects_max)?;
                objects.saturating_mul(LOOK_UP_WORK)
            } else if self.objects.is_walking() {
                // Trees that a walk enters are entered only once: each walk ends before the next.
                let bytes_max = left.saturating_mul(TREE_BYTES).min(TREES_BYTES_MAX);
                let bytes = self.objects.walk_on(ground, bytes_max)?;
                bytes / TREE_BYTES
            } else if matches!(self.stage, Stage::Done) {
                return Ok(false);
            } else {
                self.go_on(ground, asked, left)?
            };
            let reading = packs.work().saturating_sub(read);
            read = packs.work();
            left = left.saturating_sub(work.saturating_add(reading).max(1));
            self.work = self.work.saturating_add(work);
        }
        Ok(true)
    }

    /// Grows with the work done, even if a step fails in the end.
    pub(super) fn work(&self) -> u64 {
        self.work.saturating_add(self.objects.trees_read())
    }

    /// The plan, once it is finished.
    pub(super) fn finish(self, asked: Asked<'_>) -> Result<Plan, PlanError> {
        debug_assert!(matches!(self.stage, Stage::Done), "a plan that is not done");
        let graph = self.graph;
        let walk = self.walk.ok_or(PlanError::OtherPacks)?;
        let (selection, introductions) = self.objects.finish();
        Ok(Plan {
            commits: walk.missing.len(),
            shallow: graph.commit_ids(&walk.boundary.shallow)?,
            unshallow: graph.commit_ids(&walk.boundary.unshallow)?,
            selection,
            at_client: AtClient {
                is_partial: !asked.options.filter.is_everything(),
                graph,
                introductions,
                paint: walk.paint,
            },
        })
    }

    /// Does a part of the stage; how much work it was.
    fn go_on<S: PackStore>(
        &mut self,
        ground: Ground<'_, S>,
        asked: Asked<'_>,
        left: u64,
    ) -> Result<u64, PlanError> {
        match self.stage {
            Stage::Wants(next) => {
                if let Some(want) = asked.wants.get(next) {
                    let node = self.objects.add_want(ground, *want)?;
                    self.wants.extend(node);
                    self.stage = Stage::Wants(next.saturating_add(1));
                } else {
                    self.stage = Stage::Boundary;
                }
                Ok(WANT_WORK)
            }
            Stage::Boundary => {
                self.walk = Some(self.begin_walk(ground.packs, asked)?);
                self.stage = Stage::Paint;
                Ok(COMMIT_WORK)
            }
            Stage::Paint => self.paint(ground, left),
            Stage::Commits => self.add_commit(ground),
            Stage::Filter(next) => {
                let objects_max = (left / FILTER_WORK + 1).min(FILTERED_MAX);
                self.stage = match self.objects.filter_on(ground, next, objects_max)? {
                    Some(next) => Stage::Filter(next),
                    None if self.objects.is_empty() => Stage::Done,
                    None => {
                        self.objects.forget_tags();
                        Stage::Tags(0)
                    }
                };
                let objects = self.objects.unfiltered_count().min(objects_max);
                Ok(objects.saturating_mul(FILTER_WORK).max(1))
            }
            Stage::Tags(next) => {
                if let Some(tag) = asked.options.include_tags.get(next) {
                    self.objects.include_tag(ground, *tag)?;
                    self.stage = Stage::Tags(next.saturating_add(1));
                } else {
                    self.stage = Stage::Done;
                }
                Ok(LOOK_UP_WORK)
            }
            Stage::Done => Ok(0),
        }
    }

    fn begin_walk<S: PackStore>(
        &self,
        packs: &LivePacks<S>,
        Asked { haves, options, .. }: Asked<'_>,
    ) -> Result<Walk, PlanError> {
        let graph = &self.graph;
        let mut wants = self.wants.clone();
        let haves = peel_haves(packs, graph, haves)?;
        let client_shallow = graph.lookup_all(options.client_shallow)?;
        let deepen = deepen(packs, graph, options.deepen)?;
        let boundary = Boundary::find(graph, &wants, &client_shallow, &deepen)?;
        let roots = graph.lookup_all(options.shallow)?;
        let boundary = boundary.within_shallow(graph, &wants, &client_shallow, &roots)?;
        let mut parents = Vec::new();
        for node in &boundary.unshallow {
            graph.parents(*node, &mut parents)?;
            // To deepen is to want the parents.
            wants.append(&mut parents);
        }
        let cuts = Cuts {
            wants: boundary.cut.clone(),
            haves: client_shallow.iter().copied().collect(),
        };
        Ok(Walk {
            paint: Paint::new(Rc::clone(graph), &wants, &haves, cuts)?,
            edge: boundary.cut.clone(),
            boundary,
            haves,
            wanted: wants.into_iter().collect(),
            missing: Vec::new(),
            left: 0,
        })
    }

    fn paint<S: PackStore>(&mut self, ground: Ground<'_, S>, left: u64) -> Result<u64, PlanError> {
        let Some(walk) = &mut self.walk else {
            return Err(PlanError::OtherPacks);
        };
        let commits_max = usize::try_from(left / COMMIT_WORK + 1).unwrap_or(usize::MAX);
        if !walk.paint.find_missing(commits_max, &mut walk.missing)? {
            return Ok(left);
        }
        let found = walk.missing.len();
        if found > FEW_COMMITS_MAX {
            self.objects.expect_many_commits(ground.packs);
        }
        // A walk by path leaves out the parents' objects, so they must be done: parents first. Lists are
        // read in the order in which they are stored.
        if !ground.filter.needs_paths() {
            walk.missing.sort_unstable_by(|one, other| other.cmp(one));
        }
        walk.left = found;
        self.stage = Stage::Commits;
        Ok((found.min(commits_max) as u64).saturating_mul(COMMIT_WORK))
    }

    /// Adds the next commit. After an error it can be called again.
    fn add_commit<S: PackStore>(&mut self, ground: Ground<'_, S>) -> Result<u64, PlanError> {
        let Some(walk) = &mut self.walk else {
            return Err(PlanError::OtherPacks);
        };
        let next = walk.left.checked_sub(1);
        let Some((left, node)) = next.and_then(|at| Some((at, *walk.missing.get(at)?))) else {
            // The last named objects are looked up with all the rest.
            self.objects.begin_look_up();
            self.stage = Stage::Filter(Location {
                pack: 0,
                position: 0,
            });
            return Ok(1);
        };
        if walk.wanted.contains(&node) {
            self.objects.add_wanted_commit(ground, node)?;
        }
        let objects = if walk.edge.contains(&node) {
            self.objects
                .add_edge(ground, node, &walk.haves, &mut walk.paint)?;
            1
        } else {
            self.objects.add_introduced(ground, node)?
        };
        walk.left = left;
        Ok(LIST_WORK.saturating_add(objects))
    }
}
