//! The entries at a path: on one side, on all three, and in the result.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice as _};
use gix_object::tree::EntryKind;

pub(super) use super::super::super::compare::renames::SharedPath as Path;
use super::super::super::object::facts::TreeEntry;

/// The base, our side, their side: indices of every array of three.
pub(super) const BASE: usize = 0;
pub(super) const OURS: usize = 1;
pub(super) const THEIRS: usize = 2;

/// An entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// The kind of entry.
    pub kind: EntryKind,
    /// Its object.
    pub id: ObjectId,
}

impl Version {
    pub(super) fn of(entry: &TreeEntry<'_>) -> Self {
        Self {
            kind: entry.mode.kind(),
            id: entry.id.to_owned(),
        }
    }

    pub(super) fn is_tree(self) -> bool {
        self.kind == EntryKind::Tree
    }

    /// Whether it is a file, executable or not.
    pub(in super::super) fn is_file(self) -> bool {
        matches!(self.kind, EntryKind::Blob | EntryKind::BlobExecutable)
    }

    /// Whether both are files, or both links, or both submodules.
    pub(super) fn is_like(self, other: Self) -> bool {
        self.kind == other.kind || (self.is_file() && other.is_file())
    }
}

/// An entry, or none.
pub(super) type Stage = Option<Version>;

/// Whether both are there or both are not, and alike.
pub(super) fn is_like(one: Stage, other: Stage) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => one.is_like(other),
        (None, None) => true,
        _ => false,
    }
}

/// A set of sides, as git writes it: 1 the base, 2 ours, 4 theirs.
pub(super) type Mask = u8;

/// The set of this side alone.
pub(super) fn mask_of(side: usize) -> Mask {
    match side {
        BASE => 1,
        OURS => 2,
        _ => 4,
    }
}

/// A path, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The entry of the result, unless `is_null` is true. For a directory with changes inside, the
    /// merge finds it when all below is done.
    pub result: Stage,
    /// The result has nothing there.
    pub is_null: bool,
    /// Nothing is left to do or to report. Then `conflict` says nothing any more.
    pub is_clean: bool,
    /// The sides that have to be merged, where they differ.
    pub conflict: Option<Box<Sides>>,
}

/// The three sides of a path at which they differ.
#[derive(Debug, Clone)]
pub(super) struct Sides {
    pub stages: [Stage; 3],
    /// The path on each side: they differ where a side renamed the file.
    pub paths: [Path; 3],
    /// The sides that have a file, link or submodule there.
    pub file_mask: Mask,
    /// The sides that have a directory there.
    pub dir_mask: Mask,
    /// The sides that are equal; 0 where none are.
    pub match_mask: Mask,
    /// A file and a directory want the path.
    pub is_file_directory: bool,
    /// The path is part of a conflict about paths.
    pub is_path_conflict: bool,
}

impl Entry {
    pub(super) fn resolved(result: Stage) -> Self {
        Self {
            result,
            is_null: result.is_none(),
            is_clean: true,
            conflict: None,
        }
    }

    pub(super) fn unresolved(sides: Sides) -> Self {
        Self {
            result: None,
            is_null: sides.dir_mask != 0,
            is_clean: false,
            conflict: Some(Box::new(sides)),
        }
    }

    /// The sides, while the entry is not clean.
    pub(super) fn open(&self) -> Option<&Sides> {
        self.conflict.as_deref().filter(|_| !self.is_clean)
    }

    /// The same, to be changed.
    pub(super) fn open_mut(&mut self) -> Option<&mut Sides> {
        if self.is_clean {
            return None;
        }
        self.conflict.as_deref_mut()
    }
}

impl Sides {
    pub(super) fn stage(&self, side: usize) -> Stage {
        self.stages.get(side).copied().flatten()
    }

    pub(super) fn set_stage(&mut self, side: usize, stage: Stage) {
        if let Some(place) = self.stages.get_mut(side) {
            *place = stage;
        }
    }

    pub(super) fn set_path(&mut self, side: usize, path: Path) {
        if let Some(place) = self.paths.get_mut(side) {
            *place = path;
        }
    }

    /// Forgets the stages of sides that have no file: a directory's are of no use any more.
    pub(super) fn keep_files(&mut self) {
        for side in [BASE, OURS, THEIRS] {
            if self.file_mask & mask_of(side) == 0 {
                self.set_stage(side, None);
            }
        }
    }
}

/// The directory of a path; the root's is empty.
pub(super) fn directory(path: &[u8]) -> &[u8] {
    path.rsplit_once_str("/")
        .map_or(&[][..], |(above, _)| above)
}

/// The name behind the last slash.
pub(super) fn basename(path: &[u8]) -> &[u8] {
    path.rsplit_once_str("/").map_or(path, |(_, name)| name)
}

/// A path below a directory.
pub(super) fn join(directory: &[u8], name: &BStr) -> Path {
    if directory.is_empty() {
        return Path::from(name.as_bytes());
    }
    let mut path = Vec::with_capacity(directory.len() + 1 + name.len());
    path.extend_from_slice(directory);
    path.push(b'/');
    path.extend_from_slice(name);
    Path::from(path)
}
