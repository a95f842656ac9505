//! The facts of an object that the graph needs, read exactly as tolerantly as git itself reads
//! it.
//!
//! Git parses far more leniently than it checks: a commit without an author, an octal mode of
//! nine digits or a tag without a tagger all parse. A history that `fsck` merely warns about has
//! to keep working, so these functions accept and refuse the same as git's `parse_commit_buffer`,
//! `parse_tag_buffer` and `decode_tree_entry`. (`gix-object` is stricter: it wants an author, and modes of at
//! most seven digits.)
//!
//! Nothing here allocates, except for a commit with more than two parents.

use std::cmp::Ordering;

use cairn_common_prefix::common_prefix;
use gix_hash::{ObjectId, oid};
use gix_object::bstr::{BStr, ByteSlice};
use gix_object::tree::EntryKind;
use smallvec::SmallVec;

use super::ObjectKind;

/// Bytes of an id in a tree entry.
const ID_BYTES: usize = 20;
/// Digits of an id in a commit or tag.
pub(super) const ID_DIGITS: usize = 40;

/// Git itself could not use the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// No complete `tree` line at the start.
    #[error("bogus commit object: no tree line")]
    NoTreeLine,
    /// The `tree` line names no id.
    #[error("bad tree pointer in commit")]
    BadTreePointer,
    /// A `parent` line names no id.
    #[error("bad parent in commit, line {line}")]
    BadParent {
        /// The line's number, from 1.
        line: usize,
    },
    /// One of the tag's first three lines is missing or malformed.
    #[error("bogus tag object: bad {line} line")]
    BadTagLine {
        /// Which: `object`, `type` or `tag`.
        line: &'static str,
    },
    /// The tree does not end with a whole entry.
    #[error("too-short tree object: {remaining_bytes} bytes left that end no entry")]
    TooShortTree {
        /// Bytes from the entry to the end.
        remaining_bytes: usize,
    },
    /// An entry's mode is not octal.
    #[error("malformed mode in tree entry")]
    MalformedMode,
    /// An entry has no name.
    #[error("empty filename in tree entry")]
    EmptyName,
}

/// The facts that the graph records of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitFacts {
    /// Its root tree.
    pub tree: ObjectId,
    /// Its parents, in order; repeated where the commit repeats them.
    pub parents: SmallVec<[ObjectId; 2]>,
    /// The committer's date in seconds since 1970; 0 where it cannot be read. As in git, a
    /// negative date wraps to the top of the range and one beyond the range is `u64::MAX`.
    pub time: u64,
}

/// The facts that a walk needs of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagFacts<'a> {
    /// The tagged object.
    pub target: ObjectId,
    /// Its kind, as the tag claims.
    pub(crate) target_kind: ObjectKind,
    /// The name in the tag's `tag` line.
    pub name: &'a BStr,
}

/// Reads a commit as git's `parse_commit_buffer` does.
pub fn commit(content: &[u8]) -> Result<CommitFacts, FactsError> {
    const TREE_LINE_BYTES: usize = "tree ".len() + ID_DIGITS + 1;

    // A commit that is nothing but its tree line is bogus, too: git demands one byte more.
    if content.len() <= TREE_LINE_BYTES {
        return Err(FactsError::NoTreeLine);
    }
    let rest = content
        .strip_prefix(b"tree ")
        .ok_or(FactsError::NoTreeLine)?;
    if rest.get(ID_DIGITS) != Some(&b'\n') {
        return Err(FactsError::NoTreeLine);
    }
    let (tree, mut rest) = id_line(rest).ok_or(FactsError::BadTreePointer)?;

    let mut parents = SmallVec::new();
    while let Some(line) = parent_line(rest) {
        let (parent, after) =
            id_line(line)
                .filter(|(_, after)| !after.is_empty())
                .ok_or(FactsError::BadParent {
                    line: parents.len().saturating_add(2),
                })?;
        parents.push(parent);
        rest = after;
    }
    Ok(CommitFacts {
        tree,
        parents,
        time: commit_time(rest),
    })
}

/// The text after `parent `, when git sees a parent line. As in git, a line that is too short to hold an id
/// is not a parent line, and the search for the date reads it.
fn parent_line(rest: &[u8]) -> Option<&[u8]> {
    rest.strip_prefix(b"parent ")
        .filter(|line| line.len() > ID_DIGITS)
}

/// An id that ends its line, and the bytes behind the line.
fn id_line(bytes: &[u8]) -> Option<(ObjectId, &[u8])> {
    let (digits, rest) = bytes.split_at_checked(ID_DIGITS)?;
    let rest = rest.strip_prefix(b"\n")?;
    Some((ObjectId::from_hex(digits).ok()?, rest))
}

/// The committer's date, from the bytes that follow the parents (git's `parse_commit_date`).
///
/// Read from the end of the line backwards, since surprises tend to be in the name and address.
fn commit_time(rest: &[u8]) -> u64 {
    let date = || {
        rest.strip_prefix(b"author")
            .filter(|rest| !rest.is_empty())?;
        let (_, rest) = rest.split_once_str("\n")?;
        rest.strip_prefix(b"committer")
            .filter(|rest| !rest.is_empty())?;
        let (line, _) = rest.split_once_str("\n")?;
        let (_, date) = line.rsplit_once_str(">")?;
        Some(parse_timestamp(
            date.trim_start_with(|c| matches!(c, ' ' | '\t' | '\r')),
        ))
    };
    date().unwrap_or(0)
}

/// The number at the start, as C's `strtoumax` reads it: a minus sign negates modulo 2^64,
/// overflow saturates, and the bytes behind the digits do not matter.
fn parse_timestamp(text: &[u8]) -> u64 {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    let mut number = 0_u64;
    for digit in digits.iter().take_while(|byte| byte.is_ascii_digit()) {
        let shifted = number.checked_mul(10);
        match shifted.and_then(|n| n.checked_add(u64::from(digit.wrapping_sub(b'0')))) {
            Some(next) => number = next,
            None => return u64::MAX,
        }
    }
    if negative {
        number.wrapping_neg()
    } else {
        number
    }
}

/// Reads a tag as git's `parse_tag_buffer` does.
pub fn tag(content: &[u8]) -> Result<TagFacts<'_>, FactsError> {
    /// Git asks for this much before it looks.
    const TAG_BYTES_MIN: usize = ID_DIGITS + 24;
    let bad = |line| FactsError::BadTagLine { line };

    let rest = content
        .strip_prefix(b"object ")
        .filter(|_| content.len() >= TAG_BYTES_MIN)
        .ok_or(bad("object"))?;
    let (target, rest) = id_line(rest).ok_or(bad("object"))?;
    let rest = rest.strip_prefix(b"type ").ok_or(bad("type"))?;
    let (kind, rest) = rest.split_once_str("\n").ok_or(bad("type"))?;
    // Git copies the kind to 20 bytes and compares it as a C string.
    let kind = kind
        .split(|byte| *byte == 0)
        .next()
        .filter(|_| kind.len() < 20);
    let target_kind = kind.and_then(ObjectKind::from_name).ok_or(bad("type"))?;
    let rest = rest.strip_prefix(b"tag ").ok_or(bad("tag"))?;
    let (name, _) = rest.split_once_str("\n").ok_or(bad("tag"))?;
    Ok(TagFacts {
        target,
        target_kind,
        name: name.as_bstr(),
    })
}

/// When a tag was made, in seconds since 1970; 0 where that cannot be read (git's `parse_tag_date`).
pub(crate) fn tag_time(content: &[u8]) -> u64 {
    let headers = content
        .split_once_str("\n\n")
        .map_or(content, |(headers, _)| headers);
    let tagger = headers
        .lines()
        .find_map(|line| line.strip_prefix(b"tagger "));
    let date = tagger.and_then(|line| line.rsplit_once_str("> "));
    date.map_or(0, |(_, date)| parse_timestamp(date))
}

/// A tree entry's mode: the sixteen bits in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mode(pub u16);

impl Mode {
    /// A directory.
    pub(crate) fn is_tree(self) -> bool {
        self.0 & 0o170_000 == 0o040_000
    }

    /// A symbolic link.
    pub(crate) fn is_symlink(self) -> bool {
        self.0 & 0o170_000 == 0o120_000
    }

    /// A submodule's commit, which is not part of the repository. Git takes every mode that it
    /// does not know for one.
    pub(crate) fn is_gitlink(self) -> bool {
        self.kind() == EntryKind::Commit
    }

    /// The kind that git takes the entry for (its `canon_mode`).
    pub(crate) fn kind(self) -> EntryKind {
        match self.0 & 0o170_000 {
            0o100_000 if self.0 & 0o100 != 0 => EntryKind::BlobExecutable,
            0o100_000 => EntryKind::Blob,
            0o120_000 => EntryKind::Link,
            0o040_000 => EntryKind::Tree,
            _ => EntryKind::Commit,
        }
    }
}

/// One entry of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeEntry<'a> {
    /// The entry's mode.
    pub mode: Mode,
    /// Its name; never empty, and without NUL.
    pub name: &'a BStr,
    /// The object.
    pub id: &'a oid,
}

/// The entries of a tree in stored order; ends after the first error.
pub fn tree_entries(content: &[u8]) -> TreeEntries<'_> {
    TreeEntries { rest: content }
}

/// See [`tree_entries`].
#[derive(Debug, Clone)]
pub struct TreeEntries<'a> {
    rest: &'a [u8],
}

impl<'a> TreeEntries<'a> {
    /// The bytes of the entries that have not been taken.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for TreeEntries<'a> {
    type Item = Result<TreeEntry<'a>, FactsError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        match decode_entry(self.rest) {
            Ok((entry, rest)) => {
                self.rest = rest;
                Some(Ok(entry))
            }
            Err(err) => {
                self.rest = &[];
                Some(Err(err))
            }
        }
    }
}

/// The first entry, and the bytes behind it (git's `decode_tree_entry`).
fn decode_entry(bytes: &[u8]) -> Result<(TreeEntry<'_>, &[u8]), FactsError> {
    // The last entry's NUL is here, whatever the entries are. So a cut tree has no entry at all,
    // and the searches below find their bytes.
    let too_short = FactsError::TooShortTree {
        remaining_bytes: bytes.len(),
    };
    let last_nul = bytes
        .len()
        .checked_sub(ID_BYTES + 1)
        .filter(|at| *at >= 2)
        .ok_or(too_short)?;
    if bytes.get(last_nul) != Some(&0) {
        return Err(too_short);
    }
    let (mode, rest) = decode_mode(bytes).ok_or(FactsError::MalformedMode)?;
    let name_bytes = rest.find_byte(0).ok_or(too_short)?;
    if name_bytes == 0 {
        return Err(FactsError::EmptyName);
    }
    let (name, rest) = rest.split_at_checked(name_bytes).ok_or(too_short)?;
    let rest = rest.get(1..).ok_or(too_short)?;
    let (id, rest) = rest.split_at_checked(ID_BYTES).ok_or(too_short)?;
    let id = oid::try_from_bytes(id).map_err(|_| too_short)?;
    Ok((
        TreeEntry {
            mode,
            name: name.as_bstr(),
            id,
        },
        rest,
    ))
}

/// The octal number up to a space, modulo 2^16, and the bytes behind the space.
fn decode_mode(bytes: &[u8]) -> Option<(Mode, &[u8])> {
    let mut mode = 0_u16;
    for (at, byte) in bytes.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit < 8 {
            mode = mode << 3 | u16::from(digit);
        } else if *byte == b' ' && at > 0 {
            return Some((Mode(mode), bytes.get(at.checked_add(1)?..)?));
        } else {
            return None;
        }
    }
    None
}

/// The order of entries in a tree: a directory's name counts as if it ended with a slash.
///
/// Equal means: the same name, and both or neither a directory.
pub(crate) fn base_name_compare(
    name1: &[u8],
    is_tree1: bool,
    name2: &[u8],
    is_tree2: bool,
) -> Ordering {
    let common = common_prefix(name1, name2);
    let next = |name: &[u8], is_tree| match name.get(common) {
        Some(byte) => *byte,
        None if is_tree => b'/',
        None => 0,
    };
    next(name1, is_tree1).cmp(&next(name2, is_tree2))
}

#[cfg(test)]
mod tests;
