//! Events of the repository: each change writes its event in its own transaction, and the
//! object hands the events over to its namespace.
//!
//! | file | what |
//! |---|---|
//! | `feed` | events shown to those who read them |
//! | `origin` | the actor of an event, and the request |
//! | `changes` | the settings that an update changed |
//! | `tell` | an event written, and what follows from that |
//! | `fetches` | clones and fetches, counted |
//! | `usage` | fetches counted for the namespace's usage |
//! | `hand_over` | events sent to the namespace's object, until it has them all |
//! | `leaving` | the further steps of a hand-over after a transfer to another namespace |
//!
//! Invariant: the alarm is ordered in the same turn as the event's row. However the object ends, the alarm or
//! the next request hands over the events that are left.

pub(crate) mod changes;
pub(crate) mod feed;
pub(crate) mod fetches;
pub(crate) mod hand_over;
pub(crate) mod leaving;
pub(crate) mod origin;
pub(crate) mod tell;
pub(crate) mod usage;
