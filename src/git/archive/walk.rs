//! The entries of an archive, one by one. The walk holds the trees and the `.gitattributes` files from
//! the root to its place.

use std::collections::VecDeque;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};
use gix_object::tree::EntryKind;

use super::convert::{Conversion, LineEnds};
use crate::git::attributes::stack::{AttributesStack, TooManyLines};
use crate::git::attributes::{AttributesFile, FILE_NAME, State};
use crate::git::compare::paths::{Cover, PathLimits};
use crate::git::content::listing::{Listed, Listing, ListingError};
use crate::git::content::lookup;
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::store::{ObjectSource, ReadError, Shared};

/// Bytes of a `.gitattributes` file that is read.
const ATTRIBUTES_BYTES_MAX: usize = 1 << 20;

/// The work of a step: entries looked at, and lines of attributes that they were compared with. Some 10 ms.
const STEP_WORK: usize = 20_000;

/// The attributes that an archive asks for.
const NAMES: [&str; 7] = [
    "export-ignore",
    "export-subst",
    "text",
    "crlf",
    "eol",
    "ident",
    "working-tree-encoding",
];

/// An entry of an archive. A directory stands before its entries, and only if it has a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path; a directory's ends with a slash.
    pub(crate) path: BString,
    /// The object.
    pub(crate) id: ObjectId,
    /// Its kind, with the content.
    pub(crate) kind: ArchiveKind,
}

/// The kinds of an archive's entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ArchiveKind {
    /// A directory, or the empty one that stands for a submodule.
    Directory,
    /// A file.
    File {
        /// Whether it may be run.
        is_executable: bool,
        /// How its content differs from the blob's.
        conversion: Conversion,
    },
    /// A symbolic link, whose target is the blob.
    Link,
}

/// The result of a step of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Walked {
    /// The next entry.
    Entry(Entry),
    /// Nothing yet: it was work enough for one step.
    Paused,
    /// There is no further entry.
    End,
}

/// Why an archive ends early.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// The tree could not be walked.
    #[error(transparent)]
    Listing(#[from] ListingError),
    /// The attributes are too many.
    #[error(transparent)]
    Attributes(#[from] TooManyLines),
    /// A `.gitattributes` file is too large.
    #[error("{path} has {bytes} bytes, at most {ATTRIBUTES_BYTES_MAX} are read")]
    AttributesFile {
        /// The file.
        path: BString,
        /// Its bytes.
        bytes: usize,
    },
}

impl From<ReadError> for ArchiveError {
    fn from(error: ReadError) -> Self {
        Self::Listing(error.into())
    }
}

/// A walk over the entries of an archive.
#[derive(Debug)]
pub(crate) struct ArchiveWalk {
    listing: Listing,
    attributes: AttributesStack,
    limits: PathLimits,
    /// A directory whose `.gitattributes` file the caller must read before the walk goes on: its path with
    /// the slash at its end, and its tree.
    entered: Option<(BString, ObjectId)>,
    /// Directories on the way that were not given yet, because no file in them was met.
    waiting: Vec<Entry>,
    ready: VecDeque<Entry>,
    /// Work since the last pause.
    work: usize,
}

impl ArchiveWalk {
    /// Walks a tree, given its content too.
    pub(crate) fn new(
        (root_id, root): (ObjectId, Shared),
        paths: PathLimits,
        limits: &Limits,
    ) -> Self {
        Self {
            listing: Listing::new(root, true, limits).without_bound(),
            attributes: AttributesStack::new(),
            limits: paths,
            entered: Some((BString::default(), root_id)),
            waiting: Vec::new(),
            ready: VecDeque::new(),
            work: 0,
        }
    }

    /// Goes on to the next entry, or until that was work enough. After a chunk that is cold it can be
    /// called again.
    pub(crate) fn step(&mut self, objects: &impl ObjectSource) -> Result<Walked, ArchiveError> {
        loop {
            if self.work >= STEP_WORK {
                self.work = 0;
                return Ok(Walked::Paused);
            }
            if let Some(entry) = self.ready.pop_front() {
                return Ok(Walked::Entry(entry));
            }
            self.read_attributes(objects)?;
            let Some(listed) = self.listing.next(objects)? else {
                return Ok(Walked::End);
            };
            let compared = self.attributes.lines().saturating_add(1);
            self.work = self.work.saturating_add(compared);
            self.take(listed);
        }
    }

    /// Reads the attributes of the directory that the walk goes into. Until they are read nothing has
    /// changed.
    fn read_attributes(&mut self, objects: &impl ObjectSource) -> Result<(), ArchiveError> {
        let Some((path, tree_id)) = &self.entered else {
            return Ok(());
        };
        let found = lookup::entry(objects, *tree_id, FILE_NAME)?;
        let is_file = |kind| matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable);
        if let Some(found) = found.filter(|found| is_file(found.mode.kind()))
            && let Some((ObjectKind::Blob, content)) = objects.read(&found.id)?
        {
            if content.len() > ATTRIBUTES_BYTES_MAX {
                let mut path = path.clone();
                path.extend_from_slice(FILE_NAME);
                let bytes = content.len();
                return Err(ArchiveError::AttributesFile { path, bytes });
            }
            let file = AttributesFile::parse(&content, path.is_empty());
            self.attributes.enter(path.len(), file)?;
        }
        self.entered = None;
        Ok(())
    }

    /// Takes an entry of a tree, if it belongs to the archive.
    fn take(&mut self, listed: Listed) {
        let Listed { mut path, mode, id } = listed;
        let parent_bytes = path
            .rfind_byte(b'/')
            .map_or(0, |slash| slash.saturating_add(1));
        self.attributes.leave(parent_bytes);
        let parent = path.get(..parent_bytes).unwrap_or_default();
        while (self.waiting)
            .pop_if(|last| !parent.starts_with(&last.path))
            .is_some()
        {}
        let kind = mode.kind();
        let is_directory = matches!(kind, EntryKind::Tree | EntryKind::Commit);
        let cover = self.limits.cover(&path, is_directory);
        if !mode.is_tree() && cover == Cover::Whole {
            // Also before an entry that is left out, as in git.
            self.ready.extend(self.waiting.drain(..));
        }
        let kind = match cover {
            Cover::Outside => None,
            Cover::Partly | Cover::Whole => self.kind_of(path.as_bstr(), kind),
        };
        let Some(kind) = kind else {
            if mode.is_tree() {
                self.listing.skip_below();
            }
            return;
        };
        if is_directory {
            path.push(b'/');
        }
        let entry = Entry { path, id, kind };
        if mode.is_tree() {
            self.entered = Some((entry.path.clone(), id));
            self.waiting.push(entry);
        } else if cover == Cover::Whole {
            self.ready.push_back(entry);
        }
    }

    /// The kind that an entry has in the archive; `None` if its attributes leave it out.
    fn kind_of(&self, path: &BStr, kind: EntryKind) -> Option<ArchiveKind> {
        let is_directory = matches!(kind, EntryKind::Tree | EntryKind::Commit);
        let states = self.attributes.states(path, is_directory, NAMES);
        let [ignore, subst, text, crlf, eol, ident, encoding] = states;
        if ignore == State::Set {
            return None;
        }
        Some(match kind {
            EntryKind::Tree | EntryKind::Commit => ArchiveKind::Directory,
            EntryKind::Link => ArchiveKind::Link,
            EntryKind::Blob | EntryKind::BlobExecutable => ArchiveKind::File {
                is_executable: kind == EntryKind::BlobExecutable,
                conversion: Conversion {
                    line_ends: LineEnds::of(text, crlf, eol),
                    with_id: ident == State::Set,
                    with_placeholders: subst == State::Set,
                    encoding: Conversion::encoding_of(encoding),
                },
            },
        })
    }
}

#[cfg(test)]
mod tests;
