//! An import: the repository filled from another server, as a client of its.
//!
//! | file | what |
//! |---|---|
//! | `start` | the request: the remote asked for its refs, the repository made |
//! | `run` | the alarm: the answers that [`filling`](super::filling) needs |
//! | `attempt` | one attempt: whole, or the next part of a history that was cut |
//! | `part` | one pack: received, resolved, proved, published |
//! | `lfs` | the last phase: objects of Git LFS |
//! | `closure`, `progress` | the objects that must be complete; how far it has come |
//! | `wanted` | the remote's refs that become refs here |
//! | `report` | its report: warnings of fsck, refs left out |
//! | `remote` | the remote over HTTP |
//! | `failure` | the rest of an import that failed |
//! | `error` | why it may fail |
//!
//! The row of `import` names the remaining work, and is enough to go on with after the object was evicted or
//! killed at any point, except for credentials: those are in memory only.

pub(crate) mod attempt;
pub(crate) mod closure;
pub(crate) mod error;
pub(crate) mod failure;
mod lfs;
pub(crate) mod part;
mod progress;
pub(crate) mod remote;
mod report;
mod run;
mod start;
mod wanted;

pub(crate) use run::{resume, run};
pub(crate) use start::start;
