//! Push mirrors: repositories elsewhere that get what changes here
//! ([ADR 129](../../../../docs/adr/0129-a-push-mirror-compares-and-pushes-what-differs.md)).
//!
//! | file | what |
//! |---|---|
//! | `administer` | downstreams made, shown, changed, removed; pushes asked for |
//! | `run` | what is due, begun by the alarm; one task a downstream |
//! | `push` | one push: their refs compared with ours, what differs sent |
//! | `remote` | the remote over HTTP |
//! | `body` | the body of a push: whole if it is small, streamed if not |
//! | `tally` | what became of each ref |
//! | `error` | why a push fails |
//!
//! Invariants:
//! - Rows alone say what is due. Whatever ends the object, the alarm goes on: it is ordered in the turn
//!   of the push here, and again while a push there is under way.
//! - A push sends what differs between the remote's refs and ours at that time, not what happened. So it
//!   can be repeated, and a remote that missed ten pushes gets one.
//! - No request waits for a remote, nor does one remote for another.

pub(crate) mod administer;
mod body;
mod error;
mod push;
mod remote;
pub(crate) mod run;
mod tally;
