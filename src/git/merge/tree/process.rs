//! The entry of the result at a path (`process_entry` of git's `merge-ort.c`).

use super::super::super::edit::new_objects::NewObjects;
use super::super::super::store::ObjectSource;
use super::conflict::ConflictKind;
use super::content::{self, Contents};
use super::error::TreeMergeError;
use super::state::{EntryId, State};
use super::version::{BASE, Entry, OURS, Path, Sides, Stage, THEIRS, Version, is_like, mask_of};
use super::write::Directories;
use gix_object::tree::EntryKind;

/// A path under way: the decisions so far, which are not in the state yet.
struct Work {
    sides: Sides,
    path: Path,
    /// The path on which a directory stands in the way, and the side whose file it is.
    moved_from: Option<(Path, usize)>,
    result: Stage,
    is_clean: bool,
    told: Vec<ConflictKind>,
}

/// Decides about a path and hands it to its directory. Where it fails for a cold chunk it has changed
/// nothing.
pub(super) fn process(
    state: &mut State,
    stored: &impl ObjectSource,
    new_objects: &mut NewObjects,
    directories: &mut Directories,
    (path, id): (&Path, EntryId),
) -> Result<(), TreeMergeError> {
    let Some(entry) = state.entry(id) else {
        return Ok(());
    };
    let Some(sides) = entry.open().cloned() else {
        directories.record(path, entry.result.filter(|_| !entry.is_null));
        return Ok(());
    };
    let directory = entry
        .result
        .filter(|_| !entry.is_null && sides.dir_mask != 0);
    let is_directory_alone = sides.dir_mask != 0 && sides.file_mask == 0;
    let is_deleted_file = directory.is_some() && sides.file_mask == 1;
    if is_directory_alone || is_deleted_file {
        directories.record(path, directory);
        return Ok(());
    }
    let mut work = Work::new(state, sides, path, directory.is_some());
    let is_split = work.decide(state, stored, new_objects)?;
    directories.record(path, directory);
    for kind in std::mem::take(&mut work.told) {
        state.tell(kind, &[&work.path]);
    }
    let id = match work.moved_from.take() {
        None => id,
        Some((from, _)) => {
            let id = state.put(
                Path::clone(&work.path),
                Entry::unresolved(work.sides.clone()),
            )?;
            state.tell(ConflictKind::FileDirectory, &[&work.path, &from]);
            id
        }
    };
    if is_split {
        return split(state, directories, &work, id);
    }
    place(state, directories, work, id);
    Ok(())
}

/// Puts the decisions into the state and the directory.
fn place(state: &mut State, directories: &mut Directories, work: Work, id: EntryId) {
    directories.record(&work.path, work.result);
    if !work.is_clean {
        state.conflicted.insert(work.path, id);
    }
    if let Some(entry) = state.entry_mut(id) {
        *entry = Entry {
            result: work.result,
            is_null: work.result.is_none(),
            is_clean: work.is_clean,
            conflict: Some(Box::new(work.sides)),
        };
    }
}

/// Both sides have another kind of thing at the path: at least one of them moves aside.
fn split(
    state: &mut State,
    directories: &mut Directories,
    work: &Work,
    id: EntryId,
) -> Result<(), TreeMergeError> {
    let [base, ours, theirs] = work.sides.stages;
    let is_file = |stage: Stage| stage.is_some_and(Version::is_file);
    let (moves_ours, moves_theirs) = match (is_file(ours), is_file(theirs)) {
        (true, _) => (true, false),
        (_, true) => (false, true),
        _ => (true, true),
    };
    let path = Path::clone(&work.path);
    let our_path = if moves_ours {
        state.unique_path(&path, OURS)
    } else {
        Path::clone(&path)
    };
    let their_path = if moves_theirs {
        state.unique_path(&path, THEIRS)
    } else {
        Path::clone(&path)
    };
    state.tell(
        ConflictKind::DistinctTypes,
        &[&path, &our_path, &their_path],
    );
    let half = |side: usize, stage: Stage| {
        let mut sides = work.sides.clone();
        sides.stages = [base.filter(|_| is_like(base, stage)), None, None];
        sides.file_mask = mask_of(side);
        if sides.stage(BASE).is_some() {
            sides.file_mask |= mask_of(BASE);
        }
        sides.set_stage(side, stage);
        sides
    };
    let their_sides = half(THEIRS, theirs);
    let their_id = state.put_detached(Entry::unresolved(their_sides.clone()))?;
    if moves_ours {
        state.put_again(Path::clone(&our_path), id);
    }
    state.put_again(Path::clone(&their_path), their_id);
    if moves_ours && moves_theirs {
        state.forget(&path);
    }
    let our_sides = half(OURS, ours);
    let halves = [
        (their_path, their_sides, theirs, their_id),
        (our_path, our_sides, ours, id),
    ];
    for (path, sides, result, id) in halves {
        let work = Work {
            sides,
            path,
            moved_from: None,
            result,
            is_clean: false,
            told: Vec::new(),
        };
        place(state, directories, work, id);
    }
    Ok(())
}

impl Work {
    /// Begins with a path. A directory that is still there keeps it, and the file moves aside.
    fn new(state: &State, mut sides: Sides, path: &Path, is_directory_there: bool) -> Self {
        let mut work_path = Path::clone(path);
        let mut moved_from = None;
        if sides.is_file_directory {
            sides.match_mask &= !sides.dir_mask;
            if is_directory_there {
                // Renames may have put files on all sides, so the directory tells the side.
                let side = if sides.dir_mask & mask_of(OURS) != 0 {
                    THEIRS
                } else {
                    OURS
                };
                work_path = state.unique_path(path, side);
                moved_from = Some((Path::clone(path), side));
            } else {
                sides.is_file_directory = false;
            }
            sides.dir_mask = 0;
            sides.keep_files();
        }
        Self {
            sides,
            path: work_path,
            moved_from,
            result: None,
            is_clean: false,
            told: Vec::new(),
        }
    }

    /// Decides; `true` where both sides have to be put apart.
    fn decide(
        &mut self,
        state: &State,
        stored: &impl ObjectSource,
        new_objects: &mut NewObjects,
    ) -> Result<bool, TreeMergeError> {
        let is_inner = state.options.depth > 0;
        let is_undisputed = !self.sides.is_file_directory && !self.sides.is_path_conflict;
        let [base, ours, theirs] = self.sides.stages;
        match (self.sides.match_mask, self.sides.file_mask) {
            (6, _) => {
                self.result = ours;
                self.is_clean = is_undisputed;
            }
            (3 | 5, _) => {
                self.result = if self.sides.match_mask == 3 {
                    theirs
                } else {
                    ours
                };
                self.is_clean = is_undisputed || self.result.is_none();
            }
            (_, 6 | 7) if !is_like(ours, theirs) => {
                self.result = base;
                return Ok(!is_inner);
            }
            (_, 6 | 7) => self.merge_contents(state, stored, new_objects, is_undisputed)?,
            (_, mask @ (3 | 5)) => {
                let kept = if mask == 3 { ours } else { theirs };
                self.result = if is_inner { base } else { kept };
                let is_renamed_alone = self.sides.is_path_conflict
                    && base.map(|base| base.id) == kept.map(|kept| kept.id);
                if !is_renamed_alone {
                    self.told.push(ConflictKind::ModifyDelete);
                }
            }
            (_, mask @ (2 | 4)) => {
                self.result = if mask == 2 { ours } else { theirs };
                self.is_clean = is_undisputed;
            }
            _ => self.is_clean = !self.sides.is_path_conflict,
        }
        Ok(false)
    }

    fn merge_contents(
        &mut self,
        state: &State,
        stored: &impl ObjectSource,
        new_objects: &mut NewObjects,
        is_undisputed: bool,
    ) -> Result<(), TreeMergeError> {
        let [base, Some(ours), Some(theirs)] = self.sides.stages else {
            return Ok(());
        };
        let [base_path, our_path, their_path] = &self.sides.paths;
        let contents = Contents {
            base,
            ours,
            theirs,
            paths: [base_path, our_path, their_path],
            extra_marker_size: state.options.depth * 2,
        };
        let merged = content::merge(&state.options, stored, new_objects, &contents)?;
        self.result = merged.result;
        self.is_clean = merged.is_clean && is_undisputed;
        if let (true, Some((_, side))) = (merged.is_clean, &self.moved_from) {
            self.sides.file_mask = mask_of(*side);
            self.sides.set_stage(*side, self.result);
        }
        if !merged.is_clean {
            let kind = match (merged.unmerged, ours.kind) {
                (Some(kind), _) => kind,
                (None, EntryKind::Commit) => ConflictKind::Submodule,
                (None, _) if self.sides.file_mask == 6 => ConflictKind::AddAdd,
                (None, _) => ConflictKind::Content,
            };
            self.told.push(kind);
        }
        Ok(())
    }
}
