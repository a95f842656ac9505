//! The commit graph, which answers questions without a read of commits or trees.
//!
//! | file | what |
//! |---|---|
//! | `columns` | tables of numbers in a stored part, read without copying |
//! | `segment` | the Graph part of one pack: its proven commits |
//! | `introduced` | the Introduced part of one pack: the objects that each commit adds |
//! | `commits` | the segments of all live packs as one graph |
//! | `introductions` | the Introduced parts of all live packs |
//! | `made_part` | a part that was just made, and is not stored yet |
//! | `unwritten` | the parts of a pack, written in steps |
//! | `spool` | a table of such a part, which goes to scratch where it grows large |
//! | `paint` | the commits that a client lacks, and those it has |
//! | `peel` | follows tags to the objects that they tag |
//! | `reachable` | whether a ref reaches an object |
//! | `ancestry` | ancestors, merge bases, readiness of a negotiation |
//! | `shallow` | where a shallow history ends |
//! | `closure` | the objects that a tree reaches |
//! | `trees` | the entries of a tree that none of the parents' trees has |
//! | `connectivity` | the check of a push, which yields both parts |
//! | `unpublished` | the pack that is checked, before the packs that were published earlier |
//!
//! Invariants:
//! - A commit is in a live segment exactly if its whole closure is stored and live.
//! - Within a segment a commit's number is greater than those of its parents; across segments its
//!   generation is one more than the greatest of its parents'.
//! - An object in the closure of a commit is in the introduced list of that commit or of one of
//!   its ancestors. Commits, trees and blobs only: tags are found by their refs.

pub mod ancestry;
pub mod closure;
mod columns;
pub mod commits;
pub mod connectivity;
pub mod introduced;
pub(crate) mod introductions;
pub mod made_part;
pub mod paint;
pub mod peel;
pub mod reachable;
pub mod segment;
pub mod shallow;
mod spool;
mod trees;
pub mod unpublished;
pub(crate) mod unwritten;

pub(crate) use spool::Spill;
