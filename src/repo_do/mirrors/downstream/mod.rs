//! Push mirrors: pushes changes of this repository to repositories elsewhere
//! ([ADR 129](../../../../docs/adr/0129-a-push-mirror-compares-and-pushes-what-differs.md)).
//!
//! | file | what |
//! |---|---|
//! | `administer` | adds, shows, changes and removes downstreams; requests pushes |
//! | `run` | the alarm begins due pushes, one task for each downstream |
//! | `push` | one push: compares their refs with ours, and sends the differences |
//! | `remote` | the remote over HTTP |
//! | `body` | the body of a push: whole if it is small, streamed if not |
//! | `tally` | the result of each ref |
//! | `error` | errors of a push |
//!
//! Invariants:
//! - Only rows say which pushes are due. If the object ends, its alarm still rings: the push here sets it
//!   in the same turn, and a push there sets it again while it runs.
//! - A push sends the differences between the remote's refs and ours at that time, and no history of
//!   changes. So it can be repeated, and a remote that missed ten pushes gets one.
//! - No request waits for a remote, and no remote waits for another.

pub(crate) mod administer;
mod body;
mod error;
mod push;
mod remote;
pub(crate) mod run;
mod tally;
