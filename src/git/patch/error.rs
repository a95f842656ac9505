//! Why a patch is refused.

use gix_hash::ObjectId;
use gix_object::bstr::BString;

use super::super::edit::new_objects::NewObjectError;
use super::super::store::ReadError;

/// Why a patch is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// An object could not be read; where a chunk is cold, the step can be taken again.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A new content could not be taken.
    #[error(transparent)]
    New(#[from] NewObjectError),
    /// The text is too long.
    #[error("the patch has {bytes} bytes, at most {limit} are taken")]
    TooLong {
        /// Its bytes.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// It is for too many files.
    #[error("the patch changes more than {limit} files")]
    TooManyFiles {
        /// The bound.
        limit: usize,
    },
    /// The text has no patch in it.
    #[error("the text has no patch in it")]
    NoPatch,
    /// The text is not a patch.
    #[error("patch line {line}: {fault}")]
    Syntax {
        /// The line, from 1.
        line: u64,
        /// The fault.
        fault: SyntaxFault,
    },
    /// A file cannot be changed as the patch says.
    #[error("patch line {line}, file '{file}': {fault}")]
    File {
        /// Its path.
        file: BString,
        /// The line at which its part of the patch starts.
        line: u64,
        /// The fault.
        fault: FileFault,
    },
    /// The lines of a hunk are not in the file.
    #[error("patch line {line}, file '{file}': hunk {hunk} does not apply (at line {old_line})")]
    Hunk {
        /// The file's path.
        file: BString,
        /// The hunk, from 1.
        hunk: u32,
        /// The line of the patch at which the hunk starts.
        line: u64,
        /// The line of the file that the hunk names.
        old_line: u64,
    },
    /// The lines of the hunks are in too many places, nearly.
    #[error("patch line {line}, file '{file}': hunk {hunk}: more than {limit} lines were compared")]
    TooCostly {
        /// The file's path.
        file: BString,
        /// The hunk, from 1.
        hunk: u32,
        /// The line of the patch at which the hunk starts.
        line: u64,
        /// The bound, for the whole patch.
        limit: u64,
    },
}

/// A fault in the text of a patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxFault {
    /// A hunk without a header.
    #[error("a hunk without the header of its file")]
    NoHeader,
    /// A `diff --git` line without anything behind it, and another file after it: git takes the
    /// path of the one for the other.
    #[error("nothing follows this header, but the header of another file")]
    EmptyHeader,
    /// A header names no file.
    #[error("the header names no file (with one leading name taken off, as `-p1`)")]
    NoName,
    /// Two lines of a header contradict each other.
    #[error("the lines of the header contradict each other")]
    Inconsistent,
    /// A mode is not an octal number.
    #[error("the mode is no octal number")]
    Mode,
    /// A hunk does not have the lines that it announces.
    #[error(
        "the hunk is damaged: it does not have the lines that it announces, or changes nothing"
    )]
    Hunk,
    /// A new file with old lines.
    #[error("a new file depends on old lines")]
    NewWithOldLines,
    /// A deleted file with new lines.
    #[error("a deleted file still has lines")]
    DeletedWithNewLines,
    /// A header without anything behind it.
    #[error("the patch of this file changes nothing")]
    OnlyGarbage,
    /// A binary patch is damaged.
    #[error("the binary patch is damaged")]
    Binary,
    /// A binary content is too large.
    #[error("the binary patch announces {bytes} bytes, at most {limit} are taken")]
    BinaryTooLarge {
        /// The bytes that it announces.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
}

/// Why a file cannot be changed as a patch says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FileFault {
    /// It is not there.
    #[error("does not exist")]
    Missing,
    /// It is there already.
    #[error("exists already")]
    Exists,
    /// An earlier part of the patch took it away.
    #[error("was renamed or deleted by an earlier part of the patch")]
    Gone,
    /// It is a file of another type: a symbolic link, say, or a submodule.
    #[error("has mode {found:o}, the patch is for mode {expected:o}")]
    WrongType {
        /// The mode of the file.
        found: u16,
        /// The mode that the patch names.
        expected: u16,
    },
    /// The patch changes its type, which needs a deletion and a creation.
    #[error("the patch changes its type, from mode {old:o} to {new:o}")]
    TypeChange {
        /// The mode before.
        old: u16,
        /// The mode after.
        new: u16,
    },
    /// A directory cannot be made by a patch.
    #[error("the patch gives it the mode of a directory")]
    Directory,
    /// It stands behind a symbolic link.
    #[error("is beyond a symbolic link")]
    BeyondSymlink,
    /// A file stands where its directory should, or a directory with files in its place.
    #[error("a file or directory is in its way: '{other}'")]
    InTheWay {
        /// The path that is in the way.
        other: BString,
    },
    /// The file would be deleted, and lines are left.
    #[error("the patch deletes it, but lines of it are left")]
    DeletionLeavesLines,
    /// A submodule's content is not an id.
    #[error("the patch gives the submodule no commit")]
    NoCommit,
    /// A binary patch has no whole ids.
    #[error("a binary patch needs whole ids in its index line")]
    NoIds,
    /// A binary patch is for another content.
    #[error("the binary patch is for content {expected}, the file has {found}")]
    OtherContent {
        /// The blob that the patch was made for.
        expected: ObjectId,
        /// The blob that the file has.
        found: ObjectId,
    },
    /// A binary patch has no data.
    #[error("the patch says that binary files differ, but not how")]
    NoData,
    /// A binary delta does not fit.
    #[error("the binary delta does not apply")]
    Delta,
    /// A binary patch gives another content than it says.
    #[error("the binary patch gives content {found}, it should be {expected}")]
    OtherResult {
        /// The blob that the header promises.
        expected: ObjectId,
        /// The blob that comes out.
        found: ObjectId,
    },
}
