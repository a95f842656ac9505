//! Maintenance: what a repository's packs become over the years.
//!
//! | file | what |
//! |---|---|
//! | `geometry` | which packs to merge, so that their number stays logarithmic |
//! | `merge` | several packs made into one, entry by entry, as they are stored |
//! | `reach` | what refs and reflog reach: the rest may be pruned |
//! | `rebuild` | the parts of a pack made anew from its bytes |
//! | `compare` | the parts that are stored against those made anew |
//!
//! Invariants:
//! - Packs that are merged are neighbours in the order of publishing, and the merged pack takes
//!   their place: so a delta's base is still in its own pack or in an earlier one.
//! - Stored entries are copied. No delta is computed or resolved.

pub mod compare;
pub mod geometry;
pub mod merge;
pub mod reach;
pub mod rebuild;
