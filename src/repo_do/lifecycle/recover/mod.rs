//! A repository made again from the copies of a lost one in R2: its record, and the packs that it names.
//!
//! | file | what |
//! |---|---|
//! | `start` | the request: the record looked at, the repository made |
//! | `run` | the alarm: the answers that [`filling`](super::filling) needs |
//! | `alive` | the state that the attempts of one run share |
//! | `attempt` | one attempt: the record taken over, or the next pack, or the end |
//! | `lost` | the repository that was: its record in R2, and whether it is lost indeed |
//! | `lfs` | the objects of Git LFS that the record names |
//! | `error` | why it may fail |
//!
//! The packs stay in R2, and cold. The code of `maintenance::rebuild` makes their derived parts
//! again from their bytes, after it has checked that these are the packs that their keys name.
//! The packs passed fsck when they were pushed.
//!
//! | after | what is left | who goes on |
//! |---|---|---|
//! | the rows of repository and recovery, with the alarm | an empty repository | the alarm |
//! | the packs held by it, and once more by the lost one | the same, with holds | the same |
//! | refs, settings, packs in quarantine | the same; the record is needed no more | the same |
//! | the parts of some packs | the same | the same, with the next pack |
//! | the lost one has left the network | the same, and R2 forgets its record | the same |
//! | [`finish_recovery`](crate::storage::repository::store::RepoStore::finish_recovery) | the repository | |
//!
//! A recovery that fails is deleted; the lost repository's objects in R2 stay for another
//! attempt.

mod alive;
mod attempt;
mod error;
mod lfs;
mod lost;
mod run;
mod start;

pub(crate) use run::{resume, run};
pub(crate) use start::start;
