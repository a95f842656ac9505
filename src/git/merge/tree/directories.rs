//! Renames of whole directories: a file that one side puts into a directory belongs where the other side
//! moved the directory to (git's `merge.directoryRenames=conflict`: it is moved, and told as a
//! conflict).

use std::collections::HashMap;

use super::super::super::compare::tree::Change;
use super::conflict::ConflictKind;
use super::error::TreeMergeError;
use super::renames::Rename;
use super::state::{EntryId, State};
use super::version::{BASE, Entry, OURS, Path, Sides, THEIRS, directory, mask_of};

/// Where the files of removed directories went on this side: to the directory that got most.
pub(super) fn choose(state: &mut State, side: usize) {
    let counts = std::mem::take(&mut state.side_mut(side).counts);
    let mut split = Vec::new();
    for (from, targets) in counts {
        let most = targets.values().copied().max().unwrap_or(0);
        let mut best = targets.iter().filter(|(_, count)| **count == most);
        match (best.next(), best.next()) {
            (Some((to, _)), None) if most > 0 => {
                let to = Path::clone(to);
                state.side_mut(side).directories.insert(from, to);
            }
            (Some(_), Some(_)) if most > 0 => split.push(from),
            _ => {}
        }
    }
    split.sort_unstable();
    for from in split {
        state.tell(ConflictKind::DirectoryRenameSplit, &[&from]);
        state.is_clean = false;
    }
}

/// A directory that both sides renamed tells nothing.
pub(super) fn drop_renamed_twice(state: &mut State) {
    let theirs = &state.side(THEIRS).directories;
    let ours = state.side(OURS).directories.keys();
    let twice: Vec<_> = ours
        .filter(|from| theirs.contains_key(*from))
        .cloned()
        .collect();
    for from in twice {
        state.side_mut(OURS).directories.remove(&from);
        state.side_mut(THEIRS).directories.remove(&from);
    }
}

/// By where a file would go: the files that would go there, sorted.
#[derive(Debug, Default)]
pub(super) struct Collisions(HashMap<Path, Collision>);

#[derive(Debug, Default)]
struct Collision {
    files: Vec<Path>,
    is_told: bool,
}

/// The nearest directory above that was renamed, and where to.
fn renamed_above<'a>(
    path: &[u8],
    directories: &'a HashMap<Path, Path>,
) -> Option<(&'a Path, &'a Path)> {
    let mut above = path;
    while above.contains(&b'/') {
        above = directory(above);
        if let Some(found) = directories.get_key_value(above) {
            return Some(found);
        }
    }
    None
}

/// The path with the renamed directory in place of the old one.
fn moved(path: &[u8], from: &[u8], to: &[u8]) -> Path {
    let rest = path.get(from.len()..).unwrap_or_default();
    let rest = if to.is_empty() {
        rest.strip_prefix(b"/").unwrap_or(rest)
    } else {
        rest
    };
    Path::from([to, rest].concat())
}

impl Collisions {
    /// Where the files that a side created or renamed go, by the other side's directories.
    pub(super) fn of(state: &State, side: usize) -> Self {
        let mut found: HashMap<Path, Collision> = HashMap::new();
        let directories = &state.side(THEIRS + OURS - side).directories;
        if directories.is_empty() {
            return Self::default();
        }
        for change in &state.side(side).pairs {
            if change.new.is_none() {
                continue;
            }
            if let Some((from, to)) = renamed_above(&change.path, directories) {
                let files = &mut found
                    .entry(moved(&change.path, from, to))
                    .or_default()
                    .files;
                let path = Path::from(change.path.as_slice());
                if let Err(at) = files.binary_search(&path) {
                    files.insert(at, path);
                }
            }
        }
        Self(found)
    }
}

/// Whether something of the side stands at a path.
fn is_in_the_way(state: &State, path: &[u8], side: usize) -> bool {
    let Some(entry) = state.find(path).and_then(|id| state.entry(id)) else {
        return false;
    };
    match entry.open() {
        None => true,
        Some(sides) => mask_of(side) & (sides.file_mask | sides.dir_mask) != 0,
    }
}

/// Where a file that the side created or renamed goes because the other side renamed a directory.
fn target(
    state: &mut State,
    path: &[u8],
    side: usize,
    collisions: &mut [Collisions; 2],
) -> Option<Path> {
    let other = THEIRS + OURS - side;
    let [ours, theirs] = collisions;
    let (own, others) = if side == OURS {
        (ours, theirs)
    } else {
        (theirs, ours)
    };
    if others.0.contains_key(path) {
        return None;
    }
    let (from, to) = renamed_above(path, &state.side(other).directories)?;
    let new_path = moved(path, from, to);
    // Not into a directory that this side renamed.
    if state.side(side).directories.contains_key(to) {
        return None;
    }
    let collision = own.0.get_mut(&new_path)?;
    let kind = if collision.is_told {
        None
    } else if is_in_the_way(state, &new_path, side) {
        Some(ConflictKind::DirectoryRenameInTheWay)
    } else if collision.files.len() > 1 {
        Some(ConflictKind::DirectoryRenameCollision)
    } else {
        return Some(new_path);
    };
    collision.is_told = true;
    if let Some(kind) = kind {
        let files = collision.files.iter().map(|file| &**file);
        let paths: Vec<_> = std::iter::once(&*new_path).chain(files).collect();
        state.tell(kind, &paths);
    }
    state.is_clean = false;
    None
}

/// The renames of a side, those that directories bring included.
pub(super) fn collect(
    state: &mut State,
    side: usize,
    collisions: &mut [Collisions; 2],
    renames: &mut Vec<Rename>,
) -> Result<(), TreeMergeError> {
    let pairs = std::mem::take(&mut state.side_mut(side).pairs);
    for change in pairs.into_iter().filter(|change| change.new.is_some()) {
        let new_path = target(state, &change.path, side, collisions);
        let is_renamed = change.renamed.is_some();
        let from = Path::from(change.old_path().as_slice());
        let to = match new_path {
            Some(new_path) => {
                apply(state, &change, &new_path)?;
                new_path
            }
            None if is_renamed => Path::from(change.path.as_slice()),
            None => continue,
        };
        renames.push(Rename { from, to, side });
    }
    Ok(())
}

/// Moves the knowledge of a path to the one that the renamed directory gives it.
fn apply(state: &mut State, change: &Change, new_path: &Path) -> Result<(), TreeMergeError> {
    let Some((old_path, id)) = state.known(&change.path) else {
        return Ok(());
    };
    let Some(sides) = state.sides_of(id) else {
        return Ok(());
    };
    let (file_mask, dir_mask) = (sides.file_mask, sides.dir_mask);
    debug_assert!(file_mask == 2 || file_mask == 4, "only one side has it");
    add_directories_above(state, new_path, file_mask)?;
    let id = if dir_mask == 0 {
        state.forget(&old_path);
        id
    } else {
        split_off(state, id)?
    };
    match state.find(new_path) {
        None => state.put_again(Path::clone(new_path), id),
        Some(there) => join_into(state, id, there),
    }
    if let Some(sides) = state.find(new_path).and_then(|id| state.sides_of_mut(id)) {
        sides.is_path_conflict = true;
    }
    let kind = ConflictKind::DirectoryRenameSuggested;
    match &change.renamed {
        None => state.tell(kind, &[new_path, &old_path]),
        Some(renamed) => state.tell(kind, &[new_path, &old_path, &renamed.from]),
    }
    Ok(())
}

/// Notes the directories above a path that were not met.
fn add_directories_above(
    state: &mut State,
    path: &[u8],
    dir_mask: u8,
) -> Result<(), TreeMergeError> {
    let mut above = directory(path);
    let mut missing = Vec::new();
    while !above.is_empty() && !state.contains(above) {
        missing.push(Path::from(above));
        above = directory(above);
    }
    for directory in missing.into_iter().rev() {
        let paths = [(); 3].map(|()| Path::clone(&directory));
        let mut entry = Entry::unresolved(Sides {
            stages: [None; 3],
            paths,
            file_mask: 0,
            dir_mask,
            match_mask: 0,
            is_file_directory: false,
            is_path_conflict: false,
        });
        entry.is_null = false;
        state.put(directory, entry)?;
    }
    Ok(())
}

/// Leaves the directory of an entry behind, and gives the file of it an entry of its own.
fn split_off(state: &mut State, id: EntryId) -> Result<EntryId, TreeMergeError> {
    let Some(entry) = state.entry(id).cloned() else {
        return Ok(id);
    };
    let mut file = entry;
    if let Some(sides) = file.open_mut() {
        debug_assert!(
            sides.match_mask == 0,
            "a file and a directory are not equal"
        );
        sides.dir_mask = 0;
        sides.keep_files();
    }
    if let Some(entry) = state.entry_mut(id) {
        if let Some(sides) = entry.open_mut() {
            sides.file_mask = 0;
            for side in [BASE, OURS, THEIRS] {
                if sides.dir_mask & mask_of(side) == 0 {
                    sides.set_stage(side, None);
                }
            }
        }
        entry.is_clean = true;
    }
    state.put_detached(file)
}

/// Puts the one side of an entry into another one, which does not have that side.
fn join_into(state: &mut State, id: EntryId, there: EntryId) {
    let Some(moved) = state.sides_of(id) else {
        return;
    };
    let from = if moved.file_mask == 2 { OURS } else { THEIRS };
    let (mask, moved_stage) = (moved.file_mask, moved.stage(from));
    let path = moved.paths.get(from).cloned();
    let Some(joined) = state.sides_of_mut(there) else {
        return;
    };
    joined.file_mask |= mask;
    joined.is_file_directory |= joined.dir_mask != 0;
    joined.set_stage(from, moved_stage);
    if let Some(path) = path {
        joined.set_path(from, path);
    }
}
