//! The frame of an archive's entries: the prefix of their paths, and their time.

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use crate::git::archive::walk::{ArchiveKind, Entry};

/// The frame of the entries.
pub(super) struct Frame {
    /// Stands before every path.
    pub(super) prefix: BString,
    /// The tree of the whole.
    pub(super) tree: ObjectId,
    /// The time of every entry.
    pub(super) time_seconds: i64,
}

impl Frame {
    /// The folder that the prefix names, if it does.
    pub(super) fn folder(&self) -> Option<Entry> {
        let name = self.prefix.strip_suffix(b"/")?;
        let end = name.iter().rposition(|byte| *byte != b'/')?;
        let mut path = BString::from(name.get(..=end)?);
        path.push(b'/');
        Some(Entry {
            path,
            id: self.tree,
            kind: ArchiveKind::Directory,
        })
    }

    /// The path of an entry behind the prefix.
    pub(super) fn path_of(&self, entry: &Entry) -> BString {
        [&self.prefix[..], &entry.path[..]].concat().into()
    }
}
