//! Renames applied: the changes of both sides to a file come together at its new path (`process_renames` of
//! git's `merge-ort.c`).

use super::super::super::edit::new_objects::NewObjects;
use super::super::super::store::ObjectSource;
use super::conflict::ConflictKind;
use super::content::{self, Contents, MergedContent};
use super::error::TreeMergeError;
use super::state::{EntryId, State};
use super::version::{BASE, OURS, Path, Stage, THEIRS, Version, is_like, mask_of};

/// A file that a side renamed.
#[derive(Debug, Clone)]
pub(super) struct Rename {
    pub from: Path,
    pub to: Path,
    pub side: usize,
}

/// Applies the first of these renames, or the first two where both sides renamed one file. Gives how
/// many it applied. Where it fails for a cold chunk it has changed nothing.
pub(super) fn apply(
    state: &mut State,
    stored: &impl ObjectSource,
    new_objects: &mut NewObjects,
    renames: &[Rename],
) -> Result<usize, TreeMergeError> {
    let Some((rename, behind)) = renames.split_first() else {
        return Ok(0);
    };
    let Some(old) = state.find(&rename.from) else {
        return Ok(1);
    };
    if state.sides_of(old).is_none() {
        return Ok(1);
    }
    match behind.first() {
        Some(other) if other.from == rename.from => {
            both_renamed(state, stored, new_objects, old, [rename, other])?;
            Ok(2)
        }
        _ => {
            one_renamed(state, stored, new_objects, old, rename)?;
            Ok(1)
        }
    }
}

/// Both sides renamed the file.
fn both_renamed(
    state: &mut State,
    stored: &impl ObjectSource,
    new_objects: &mut NewObjects,
    old: EntryId,
    [ours, theirs]: [&Rename; 2],
) -> Result<(), TreeMergeError> {
    let (Some(our_id), Some(their_id)) = (state.find(&ours.to), state.find(&theirs.to)) else {
        return Ok(());
    };
    let base = state.stage(old, BASE);
    if ours.to == theirs.to {
        if let Some(sides) = state.sides_of_mut(our_id) {
            sides.set_stage(BASE, base);
            sides.file_mask |= mask_of(BASE);
        }
        remove(state, old);
        return Ok(());
    }
    let paths = [&*ours.from, &*ours.to, &*theirs.to];
    let stages = [
        base,
        state.stage(our_id, OURS),
        state.stage(their_id, THEIRS),
    ];
    let Some(merged) = merge_renamed(state, stored, new_objects, stages, paths)? else {
        return Ok(());
    };
    state.is_renames_clean = merged.is_clean;
    let [_, our_stage, their_stage] = stages;
    // A content that cannot be merged stays on each side as it is.
    let is_whole = !merged.is_clean && merged.result == our_stage;
    let result = merged.result;
    let sides = [
        (our_id, OURS, result),
        (
            their_id,
            THEIRS,
            if is_whole { their_stage } else { result },
        ),
    ];
    for (id, side, stage) in sides {
        if let Some(sides) = state.sides_of_mut(id) {
            sides.set_stage(side, stage);
            sides.is_path_conflict = true;
        }
    }
    if let Some(sides) = state.sides_of_mut(old) {
        sides.is_path_conflict = true;
    }
    state.tell(ConflictKind::RenameRename, &paths);
    Ok(())
}

fn merge_renamed(
    state: &mut State,
    stored: &impl ObjectSource,
    new_objects: &mut NewObjects,
    [base, ours, theirs]: [Stage; 3],
    paths: [&[u8]; 3],
) -> Result<Option<MergedContent>, TreeMergeError> {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return Ok(None);
    };
    if !ours.is_like(theirs) {
        return Ok(None);
    }
    let contents = Contents {
        base,
        ours,
        theirs,
        paths,
        extra_marker_size: 1 + 2 * state.options.depth,
    };
    let merged = content::merge(&state.options, stored, new_objects, &contents)?;
    if let Some(kind) = merged.unmerged {
        state.tell(kind, &[paths[0]]);
    }
    Ok(Some(merged))
}

/// The old path has nothing left.
fn remove(state: &mut State, old: EntryId) {
    if let Some(entry) = state.entry_mut(old) {
        entry.is_null = true;
        entry.is_clean = true;
    }
}

/// One side renamed the file.
fn one_renamed(
    state: &mut State,
    stored: &impl ObjectSource,
    new_objects: &mut NewObjects,
    old: EntryId,
    rename: &Rename,
) -> Result<(), TreeMergeError> {
    let Some(new) = state.find(&rename.to) else {
        return Ok(());
    };
    let (Some(old_sides), Some(new_sides)) = (state.sides_of(old), state.sides_of(new)) else {
        return Ok(());
    };
    let target = rename.side;
    let other = THEIRS + OURS - target;
    let (base, kept) = (old_sides.stage(BASE), old_sides.stage(other));
    let is_deleted = old_sides.file_mask == mask_of(BASE);
    let is_file = |stage: Stage| stage.is_some_and(Version::is_file);
    let is_type_changed = !is_deleted && is_file(kept) != is_file(new_sides.stage(target));
    let is_collision = new_sides.file_mask & mask_of(other) != 0 && !is_type_changed;
    let paths: [&[u8]; 2] = [&rename.to, &rename.from];
    if is_collision && !is_deleted {
        collide(state, stored, new_objects, (old, new), rename)?;
    } else if is_collision {
        if let Some(sides) = state.sides_of_mut(new) {
            sides.is_path_conflict = true;
        }
        state.tell(ConflictKind::RenameDelete, &paths);
    } else {
        if let Some(sides) = state.sides_of_mut(new) {
            sides.set_stage(BASE, base);
            sides.file_mask |= mask_of(BASE);
            sides.set_path(BASE, Path::clone(&rename.from));
            if is_deleted {
                sides.is_path_conflict = true;
            } else if !is_type_changed {
                sides.set_stage(other, kept);
                sides.file_mask |= mask_of(other);
                sides.set_path(other, Path::clone(&rename.from));
            }
        }
        if is_type_changed {
            if let Some(sides) = state.sides_of_mut(old) {
                sides.set_stage(BASE, None);
                sides.file_mask &= !mask_of(BASE);
            }
        } else if is_deleted {
            state.tell(ConflictKind::RenameDelete, &paths);
        }
    }
    if !is_type_changed {
        remove(state, old);
    }
    Ok(())
}

/// The other side has another file where the file was renamed to.
fn collide(
    state: &mut State,
    stored: &impl ObjectSource,
    new_objects: &mut NewObjects,
    (old, new): (EntryId, EntryId),
    rename: &Rename,
) -> Result<(), TreeMergeError> {
    let on_side = |side: usize| if side == rename.side { new } else { old };
    let stages = [
        state.stage(old, BASE),
        state.stage(on_side(OURS), OURS),
        state.stage(on_side(THEIRS), THEIRS),
    ];
    debug_assert!(is_like(stages[OURS], stages[THEIRS]), "types are the same");
    let path = |side: usize| -> &[u8] {
        if side == rename.side {
            &rename.to
        } else {
            &rename.from
        }
    };
    let paths = [&*rename.from, path(OURS), path(THEIRS)];
    let Some(merged) = merge_renamed(state, stored, new_objects, stages, paths)? else {
        return Ok(());
    };
    if let Some(sides) = state.sides_of_mut(new) {
        sides.set_stage(rename.side, merged.result);
    }
    if !merged.is_clean {
        state.tell(ConflictKind::RenameCollides, &[&rename.to, &rename.from]);
    }
    Ok(())
}
