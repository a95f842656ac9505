//! Content read one object at a time: answers for pages and programs that show a repository.
//!
//! | file | what |
//! |---|---|
//! | `census` | objects counted by kind |
//! | `commit` | a commit as shown: who, when, why |
//! | `lookup` | from a commit or tag to its tree, and along a path |
//! | `listing` | the entries of a tree, those of its subtrees too |
//! | `fuzzy` | how well a path answers to a typed text |
//! | `places` | the entries at one path in many trees |
//! | `log` | commits, newest first; those that touch a path |
//! | `last_commits` | the commit that changed each entry of a directory last |
//!
//! Invariants:
//! - Each step can be taken again: at a cold chunk a machine loses no state.
//! - The engine reads objects as git does: malformed old objects are shown as git shows them.

pub(crate) mod census;
pub mod commit;
pub(crate) mod fuzzy;
pub mod last_commits;
pub mod listing;
pub mod log;
pub mod lookup;
pub(crate) mod places;
