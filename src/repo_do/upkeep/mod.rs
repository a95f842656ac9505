//! Upkeep of a repository, by the alarm or the operator, in steps.
//!
//! | file | what |
//! |---|---|
//! | `alarm` | the tasks of the alarm, the times when they are due, and the figures of a run |
//! | `merge` | merges packs and puts the result in the place of its sources |
//! | `prune` | leaves out objects that nothing reaches |
//! | `thoroughness` | how much a prune leaves |
//! | `lfs` | removes objects of Git LFS that no pointer names |
//! | `purge` | removes at once, wherever it is, every object that no ref reaches |
//! | `sweep` | removes rows that nobody needs |
//! | `pack_refs` | puts very many refs into few rows |
//! | `events` | removes events that are too many or too old |
//! | `snapshot`, `copies` | packs copied to R2, cold packs, the ready clone; as a task of the alarm |
//! | `rebuild` | the derived parts made again, to compare or to put in place |
//! | `made_index` | the index that is made of the entries, to compare or to put in place |
//! | `check_refs` | whether the refs name objects that the packs have |
//! | `as_stored` | whether the part made again equals the stored one: then memory need not hold it |
//! | `verify` | compares everything that is stored with what it should be |
//! | `serve`, `stats` | the operator's routes: maintenance, live figures |
//!
//! Invariant: after each pause the repository may have been deleted. Code that goes on first checks
//! that the store with which it began is still the object's.

pub(crate) mod alarm;
pub(crate) mod as_stored;
mod check_refs;
mod copies;
pub(crate) mod ephemeral;
pub(crate) mod events;
pub(crate) mod lfs;
mod made_index;
pub(crate) mod merge;
mod pack_refs;
pub(crate) mod prune;
pub(crate) mod purge;
pub(crate) mod rebuild;
pub(crate) mod serve;
pub(crate) mod snapshot;
pub(crate) mod stats;
pub(crate) mod sweep;
pub(crate) mod thoroughness;
pub(crate) mod verify;
