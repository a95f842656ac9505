//! The state of a merge of trees: every path that it met, and the renames that it looks for.

use std::collections::HashMap;

use super::super::super::compare::renames::{DirectoryCounts, MergeNeeds};
use super::super::super::compare::tree::{Change, Side};
use super::conflict::{Conflict, ConflictKind};
use super::content::ContentOptions;
use super::error::TreeMergeError;
use super::version::{Entry, Path, Sides, Stage, Version};

/// Bytes that a path takes beside its own: its entry, and its places in the tables.
const PATH_OVERHEAD_BYTES: usize = 160;

/// The number of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EntryId(u32);

/// The paths to look for on one side: files that it deleted and created, and the directories that it
/// removed.
#[derive(Debug, Default)]
pub(super) struct SideRenames {
    /// Deleted and created files, in the order in which they were met; later, the renames.
    pub pairs: Vec<Change>,
    /// The renames that matter.
    pub needs: MergeNeeds,
    /// Directories that the merge enters only if a rename may lead there.
    pub deferred: Vec<Deferred>,
    /// No directory of this side is put off any more.
    pub is_settled: bool,
    /// Where the files of a removed directory went, and how many went there.
    pub counts: DirectoryCounts,
    /// Where a removed directory went.
    pub directories: HashMap<Path, Path>,
}

/// A directory that is put off.
#[derive(Debug, Clone)]
pub(super) struct Deferred {
    pub path: Path,
    /// The need for renames that holds inside.
    pub rename_mask: u8,
}

/// All that a merge knows.
#[derive(Debug)]
pub(super) struct State {
    pub options: ContentOptions,
    entries: Vec<Entry>,
    by_path: HashMap<Path, EntryId>,
    /// The conflicted paths, each with its entry.
    pub conflicted: HashMap<Path, EntryId>,
    pub conflicts: Vec<Conflict>,
    /// Both sides, ours at 0.
    pub sides: [SideRenames; 2],
    /// Whether the merge is clean except for the conflicted entries.
    pub is_clean: bool,
    /// The same for renames. As in git, the last file that both sides renamed decides.
    pub is_renames_clean: bool,
    /// The search for renames did not compare all pairs. It needs this rename limit to do so.
    pub rename_limit_needed: Option<u32>,
    held_bytes: usize,
}

impl State {
    pub(super) fn new(options: ContentOptions) -> Self {
        Self {
            options,
            entries: Vec::new(),
            by_path: HashMap::new(),
            conflicted: HashMap::new(),
            conflicts: Vec::new(),
            sides: Default::default(),
            is_clean: true,
            is_renames_clean: true,
            rename_limit_needed: None,
            held_bytes: 0,
        }
    }

    /// Notes a path that was met. One that is known already gets the new entry.
    pub(super) fn put(&mut self, path: Path, entry: Entry) -> Result<EntryId, TreeMergeError> {
        self.held_bytes = self.held_bytes.saturating_add(path.len());
        let id = self.put_detached(entry)?;
        self.by_path.insert(path, id);
        Ok(id)
    }

    /// Notes an entry whose path is set later.
    pub(super) fn put_detached(&mut self, entry: Entry) -> Result<EntryId, TreeMergeError> {
        let sides = if entry.conflict.is_some() {
            size_of::<Sides>()
        } else {
            0
        };
        let bytes = size_of::<Entry>() + sides + PATH_OVERHEAD_BYTES;
        self.held_bytes = self.held_bytes.saturating_add(bytes);
        if self.held_bytes > self.options.limits.held_bytes_max {
            return Err(TreeMergeError::TooLarge {
                paths: self.entries.len(),
                bytes: self.held_bytes,
                limit: self.options.limits.held_bytes_max,
            });
        }
        let id = EntryId(u32::try_from(self.entries.len()).unwrap_or(u32::MAX));
        self.entries.push(entry);
        Ok(id)
    }

    /// Bytes that the paths take.
    pub(super) fn held_bytes(&self) -> usize {
        self.held_bytes
    }

    /// Gives an entry a second path.
    pub(super) fn put_again(&mut self, path: Path, id: EntryId) {
        self.by_path.insert(path, id);
    }

    pub(super) fn forget(&mut self, path: &[u8]) {
        self.by_path.remove(path);
    }

    pub(super) fn find(&self, path: &[u8]) -> Option<EntryId> {
        self.by_path.get(path).copied()
    }

    /// The path as it is known, and its entry.
    pub(super) fn known(&self, path: &[u8]) -> Option<(Path, EntryId)> {
        let (path, id) = self.by_path.get_key_value(path)?;
        Some((Path::clone(path), *id))
    }

    pub(super) fn contains(&self, path: &[u8]) -> bool {
        self.by_path.contains_key(path)
    }

    pub(super) fn entry(&self, id: EntryId) -> Option<&Entry> {
        self.entries.get(id.0 as usize)
    }

    pub(super) fn entry_mut(&mut self, id: EntryId) -> Option<&mut Entry> {
        self.entries.get_mut(id.0 as usize)
    }

    /// The sides of an entry that is not clean.
    pub(super) fn sides_of(&self, id: EntryId) -> Option<&Sides> {
        self.entry(id)?.open()
    }

    pub(super) fn sides_of_mut(&mut self, id: EntryId) -> Option<&mut Sides> {
        self.entry_mut(id)?.open_mut()
    }

    pub(super) fn stage(&self, id: EntryId, side: usize) -> Stage {
        self.sides_of(id)?.stage(side)
    }

    /// Every path with its entry, in no order.
    pub(super) fn paths(&self) -> impl Iterator<Item = (&Path, EntryId)> {
        self.by_path.iter().map(|(path, id)| (path, *id))
    }

    /// The renames of a side: 1 is ours, 2 theirs.
    pub(super) fn side(&self, side: usize) -> &SideRenames {
        let [ours, theirs] = &self.sides;
        if side == super::version::OURS {
            ours
        } else {
            theirs
        }
    }

    /// The same, to be changed.
    pub(super) fn side_mut(&mut self, side: usize) -> &mut SideRenames {
        let [ours, theirs] = &mut self.sides;
        if side == super::version::OURS {
            ours
        } else {
            theirs
        }
    }

    /// Notes a conflict, unless the merge is one of bases: nobody sees those.
    pub(super) fn tell(&mut self, kind: ConflictKind, paths: &[&[u8]]) {
        if self.options.depth == 0 {
            self.conflicts.push(Conflict {
                kind,
                paths: paths.iter().map(|path| (*path).into()).collect(),
            });
        }
    }

    /// The name of a side's branch.
    pub(super) fn branch(&self, side: usize) -> &[u8] {
        if side == super::version::OURS {
            &self.options.names.ours
        } else {
            &self.options.names.theirs
        }
    }

    /// A path that nothing has yet: `path~branch`, with a number behind it if need be.
    pub(super) fn unique_path(&self, path: &[u8], side: usize) -> Path {
        let mut unique = path.to_vec();
        unique.push(b'~');
        let flattened = self.branch(side).iter();
        unique.extend(flattened.map(|byte| if *byte == b'/' { b'_' } else { *byte }));
        let base_len = unique.len();
        let mut number = 0_u32;
        while self.contains(&unique) {
            unique.truncate(base_len);
            unique.extend_from_slice(format!("_{number}").as_bytes());
            number = number.saturating_add(1);
        }
        Path::from(unique)
    }
}

/// A deleted or created file, as rename detection takes it.
pub(super) fn pair(path: &Path, version: Version, is_created: bool) -> Change {
    let side = Some(Side {
        kind: version.kind,
        id: version.id,
    });
    let (old, new) = if is_created {
        (None, side)
    } else {
        (side, None)
    };
    Change {
        path: path.to_vec().into(),
        old,
        new,
        renamed: None,
    }
}
