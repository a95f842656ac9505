//! The entry at a path of a tree.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};
use gix_object::tree::EntryKind;

use super::super::content::lookup;
use super::super::object::ObjectKind;
use super::super::object::facts::{Mode, tree_entries};
use super::super::store::{ObjectSource, ReadError};
use super::table::File;

/// The entry at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    Nothing,
    /// A file, symbolic link or submodule.
    File(File),
    /// A directory, whose tree this is.
    Directory(ObjectId),
    /// Nothing, as the path leads through a file.
    Below {
        /// That file.
        above: BString,
        /// The kind of entry.
        kind: EntryKind,
    },
}

/// The paths above a path, the longest first.
pub(super) fn parents(path: &BStr) -> impl Iterator<Item = &BStr> {
    path.rfind_iter(b"/")
        .filter_map(|slash| path.get(..slash))
        .map(ByteSlice::as_bstr)
}

/// The entry at a path below a tree.
pub(super) fn standing(
    objects: &impl ObjectSource,
    root: Option<ObjectId>,
    path: &BStr,
) -> Result<Standing, ReadError> {
    let Some(mut tree) = root else {
        return Ok(Standing::Nothing);
    };
    let mut at = 0_usize;
    for name in path.split_str("/") {
        let end = at.saturating_add(name.len());
        let Some(found) = lookup::entry(objects, tree, name)? else {
            return Ok(Standing::Nothing);
        };
        let kind = found.mode.kind();
        match (kind, end == path.len()) {
            (EntryKind::Tree, _) => tree = found.id,
            (_, true) => {
                let id = found.id;
                return Ok(Standing::File(File { kind, id }));
            }
            (_, false) => {
                let above = path.get(..end).unwrap_or_default().into();
                return Ok(Standing::Below { above, kind });
            }
        }
        at = end.saturating_add(1);
    }
    Ok(Standing::Directory(tree))
}

/// The first file below a directory that is not `removed`. Looks at the removed files and at one more.
pub(super) fn first_file(
    objects: &impl ObjectSource,
    tree: ObjectId,
    path: &BStr,
    removed: &impl Fn(&BStr) -> bool,
) -> Result<Option<BString>, ReadError> {
    let mut pending = vec![(path.to_owned(), Mode(0o040_000), tree)];
    while let Some((path, mode, id)) = pending.pop() {
        if !mode.is_tree() {
            if removed(path.as_bstr()) {
                continue;
            }
            return Ok(Some(path));
        }
        let Some((ObjectKind::Tree, content)) = objects.read(&id)? else {
            return Ok(Some(path));
        };
        for entry in tree_entries(&content).map_while(Result::ok) {
            let mut below = path.clone();
            below.push(b'/');
            below.extend_from_slice(entry.name);
            pending.push((below, entry.mode, entry.id.to_owned()));
        }
    }
    Ok(None)
}
