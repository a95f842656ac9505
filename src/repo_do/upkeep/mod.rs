//! What the alarm and the operator have done to a repository, in steps.
//!
//! | file | what |
//! |---|---|
//! | `alarm` | the tasks of the alarm, when each is due, and what one run did |
//! | `merge` | packs merged, and put in the place of their sources |
//! | `prune` | objects that nothing reaches, left out |
//! | `purge` | what no ref reaches, removed at once, wherever it is |
//! | `sweep` | rows that nobody needs, removed |
//! | `snapshot`, `copies` | packs copied to R2, cold packs, the ready clone; as a task of the alarm |
//! | `rebuild` | the derived parts made again, to compare or to put in place |
//! | `verify` | all that is stored, compared with what it should be |
//! | `serve`, `stats` | the operator's routes: maintenance, live figures |
//!
//! Invariant: after each pause the repository may have been deleted. Code that goes on first checks
//! that the store with which it began is still the object's.

pub(crate) mod alarm;
pub(crate) mod copies;
pub(crate) mod merge;
pub(crate) mod prune;
pub(crate) mod purge;
pub(crate) mod rebuild;
pub(crate) mod serve;
pub(crate) mod snapshot;
pub(crate) mod stats;
pub(crate) mod sweep;
pub(crate) mod verify;
