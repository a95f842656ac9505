//! The check of an object's content, with git's own message ids, texts and severities.
//!
//! These are the checks that `git index-pack --strict` makes under `receive.fsckObjects` for each object of a
//! push (git's `fsck.c`; the ids are those of `git help fsck`, section "fsck messages"). A lenient check
//! equals git's where the ids that it lets in are set to `warn` (`receive.fsck.<msg-id>`).
//!
//! Invariants:
//! - A clean object costs one pass and no allocation.
//! - Hostile content costs time linear in its size, and the findings have bounded text.
//! - The check reports the same faults as git; where we say it less often, the file says so.

use gix_hash::ObjectId;

use super::ObjectKind;

mod commit;
mod config;
mod dotgit;
mod finding;
mod gitattributes;
mod gitmodules;
mod headers;
mod ident;
mod strictness;
mod submodule_url;
mod tag;
mod tree;

pub use finding::{Finding, MessageId, Refused, Severity, Special};
pub(crate) use gitattributes::check_gitattributes;
pub(crate) use gitmodules::check_gitmodules;
pub use strictness::Strictness;

/// Checks the content of one object.
///
/// For a commit or tag the check stops at the first finding that `strictness` refuses; a
/// tree's findings are all reported. A blob is never at fault by itself. A tree names through
/// `special` the objects that have to be checked with [`check_special`] once they are at hand; the
/// same object may be named often.
pub fn check(
    kind: ObjectKind,
    content: &[u8],
    strictness: Strictness,
    report: &mut impl FnMut(Finding),
    special: &mut impl FnMut(Special, ObjectId),
) {
    match kind {
        ObjectKind::Commit => commit::check(content, strictness, report),
        ObjectKind::Tree => tree::check(content, report, special),
        ObjectKind::Tag => tag::check(content, strictness, report),
        ObjectKind::Blob => {}
    }
}

/// Checks the content of a blob that a tree names as `special`.
pub fn check_special(special: Special, content: &[u8], report: &mut impl FnMut(Finding)) {
    match special {
        Special::Gitmodules => check_gitmodules(content, report),
        Special::Gitattributes => check_gitattributes(content, report),
    }
}

#[cfg(test)]
mod tests;
