//! An import: the repository filled from another server, as a client of its.
//!
//! | file | what |
//! |---|---|
//! | `start` | the request: the remote asked for its refs, the repository made |
//! | `run` | the alarm: the answers that [`filling`](super::filling) needs |
//! | `attempt` | one attempt: whole, or the next part of a history that was cut |
//! | `part` | one pack: received, resolved, proved, published |
//! | `lfs` | the last phase: objects of Git LFS |
//! | `closure`, `progress` | what must be complete; how far it has come |
//! | `wanted` | which refs of the remote become refs here |
//! | `report` | what it says about itself: warnings of fsck, refs left out |
//! | `remote` | the remote over HTTP |
//! | `failure` | what is left of an import that failed |
//! | `error` | why it may fail |
//!
//! The row of `import` says what is left to do, and is enough to go on with after the object was
//! evicted or killed at any point, but for credentials: those are in memory only.

mod attempt;
mod closure;
mod error;
pub(crate) mod failure;
mod lfs;
mod part;
mod progress;
mod remote;
mod report;
mod run;
mod start;
mod wanted;

pub(crate) use run::{resume, run};
pub(crate) use start::start;
