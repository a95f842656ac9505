//! From an object to its commit or tree, and from a tree along a path.

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice};

use super::super::object::ObjectKind;
use super::super::object::facts::{self, Mode};
use super::super::store::{ObjectSource, ReadError, Shared};

/// Tags between a name and the object that it stands for, at most.
const PEELS_MAX: usize = 32;

/// The names of a path. Slashes at either end, or side by side, mean nothing, but that a path with
/// one at its end names a directory only.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TreePath {
    names: Vec<BString>,
    is_directory: bool,
}

impl TreePath {
    /// Cuts a path at its slashes.
    pub(crate) fn new(path: &[u8]) -> Self {
        let names = path.split_str("/").filter(|name| !name.is_empty());
        Self {
            names: names.map(BString::from).collect(),
            is_directory: path.ends_with(b"/"),
        }
    }

    /// Whether it names the root.
    pub(crate) fn is_root(&self) -> bool {
        self.names.is_empty()
    }

    /// The names, from the root on.
    pub(crate) fn names(&self) -> &[BString] {
        &self.names
    }

    /// Whether the path may name an entry of this mode.
    pub(crate) fn may_name(&self, mode: Mode) -> bool {
        mode.is_tree() || !self.is_directory
    }
}

/// The entry at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The mode of its entry.
    pub mode: Mode,
    /// The object.
    pub id: ObjectId,
}

/// Follows tags, and from a commit to its tree if a tree is wanted; `None` when the object is not
/// here or leads elsewhere.
pub fn peel(
    objects: &impl ObjectSource,
    mut id: ObjectId,
    wanted: ObjectKind,
) -> Result<Option<(ObjectId, Shared)>, ReadError> {
    for _ in 0..PEELS_MAX {
        let what = "it does not parse";
        let corrupt = |_| ReadError::Corrupt { id, what };
        // Blobs lead nowhere, and may be too large to read whole.
        if objects.kind(&id)? == Some(ObjectKind::Blob) {
            return Ok(None);
        }
        let Some((kind, content)) = objects.read(&id)? else {
            return Ok(None);
        };
        if kind == wanted {
            return Ok(Some((id, content)));
        }
        id = match kind {
            ObjectKind::Tag => facts::tag(&content).map_err(corrupt)?.target,
            ObjectKind::Commit if wanted == ObjectKind::Tree => {
                facts::commit(&content).map_err(corrupt)?.tree
            }
            _ => return Ok(None),
        };
    }
    Ok(None)
}

/// The entry at a path below a tree; for the root the tree itself.
pub(crate) fn at_path(
    objects: &impl ObjectSource,
    tree_id: ObjectId,
    path: &TreePath,
) -> Result<Option<Found>, ReadError> {
    let mut found = Found {
        mode: Mode(0o040_000),
        id: tree_id,
    };
    for name in path.names() {
        if !found.mode.is_tree() {
            return Ok(None);
        }
        match entry(objects, found.id, name)? {
            Some(next) => found = next,
            None => return Ok(None),
        }
    }
    Ok(Some(found).filter(|found| path.may_name(found.mode)))
}

/// The entry of a name in a tree.
pub fn entry(
    objects: &impl ObjectSource,
    tree_id: ObjectId,
    name: &[u8],
) -> Result<Option<Found>, ReadError> {
    counted_entry(objects, tree_id, name, &mut 0)
}

/// The same; adds the bytes of the tree to `read_bytes`.
pub(crate) fn counted_entry(
    objects: &impl ObjectSource,
    tree_id: ObjectId,
    name: &[u8],
    read_bytes: &mut u64,
) -> Result<Option<Found>, ReadError> {
    let Some((ObjectKind::Tree, content)) = objects.read(&tree_id)? else {
        return Ok(None);
    };
    *read_bytes = read_bytes.saturating_add(content.len() as u64);
    let entries = facts::tree_entries(&content).map_while(Result::ok);
    let mut matching = entries.filter(|entry| entry.name == name);
    Ok(matching.next().map(|entry| Found {
        mode: entry.mode,
        id: entry.id.to_owned(),
    }))
}
