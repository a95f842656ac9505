//! The state of each path while a patch is applied, as in git's table of file names, and the writes
//! at the end.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString};
use gix_object::tree::EntryKind;

use super::header::Header;
use super::parse::FilePatch;

/// A file: its mode, and its content (or a submodule's commit).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct File {
    pub(super) kind: EntryKind,
    pub(super) id: ObjectId,
}

/// The state of a path under the patch so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A later part takes it away.
    ToBeDeleted,
    /// An earlier part took it away.
    WasDeleted,
    /// An earlier part wrote it.
    Written(File),
}

/// The paths of a patch.
#[derive(Debug, Default)]
pub(super) struct Table {
    states: HashMap<BString, State>,
    /// Symbolic links that the patch takes away, and that it makes or keeps.
    removed_symlinks: HashSet<BString>,
    kept_symlinks: HashSet<BString>,
    /// Paths that are taken from the tree before the written ones are put into it.
    removed: BTreeSet<BString>,
    written: BTreeMap<BString, File>,
}

impl Table {
    /// Looks ahead over all files of a patch.
    pub(super) fn new(files: &[FilePatch<'_>]) -> Self {
        let mut table = Self::default();
        for FilePatch { header, .. } in files {
            let is_link = |kind| kind == Some(EntryKind::Link);
            let is_taken = header.is_rename || header.is_delete != Some(false);
            if let Some(old) = header.old_name.as_ref().filter(|_| is_taken) {
                if is_link(header.old_kind) {
                    table.removed_symlinks.insert(old.clone());
                }
                if header.new_name.is_none() || header.is_rename {
                    table.states.insert(old.clone(), State::ToBeDeleted);
                }
            }
            if let Some(new) = header
                .new_name
                .as_ref()
                .filter(|_| is_link(header.new_kind))
            {
                table.kept_symlinks.insert(new.clone());
            }
        }
        table
    }

    pub(super) fn state(&self, path: &BStr) -> Option<State> {
        self.states.get(path).copied()
    }

    /// Notes the result of one part of the patch.
    pub(super) fn note(&mut self, header: &Header<'_>, result: Option<File>) {
        let old = header.old_name.as_ref();
        if let (Some(new), Some(file)) = (&header.new_name, result) {
            self.states.insert(new.clone(), State::Written(file));
            self.written.insert(new.clone(), file);
        }
        if let Some(old) = old.filter(|_| header.new_name.is_none() || header.is_rename) {
            self.states.insert(old.clone(), State::WasDeleted);
        }
        if let Some(old) = old.filter(|_| header.is_new != Some(true) && !header.is_copy) {
            self.removed.insert(old.clone());
        }
    }

    /// Whether a symbolic link stands at a path that lies above another one, where `stands` tells
    /// that one is in the tree.
    pub(super) fn is_symlink(&self, path: &BStr, stands: bool) -> bool {
        self.kept_symlinks.contains(path) || (stands && !self.removed_symlinks.contains(path))
    }

    pub(super) fn is_removed(&self, path: &BStr) -> bool {
        self.removed.contains(path)
    }

    pub(super) fn is_written(&self, path: &BStr) -> bool {
        self.written.contains_key(path)
    }

    pub(super) fn removed(&self) -> impl Iterator<Item = &BString> {
        self.removed.iter()
    }

    pub(super) fn written(&self) -> impl Iterator<Item = (&BString, &File)> {
        self.written.iter()
    }
}
