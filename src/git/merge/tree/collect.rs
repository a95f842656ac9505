//! The three trees walked, and every path at which they differ noted (`collect_merge_info` of git's
//! `merge-ort.c`).
//!
//! A directory that only one side changed is put off: it is entered only if a rename may have led
//! there, and is that side's otherwise. So the cost follows the changes.

use gix_hash::ObjectId;

use super::super::super::limits::Limits;
use super::super::super::object::ObjectKind;
use super::super::super::store::{ObjectSource, Shared};
use super::error::TreeMergeError;
use super::hash_order;
use super::line_up::{Item, line_up};
use super::sources::{self, ALL_NEEDED};
use super::state::{Deferred, State};
use super::version::{BASE, Entry, Mask, OURS, Path, Sides, Stage, THEIRS, join};

/// The walk, step by step.
#[derive(Debug)]
pub(super) struct Collect {
    frames: Vec<Frame>,
    /// The next step, once no directory is open.
    next: Next,
}

/// The directory that the walk enters next.
#[derive(Debug)]
enum Next {
    /// The three roots.
    Roots([ObjectId; 3]),
    /// The directories of a side that were put off, last one first.
    Deferred(usize, Vec<Deferred>),
    /// Nothing.
    Done,
}

/// A directory that is walked.
#[derive(Debug)]
struct Frame {
    path: Path,
    /// Which side's files matter for renames of the directory.
    need: u8,
    items: std::vec::IntoIter<Item>,
    /// The item that was not done yet when a chunk was cold.
    again: Option<Item>,
}

/// The sides that are equal.
fn match_mask([base, ours, theirs]: [Stage; 3]) -> Mask {
    match (base == ours, base == theirs, ours == theirs) {
        (true, true, _) if base.is_some() => 7,
        (true, _, _) if base.is_some() => 3,
        (_, true, _) if base.is_some() => 5,
        (_, _, true) if ours.is_some() => 6,
        _ => 0,
    }
}

impl Collect {
    pub(super) fn new(roots: [ObjectId; 3]) -> Self {
        Self {
            frames: Vec::new(),
            next: Next::Roots(roots),
        }
    }

    /// Notes one path, or goes into one directory; `false` when all is done.
    pub(super) fn step(
        &mut self,
        state: &mut State,
        objects: &impl ObjectSource,
    ) -> Result<bool, TreeMergeError> {
        let Some(frame) = self.frames.last_mut() else {
            return self.open_next(state, objects);
        };
        let Some(item) = frame.again.take().or_else(|| frame.items.next()) else {
            self.frames.pop();
            return Ok(true);
        };
        let (above, need) = (Path::clone(&frame.path), frame.need);
        let opened = visit(state, objects, &above, need, &item);
        match opened {
            Ok(Some(opened)) => self.push(opened)?,
            Ok(None) => {}
            Err(error) => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.again = Some(item);
                }
                return Err(error);
            }
        }
        Ok(true)
    }

    fn push(&mut self, frame: Frame) -> Result<(), TreeMergeError> {
        let depth_max = Limits::DEFAULT.tree_depth_max;
        if self.frames.len() >= depth_max {
            return Err(TreeMergeError::TooDeep(depth_max));
        }
        self.frames.push(frame);
        Ok(())
    }

    fn open_next(
        &mut self,
        state: &mut State,
        objects: &impl ObjectSource,
    ) -> Result<bool, TreeMergeError> {
        match &mut self.next {
            Next::Roots(roots) => {
                let ids = roots.map(Some);
                let frame = open(objects, Path::from(&[][..]), 0, ids)?;
                self.next = Next::Deferred(BASE, Vec::new());
                self.push(frame)?;
            }
            Next::Deferred(side, directories) => {
                if let Some(directory) = directories.last() {
                    let frame = open_deferred(state, objects, directory)?;
                    directories.pop();
                    self.frames.extend(frame);
                    return Ok(true);
                }
                settle(state, *side);
                self.next = match *side {
                    BASE => Next::Deferred(OURS, begin_deferred(state, OURS)),
                    OURS => Next::Deferred(THEIRS, begin_deferred(state, THEIRS)),
                    _ => Next::Done,
                };
            }
            Next::Done => return Ok(false),
        }
        Ok(true)
    }
}

/// Notes a path. Gives the directory to go into. Changes nothing where it fails for a cold chunk.
fn visit(
    state: &mut State,
    objects: &impl ObjectSource,
    above: &[u8],
    need: u8,
    item: &Item,
) -> Result<Option<Frame>, TreeMergeError> {
    let path = join(above, item.name.as_ref());
    let [base, ours, theirs] = item.stages;
    let dir_mask = item.dir_mask();
    let file_mask = item.mask() & !dir_mask;
    let matching = match_mask(item.stages);
    let resolved = match matching {
        7 => Some(base),
        6 | 5 if file_mask == 7 => Some(ours),
        3 if file_mask == 7 => Some(theirs),
        _ => None,
    };
    if let Some(result) = resolved {
        state.put(path, Entry::resolved(result))?;
        return Ok(None);
    }
    let need = sources::need_inside(need, dir_mask);
    let mut sides = Sides {
        stages: item.stages,
        paths: [Path::clone(&path), Path::clone(&path), Path::clone(&path)],
        file_mask,
        dir_mask,
        match_mask: matching,
        is_file_directory: file_mask != 0 && dir_mask != 0,
        is_path_conflict: false,
    };
    if dir_mask == 0 {
        sources::note(state, &path, item, matching, need);
        state.put(path, Entry::unresolved(sides))?;
        return Ok(None);
    }
    // The side whose renames may lead into the directory, if only one changed it.
    let mut changed_by = match matching {
        3 => THEIRS,
        5 => OURS,
        _ => BASE,
    };
    if file_mask == 0 && (dir_mask == 2 || dir_mask == 4) {
        sides.match_mask = 7 - dir_mask;
        changed_by = if dir_mask == 2 { OURS } else { THEIRS };
    }
    if need != ALL_NEEDED && changed_by != BASE && !state.side(changed_by).is_settled {
        sources::note(state, &path, item, matching, need);
        state.put(Path::clone(&path), Entry::unresolved(sides))?;
        state.side_mut(changed_by).deferred.push(Deferred {
            path,
            rename_mask: need,
        });
        return Ok(None);
    }
    let frame = open(objects, Path::clone(&path), need, tree_ids(&item.stages))?;
    sides.match_mask &= file_mask;
    sources::note(state, &path, item, matching, need);
    state.put(path, Entry::unresolved(sides))?;
    Ok(Some(frame))
}

fn tree_ids(stages: &[Stage; 3]) -> [Option<ObjectId>; 3] {
    stages.map(|stage| {
        stage
            .filter(|version| version.is_tree())
            .map(|tree| tree.id)
    })
}

/// Reads the trees of a directory.
fn open(
    objects: &impl ObjectSource,
    path: Path,
    need: u8,
    ids: [Option<ObjectId>; 3],
) -> Result<Frame, TreeMergeError> {
    let [base, ours, theirs] = ids;
    let base_tree = read(objects, base)?;
    let our_tree = if ours == base {
        base_tree.clone()
    } else {
        read(objects, ours)?
    };
    let their_tree = if theirs == base {
        base_tree.clone()
    } else if theirs == ours {
        our_tree.clone()
    } else {
        read(objects, theirs)?
    };
    let content = |tree: &'_ Option<Shared>| tree.clone().unwrap_or_default();
    let contents = [
        content(&base_tree),
        content(&our_tree),
        content(&their_tree),
    ];
    let items = line_up([&contents[0], &contents[1], &contents[2]])?;
    let needed = |item: &Item| {
        let file_mask = item.mask() & !item.dir_mask();
        file_mask != 0 && file_mask == need
    };
    let need = if matches!(need, 2 | 4) && items.iter().any(needed) {
        ALL_NEEDED
    } else {
        need
    };
    Ok(Frame {
        path,
        need,
        items: items.into_iter(),
        again: None,
    })
}

fn read(
    objects: &impl ObjectSource,
    id: Option<ObjectId>,
) -> Result<Option<Shared>, TreeMergeError> {
    let Some(id) = id.filter(|id| !id.is_empty_tree()) else {
        return Ok(None);
    };
    match objects.read(&id)? {
        Some((ObjectKind::Tree, content)) => Ok(Some(content)),
        Some(_) | None => Err(TreeMergeError::Missing {
            id,
            kind: ObjectKind::Tree,
        }),
    }
}

/// The directories of a side that were put off, last one first. If a rename of the side is looked for, all
/// directories are entered, and none is put off any more.
fn begin_deferred(state: &mut State, side: usize) -> Vec<Deferred> {
    let renames = state.side_mut(side);
    let deferred = std::mem::take(&mut renames.deferred);
    if renames.needs.sources.is_empty() {
        renames.deferred = deferred;
        return Vec::new();
    }
    renames.is_settled = true;
    let mut ordered = hash_order::sort(deferred, |directory| &directory.path);
    ordered.reverse();
    ordered
}

fn open_deferred(
    state: &mut State,
    objects: &impl ObjectSource,
    directory: &Deferred,
) -> Result<Option<Frame>, TreeMergeError> {
    let Some(id) = state.find(&directory.path) else {
        return Ok(None);
    };
    let Some(sides) = state.sides_of(id) else {
        return Ok(None);
    };
    let ids = tree_ids(&sides.stages);
    let path = Path::clone(&directory.path);
    let frame = open(objects, path, directory.rename_mask, ids)?;
    if let Some(sides) = state.sides_of_mut(id) {
        sides.match_mask &= sides.file_mask;
    }
    Ok(Some(frame))
}

/// Entries that are still put off belong to the side that changed them.
fn settle(state: &mut State, side: usize) {
    if side == BASE {
        return;
    }
    for directory in std::mem::take(&mut state.side_mut(side).deferred) {
        let found = state.find(&directory.path);
        let Some(entry) = found.and_then(|id| state.entry_mut(id)) else {
            continue;
        };
        let Some(sides) = entry.open_mut() else {
            continue;
        };
        sides.match_mask = 0;
        let result = sides.stage(side);
        *entry = Entry {
            result,
            is_null: result.is_none(),
            is_clean: true,
            conflict: entry.conflict.take(),
        };
    }
}
