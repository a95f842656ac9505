//! What happens to the repository, told: each change writes its event in its own transaction, and the
//! object hands the events over to its namespace.
//!
//! | file | what |
//! |---|---|
//! | `feed` | events shown to those who read them |
//! | `origin` | who does something, and by which request |
//! | `changes` | which settings an update changed |
//! | `tell` | an event written, and what follows from that |
//! | `fetches` | clones and fetches, counted |
//! | `usage` | fetches counted for the namespace's usage |
//! | `hand_over` | events sent to the namespace's object, until it has them all |
//! | `leaving` | what a hand-over does more after a transfer to another namespace |
//!
//! Invariant: the alarm is ordered in the same turn as the event's row. Whatever ends the object, the
//! alarm or the next request hands over what is left.

pub(crate) mod changes;
pub(crate) mod feed;
pub(crate) mod fetches;
pub(crate) mod hand_over;
pub(crate) mod leaving;
pub(crate) mod origin;
pub(crate) mod tell;
pub(crate) mod usage;
