//! Maintenance: keeps the packs of a repository few, and free of objects that nothing reaches.
//!
//! | file | what |
//! |---|---|
//! | `geometry` | the choice of packs to merge, so that their number stays logarithmic |
//! | `merge` | merges several packs into one, entry by entry, as they are stored |
//! | `reach` | finds what refs and reflog reach: the rest may be pruned |
//! | `lfs_pointers` | finds the pointers of Git LFS among what is reached |
//! | `rebuild` | makes the parts of a pack again from its bytes |
//! | `step` | the result of each step of a machine |
//! | `overlay` | stored packs with parts that were made again in place of some of theirs |
//! | `compare` | compares the stored parts with those made again, across packs |
//! | `compare_parts` | the same of one pack whose index is right, in little memory |
//!
//! Invariants:
//! - Packs that are merged are neighbours in the order of publishing, and the merged pack takes
//!   their place: so a delta's base is still in its own pack or in an earlier one.
//! - Stored entries are copied. No delta is computed or resolved.

pub mod compare;
pub(crate) mod compare_parts;
pub mod geometry;
pub mod lfs_pointers;
pub mod merge;
pub mod overlay;
pub mod reach;
pub mod rebuild;
pub mod step;
