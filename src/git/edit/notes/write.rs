//! The trees of notes, from entries with whole paths.

use std::collections::BTreeMap;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice;
use gix_object::tree::EntryKind;

use super::super::super::object::ObjectKind;
use super::super::super::object::facts::base_name_compare;
use super::super::new_objects::NewObjects;
use super::error::NotesError;
use super::fanout::Entry;

/// The entries of a directory that is being written, by name.
type Directory<'a> = BTreeMap<&'a [u8], (EntryKind, ObjectId)>;

/// Writes the trees that have these entries, each of which has its path once.
pub(super) fn trees(
    entries: &[Entry],
    new_objects: &mut NewObjects,
) -> Result<ObjectId, NotesError> {
    // The directories, the deepest first; each becomes an entry of the one above it.
    let mut directories: BTreeMap<(usize, &[u8]), Directory<'_>> = BTreeMap::new();
    directories.insert((0, &[]), Directory::new());
    for entry in entries {
        let path = entry.path.strip_suffix(b"/").unwrap_or(&entry.path);
        put(&mut directories, path, entry.kind, entry.id);
    }
    loop {
        let Some(((depth, path), directory)) = directories.pop_last() else {
            return Ok(ObjectId::empty_tree(gix_hash::Kind::Sha1));
        };
        let id = new_objects.add(ObjectKind::Tree, content(directory))?;
        if depth == 0 {
            return Ok(id);
        }
        put(&mut directories, path, EntryKind::Tree, id);
    }
}

fn put<'a>(
    directories: &mut BTreeMap<(usize, &'a [u8]), Directory<'a>>,
    path: &'a [u8],
    kind: EntryKind,
    id: ObjectId,
) {
    let (above, name) = match path.rfind_byte(b'/') {
        Some(slash) => (
            path.get(..slash).unwrap_or_default(),
            path.get(slash.saturating_add(1)..).unwrap_or_default(),
        ),
        None => (&[][..], path),
    };
    let depth = if above.is_empty() {
        0
    } else {
        above.split_str("/").count()
    };
    directories
        .entry((depth, above))
        .or_default()
        .insert(name, (kind, id));
}

fn content(directory: Directory<'_>) -> Vec<u8> {
    let mut entries: Vec<_> = directory.into_iter().collect();
    entries.sort_by(|(name1, (kind1, _)), (name2, (kind2, _))| {
        let is_tree = |kind: &EntryKind| *kind == EntryKind::Tree;
        base_name_compare(name1, is_tree(kind1), name2, is_tree(kind2))
    });
    let mut content = Vec::new();
    for (name, (kind, id)) in entries {
        super::super::write::push_entry(&mut content, kind, name, id);
    }
    content
}
