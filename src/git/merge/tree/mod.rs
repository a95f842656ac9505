//! Three trees merged, as git's `merge-ort.c` merges them.
//!
//! | file | what |
//! |---|---|
//! | `version` | the entry at a path, on each side and in the result |
//! | `state` | all that a merge knows |
//! | `line_up`, `collect` | the three trees walked, and the paths at which they differ noted |
//! | `sources` | the renames that are worth looking for |
//! | `directories` | renames of whole directories |
//! | `renames` | renames applied |
//! | `conflict` | the conflicts that a merge could not decide |
//! | `error` | why it ends early |
//! | `content` | one file, link or submodule merged |
//! | `process` | the result at a path |
//! | `write` | the trees of the result |
//!
//! Invariants:
//! - Real git is the oracle: the result, the conflicted paths and their stages are git's.
//! - Equal subtrees are not read, so the cost follows the changes.
//! - A step that fails for a cold chunk or for want of room has changed nothing, and is taken again.

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use super::super::compare::renames::{MergeNeeds, RenameOptions, Renames};
use super::super::edit::new_objects::{NewObjects, WithNew};
use super::super::store::ObjectSource;
use super::text::Style;

mod collect;
pub mod conflict;
mod content;
mod directories;
mod error;
mod hash_order;
mod line_up;
mod process;
mod renames;
mod sources;
mod state;
mod version;
mod write;

use collect::Collect;
use conflict::{Conflict, ConflictedPath};
use content::ContentOptions;
use directories::Collisions;
use renames::Rename;
use state::{EntryId, State};
use version::{OURS, Path, THEIRS};
use write::Directories;

pub use super::text::Favor;
pub use content::BranchNames;
pub use error::{TreeMergeError, TreeMergeLimits};
pub use version::Version;

/// Deleted and created files that are compared with each other: at most the square of this. Git
/// allows seven times as many in a merge; here that would take minutes.
const RENAME_LIMIT: u32 = 1000;

/// How trees are merged.
#[derive(Debug, Clone)]
pub struct TreeMergeOptions {
    /// The names of the sides.
    pub names: BranchNames,
    /// Which side's lines are taken where both changed them.
    pub favor: Favor,
    /// How deep inside a merge of merge bases; 0 for the merge that was asked for.
    pub depth: usize,
    /// Bounds of its memory.
    pub limits: TreeMergeLimits,
}

/// The result of merging three trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MergedTree {
    /// The tree; where something conflicts it has the conflict in it.
    pub tree: ObjectId,
    /// Whether nothing conflicts.
    pub is_clean: bool,
    /// The conflicted paths, sorted.
    pub conflicted: Vec<ConflictedPath>,
    /// The conflicts there, in the order in which the merge found them.
    pub conflicts: Vec<Conflict>,
    /// So many files of one side were deleted or created that not all of them were compared.
    pub rename_limit_needed: Option<u32>,
}

/// A merge under way.
#[derive(Debug)]
pub struct TreeMerge {
    state: State,
    phase: Phase,
    /// Work since it was asked for last.
    work: u64,
}

/// The work of a step, in some microseconds: one that notes or decides a path, one that looks for
/// renames, and each [`WORK_BYTES`] of a content that was merged.
const PATH_WORK: u64 = 5;
const RENAME_WORK: u64 = 2000;
const WORK_BYTES: u64 = 32;

#[derive(Debug)]
enum Phase {
    Collect(Collect),
    /// Renames of a side are looked for.
    Detect(usize, Box<Renames>),
    /// The renames from here on have to be applied.
    Apply(Vec<Rename>, usize),
    /// The paths up to here have to be decided, from the end.
    Decide(Vec<(Path, EntryId)>, Directories),
    Done(ObjectId),
}

impl TreeMerge {
    /// Merges the changes from the first tree to the second and to the third.
    pub fn new(trees: [ObjectId; 3], options: TreeMergeOptions) -> Self {
        let content = ContentOptions {
            names: options.names,
            favor: options.favor,
            style: Style::Merge,
            depth: options.depth,
            limits: options.limits,
        };
        Self {
            state: State::new(content),
            phase: Phase::Collect(Collect::new(trees)),
            work: 0,
        }
    }

    /// Bytes that it holds beside the new objects.
    pub fn held_bytes(&self) -> usize {
        let of_renames = match &self.phase {
            Phase::Detect(_, renames) => renames.held_bytes(),
            _ => 0,
        };
        self.state.held_bytes().saturating_add(of_renames)
    }

    /// Takes note of the bytes that there is room for while one text is merged.
    pub fn set_text_room(&mut self, bytes: u64) {
        self.state.options.limits.text_room_bytes = bytes;
    }

    /// How much work was done since this was asked last, in some microseconds.
    pub fn take_work(&mut self) -> u64 {
        std::mem::take(&mut self.work)
    }

    /// Takes one step, which reads little; `false` when all is done. After an error the same can be
    /// asked again.
    pub fn step(
        &mut self,
        stored: &impl ObjectSource,
        new_objects: &mut NewObjects,
    ) -> Result<bool, TreeMergeError> {
        let made_bytes = new_objects.held_bytes();
        let is_detection = matches!(self.phase, Phase::Detect(..));
        let done = self.take_step(stored, new_objects);
        let merged_bytes = new_objects.held_bytes().saturating_sub(made_bytes);
        let step_work = if is_detection { RENAME_WORK } else { PATH_WORK };
        let work = step_work.saturating_add(merged_bytes / WORK_BYTES);
        self.work = self.work.saturating_add(work);
        done
    }

    fn take_step(
        &mut self,
        stored: &impl ObjectSource,
        new_objects: &mut NewObjects,
    ) -> Result<bool, TreeMergeError> {
        let state = &mut self.state;
        match &mut self.phase {
            Phase::Collect(collect) => {
                if !collect.step(state, &WithNew::new(new_objects, stored))? {
                    self.phase = detect_any(state)?;
                }
            }
            Phase::Detect(side, renames) => {
                if !renames.step(&WithNew::new(new_objects, stored))? {
                    let side = *side;
                    let done = std::mem::replace(&mut self.phase, Phase::Apply(Vec::new(), 0));
                    if let Phase::Detect(_, renames) = done {
                        note_renames(state, side, *renames);
                    }
                    self.phase = if side == OURS {
                        detect(state, THEIRS)?
                    } else {
                        apply(state)?
                    };
                }
            }
            Phase::Apply(renames, next) => match renames.get(*next..) {
                Some(rest) if !rest.is_empty() => {
                    *next += renames::apply(state, stored, new_objects, rest)?.max(1);
                }
                _ => self.phase = decide(state),
            },
            Phase::Decide(paths, directories) => {
                let Some((path, id)) = paths.last() else {
                    let tree = directories.finish(new_objects)?;
                    self.phase = Phase::Done(tree);
                    return Ok(true);
                };
                directories.enter(state, new_objects, version::directory(path))?;
                process::process(state, stored, new_objects, directories, (path, *id))?;
                paths.pop();
            }
            Phase::Done(_) => return Ok(false),
        }
        Ok(true)
    }

    /// The result, once no step is left.
    pub fn into_result(self) -> Option<MergedTree> {
        let Phase::Done(tree) = self.phase else {
            return None;
        };
        let state = self.state;
        let mut conflicted: Vec<_> = state
            .conflicted
            .iter()
            .filter_map(|(path, id)| {
                let sides = state.entry(*id)?.conflict.as_deref()?;
                let stage_of = |side| {
                    let is_there = sides.file_mask & version::mask_of(side) != 0;
                    sides.stage(side).filter(|_| is_there)
                };
                Some(ConflictedPath {
                    path: BString::from(path.to_vec()),
                    stages: [version::BASE, OURS, THEIRS].map(stage_of),
                })
            })
            .collect();
        conflicted.sort_by(|one, other| one.path.cmp(&other.path));
        Some(MergedTree {
            tree,
            is_clean: state.is_clean && state.is_renames_clean && conflicted.is_empty(),
            conflicted,
            conflicts: state.conflicts,
            rename_limit_needed: state.rename_limit_needed,
        })
    }
}

/// Whether a side may have renames that matter.
fn has_renames(state: &State, side: usize) -> bool {
    let renames = state.side(side);
    !renames.pairs.is_empty() && !renames.needs.sources.is_empty()
}

/// Begins to look for renames, if any matter.
fn detect_any(state: &mut State) -> Result<Phase, TreeMergeError> {
    if has_renames(state, OURS) || has_renames(state, THEIRS) {
        detect(state, OURS)
    } else {
        Ok(decide(state))
    }
}

/// Begins to look for the renames of a side.
fn detect(state: &mut State, side: usize) -> Result<Phase, TreeMergeError> {
    if !has_renames(state, side) {
        return if side == OURS {
            detect(state, THEIRS)
        } else {
            apply(state)
        };
    }
    let renames = state.side_mut(side);
    let pairs = std::mem::take(&mut renames.pairs);
    let needs: MergeNeeds = std::mem::take(&mut renames.needs);
    let options = RenameOptions {
        limit: RENAME_LIMIT,
        with_empty_files: false,
        ..RenameOptions::default()
    };
    let renames = Renames::for_merge(pairs, options, needs);
    Ok(Phase::Detect(side, Box::new(renames)))
}

fn note_renames(state: &mut State, side: usize, renames: Renames) {
    state.rename_limit_needed = state.rename_limit_needed.max(renames.limit_needed());
    let (pairs, counts) = renames.into_changes_and_counts();
    let renames = state.side_mut(side);
    renames.pairs = pairs;
    renames.counts = counts;
}

/// Brings the renames of both sides together, with those that renamed directories make.
fn apply(state: &mut State) -> Result<Phase, TreeMergeError> {
    if state.options.depth == 0 {
        directories::choose(state, OURS);
        directories::choose(state, THEIRS);
        directories::drop_renamed_twice(state);
    }
    let mut collisions = [Collisions::of(state, OURS), Collisions::of(state, THEIRS)];
    let mut renames = Vec::new();
    directories::collect(state, OURS, &mut collisions, &mut renames)?;
    directories::collect(state, THEIRS, &mut collisions, &mut renames)?;
    renames.sort_by(|one, other| one.from.cmp(&other.from));
    Ok(Phase::Apply(renames, 0))
}

/// Puts all paths in the order in which they are decided.
fn decide(state: &State) -> Phase {
    let paths = state.paths().map(|(path, id)| (Path::clone(path), id));
    let mut paths: Vec<_> = paths.collect();
    paths.sort_unstable_by(|(one, _), (other, _)| write::order(one, other));
    Phase::Decide(paths, Directories::default())
}
