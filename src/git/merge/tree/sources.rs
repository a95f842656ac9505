//! Which renames are worth looking for (`collect_rename_info` of git's `merge-ort.c`).
//!
//! A deleted file matters if the other side changed it, or if it tells where a removed directory went
//! into which the other side put a file.

use super::super::super::compare::renames::{DirectoryNeed, FileNeed};
use super::line_up::Item;
use super::state::{State, pair};
use super::version::{BASE, Mask, OURS, Path, THEIRS, directory, mask_of};

/// The mask of need for renames: where it has this value all files below are needed.
pub(super) const ALL_NEEDED: u8 = 7;

/// The need that holds for a path, given the one of its directory.
pub(super) fn need_inside(need: u8, dir_mask: Mask) -> u8 {
    if need != ALL_NEEDED && (dir_mask == 3 || dir_mask == 5) {
        return dir_mask & !1;
    }
    need
}

/// Notes the renames of which a path may be the source or the destination. `need` is the result of
/// [`need_inside`].
pub(super) fn note(state: &mut State, path: &Path, item: &Item, match_mask: Mask, need: u8) {
    let dir_mask = item.dir_mask();
    let file_mask = item.mask() & !dir_mask;
    if matches!(dir_mask, 1 | 3 | 5) {
        let need = if need == ALL_NEEDED {
            DirectoryNeed::Ancestor
        } else {
            DirectoryNeed::None
        };
        for side in [OURS, THEIRS] {
            if dir_mask & mask_of(side) == 0 {
                state
                    .side_mut(side)
                    .needs
                    .removed
                    .insert(Path::clone(path), need);
            }
        }
    }
    if need == ALL_NEEDED && (file_mask == 2 || file_mask == 4) {
        // One side put a file into a directory that the other one removed.
        let side = if file_mask == 2 { THEIRS } else { OURS };
        let removed = &mut state.side_mut(side).needs.removed;
        removed.insert(Path::from(directory(path)), DirectoryNeed::Own);
    }
    if file_mask == 0 || file_mask == 7 {
        return;
    }
    for side in [OURS, THEIRS] {
        note_file(
            state,
            path,
            item,
            side,
            (file_mask, match_mask & file_mask, need),
        );
    }
}

fn note_file(
    state: &mut State,
    path: &Path,
    item: &Item,
    side: usize,
    (file_mask, match_mask, need): (Mask, Mask, u8),
) {
    let was_there = file_mask & mask_of(BASE) != 0;
    let is_there = file_mask & mask_of(side) != 0;
    if was_there == is_there {
        return;
    }
    let from = if was_there { BASE } else { side };
    let Some(version) = item.stages.get(from).copied().flatten() else {
        return;
    };
    let renames = state.side_mut(side);
    if was_there && match_mask == 0 {
        renames
            .needs
            .sources
            .insert(Path::clone(path), FileNeed::Content);
    } else if was_there && need == ALL_NEEDED {
        renames
            .needs
            .sources
            .insert(Path::clone(path), FileNeed::Location);
    }
    renames.pairs.push(pair(path, version, is_there));
}
