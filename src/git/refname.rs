//! Refnames: <https://git-scm.com/docs/git-check-ref-format>.
//!
//! A refname is bytes, not text. The character rules are `gix-validate`'s; ours are the rules for which names
//! a push may touch, and short names.

use gix_object::bstr::{BStr, BString, ByteSlice};

pub mod case;
pub mod pattern;

/// Every ref but `HEAD` begins with this.
pub(crate) const REFS: &str = "refs/";
/// Branches begin with this.
pub(crate) const HEADS: &str = "refs/heads/";
/// Tags begin with this.
pub(crate) const TAGS: &str = "refs/tags/";

/// Refs that expire, and that no clone shows, begin with this.
pub(crate) const EPHEMERAL: &str = "refs/ephemeral/";

/// The first name behind them. No ref has it: a ref is not directly below `refs/`.
pub(crate) const BEHIND_EPHEMERAL: &str = "refs/ephemeral0";

/// Whether a ref expires, and is shown only to clients that ask for such refs.
pub(crate) fn is_ephemeral(name: &BStr) -> bool {
    name.starts_with_str(EPHEMERAL)
}

/// The name of the branch that HEAD points to, without `refs/heads/`; another ref as it is.
pub(crate) fn branch_of(head: &BStr) -> String {
    let head = head.to_string();
    head.strip_prefix(HEADS).unwrap_or(&head).to_owned()
}

/// Bytes of the longest component that a new ref may have. A client keeps a ref in a file of that
/// name, and Ext4, XFS, Btrfs, APFS and NTFS give a file name 255 (bytes, or units of UTF-16). Git
/// takes five for `.lock` while it writes; the ten that are left are for tools that append more.
pub(crate) const COMPONENT_BYTES_MAX: usize = 240;

/// Bytes of the longest name that a new ref may have. The shortest bound of a path is that of
/// macOS,
/// 1,024 bytes with the NUL at its end. A clone needs up to 30 of them besides the name
/// (`.git/logs/`,
/// `remotes/origin/` in the place of `heads/`, `.lock`), and 226 are left for where the clone lies.
pub(crate) const NAME_BYTES_MAX: usize = 768;

/// A name that no ref can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefnameError {
    /// It breaks a rule of git-check-ref-format.
    #[error("invalid refname: {reason}")]
    Format {
        /// The rule.
        reason: String,
    },
    /// It is not under `refs/`.
    #[error("refname does not begin with 'refs/'")]
    OutsideRefs,
    /// It has one word behind `refs/`, where at least two are needed.
    #[error("refname has fewer than three components")]
    OneLevel,
    /// It begins with a dash, or is `HEAD`: a branch of this name would be taken for something
    /// else.
    #[error("not a branch name")]
    NotABranch,
    /// It is longer than refnames may be.
    #[error("refname of {name_bytes} bytes, at most {name_bytes_max}")]
    TooLong {
        /// Its length in bytes.
        name_bytes: usize,
        /// The bound in bytes.
        name_bytes_max: usize,
    },
    /// A part of it between slashes is longer than a client's file system holds.
    #[error(
        "refname with a component of {component_bytes} bytes, at most {component_bytes_max}: \
         clients could not store it"
    )]
    ComponentTooLong {
        /// The component's length in bytes.
        component_bytes: usize,
        /// The bound in bytes.
        component_bytes_max: usize,
    },
}

/// Whether the name can be a ref's: `HEAD`, or under `refs/` and well-formed.
pub fn is_valid(name: &BStr) -> bool {
    name == "HEAD" || (name.starts_with_str(REFS) && well_formed(name).is_ok())
}

/// Checks a name that a push wants to create or update, as receive-pack does (`funny refname`), and
/// that clients can store it.
pub fn check_update(name: &BStr, name_bytes_max: usize) -> Result<(), RefnameError> {
    check_stored(name, name_bytes_max)?;
    check_storable(name)
}

/// Checks the name of a ref that was stored once: it may be longer than new names may be.
pub(crate) fn check_stored(name: &BStr, name_bytes_max: usize) -> Result<(), RefnameError> {
    let tail = check_delete(name, name_bytes_max)?;
    if tail.contains(&b'/') {
        Ok(())
    } else {
        Err(RefnameError::OneLevel)
    }
}

/// Checks that the file systems of clients can hold a file of this name. A clone or fetch of a
/// repository with one that they cannot hold fails as a whole.
pub(crate) fn check_storable(name: &BStr) -> Result<(), RefnameError> {
    if name.len() > NAME_BYTES_MAX {
        return Err(RefnameError::TooLong {
            name_bytes: name.len(),
            name_bytes_max: NAME_BYTES_MAX,
        });
    }
    let longest = name.split(|byte| *byte == b'/').map(<[u8]>::len).max();
    match longest {
        Some(component_bytes) if component_bytes > COMPONENT_BYTES_MAX => {
            Err(RefnameError::ComponentTooLong {
                component_bytes,
                component_bytes_max: COMPONENT_BYTES_MAX,
            })
        }
        _ => Ok(()),
    }
}

/// Checks a name that a push wants to delete: git is laxer there, so that odd refs can go away.
/// Gives the part behind `refs/`.
pub(crate) fn check_delete(name: &BStr, name_bytes_max: usize) -> Result<&BStr, RefnameError> {
    let name_bytes = name.len();
    if name_bytes > name_bytes_max {
        return Err(RefnameError::TooLong {
            name_bytes,
            name_bytes_max,
        });
    }
    let tail = name
        .strip_prefix(REFS.as_bytes())
        .ok_or(RefnameError::OutsideRefs)?
        .as_bstr();
    well_formed(tail)?;
    Ok(tail)
}

/// The refname of the branch with this short name, by the rules of `git branch`.
pub fn branch(short: &BStr, name_bytes_max: usize) -> Result<BString, RefnameError> {
    if short.starts_with(b"-") || short == "HEAD" {
        return Err(RefnameError::NotABranch);
    }
    let name = joined(HEADS, short, "");
    check_update(name.as_bstr(), name_bytes_max)?;
    Ok(name)
}

/// The rules that hold for any part of a refname.
fn well_formed(name: &BStr) -> Result<(), RefnameError> {
    match gix_validate::reference::name_partial(name) {
        Ok(_) => Ok(()),
        Err(error) => Err(RefnameError::Format {
            reason: error.to_string(),
        }),
    }
}

/// The refs that a short name may stand for, in the order in which git tries them.
pub(crate) fn candidates(short: &BStr) -> [BString; 6] {
    [
        joined("", short, ""),
        joined(REFS, short, ""),
        joined(TAGS, short, ""),
        joined(HEADS, short, ""),
        joined("refs/remotes/", short, ""),
        joined("refs/remotes/", short, "/HEAD"),
    ]
}

fn joined(before: &str, name: &BStr, after: &str) -> BString {
    [before.as_bytes(), name, after.as_bytes()].concat().into()
}

#[cfg(test)]
mod tests;
