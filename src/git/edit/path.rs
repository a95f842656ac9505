//! Checks the paths that a change names, exactly as the trees of a push are checked.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};
use gix_object::tree::EntryKind;

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::object::fsck::{self, Finding, Strictness};

/// The most bytes of a path. Linux allows 4,095 for an absolute path, so git could not check out a
/// longer one.
pub(crate) const PATH_BYTES_MAX: usize = 4096;

/// Why no tree may have a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathFault {
    /// It is empty.
    #[error("is empty")]
    Empty,
    /// It begins or ends with a slash, or has two side by side.
    #[error("has an empty name (a slash at an end, or two side by side)")]
    EmptyName,
    /// It has a NUL.
    #[error("has a NUL byte at offset {offset}")]
    Nul {
        /// Where.
        offset: usize,
    },
    /// It is too long.
    #[error("has {bytes} bytes, at most {limit} are taken")]
    TooLong {
        /// Its bytes.
        bytes: usize,
        /// The bound.
        limit: usize,
    },
    /// It has too many names.
    #[error("is {levels} levels deep, at most {limit} are taken")]
    TooDeep {
        /// Its names.
        levels: usize,
        /// The bound.
        limit: usize,
    },
    /// A push with such a tree is refused.
    #[error("name '{name}': {finding}")]
    Refused {
        /// The name at fault.
        name: BString,
        /// The fault that git's fsck finds in a tree with this path.
        finding: Finding,
    },
}

/// Checks the rules for every path, even for one that is only looked up, and cuts it at its slashes.
pub(super) fn names<'a>(path: &'a BStr, limits: &Limits) -> Result<Vec<&'a BStr>, PathFault> {
    if path.is_empty() {
        return Err(PathFault::Empty);
    }
    if path.len() > PATH_BYTES_MAX {
        return Err(PathFault::TooLong {
            bytes: path.len(),
            limit: PATH_BYTES_MAX,
        });
    }
    if let Some(offset) = path.find_byte(0) {
        return Err(PathFault::Nul { offset });
    }
    let names: Vec<&BStr> = path.split_str("/").map(ByteSlice::as_bstr).collect();
    if names.iter().any(|name| name.is_empty()) {
        return Err(PathFault::EmptyName);
    }
    if names.len() > limits.tree_depth_max {
        return Err(PathFault::TooDeep {
            levels: names.len(),
            limit: limits.tree_depth_max,
        });
    }
    Ok(names)
}

/// Checks that trees may have a file with this path, as a push's trees are checked.
pub fn check_file(path: &BStr, limits: &Limits) -> Result<(), PathFault> {
    let names = names(path, limits)?;
    names
        .into_iter()
        .try_for_each(|name| check_name(name, EntryKind::Blob))
}

/// Checks that a tree may have an entry of this name, as a push's trees are checked.
pub(super) fn check_name(name: &BStr, kind: EntryKind) -> Result<(), PathFault> {
    let mut entry = format!("{:o} ", kind as u16).into_bytes();
    entry.extend_from_slice(name);
    entry.push(0);
    // Any id will do except the null id.
    entry.extend_from_slice(ObjectId::empty_blob(gix_hash::Kind::Sha1).as_bytes());
    let strictness = Strictness::Strict;
    let mut first = None;
    let mut report = |finding: Finding| {
        if strictness.refuses(&finding) {
            first.get_or_insert(finding);
        }
    };
    fsck::check(
        ObjectKind::Tree,
        &entry,
        strictness,
        &mut report,
        &mut |_, _| {},
    );
    match first {
        None => Ok(()),
        Some(finding) => Err(PathFault::Refused {
            name: name.to_owned(),
            finding,
        }),
    }
}
