//! Content read one object at a time: what a page or a program shows of a repository.
//!
//! | file | what |
//! |---|---|
//! | `census` | objects counted by kind |
//! | `commit` | a commit as shown: who, when, why |
//! | `lookup` | from a commit or tag to its tree, and along a path |
//! | `listing` | the entries of a tree, those of its subtrees too |
//! | `fuzzy` | how well a path answers to what was typed |
//! | `places` | what stands at one path in many trees |
//! | `log` | commits, newest first; those that touch a path |
//! | `last_commits` | the commit that changed each entry of a directory last |
//!
//! Invariants:
//! - Each step can be taken again: where a chunk is cold nothing of a machine's state is lost.
//! - What is read is what git reads: malformed old objects are shown as git shows them.

pub(crate) mod census;
pub mod commit;
pub(crate) mod fuzzy;
pub mod last_commits;
pub mod listing;
pub mod log;
pub mod lookup;
pub(crate) mod places;
