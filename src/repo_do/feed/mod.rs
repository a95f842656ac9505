//! The feed of events, as a repository's object and a namespace's answer its readers. It knows
//! neither: each lends its database as a [`source::Source`].
//!
//! | file | what |
//! |---|---|
//! | `arrivals` | readers who wait, woken by what arrives |
//! | `places` | how many may wait or read a stream at a time |
//! | `source` | the owners of events; one look at them |
//! | `answer` | a request to a feed |
//! | `page` | an answer in JSON, perhaps after a wait |
//! | `stream` | server-sent events |
//!
//! Invariants:
//! - A reader that waits holds a place, a timer and nothing else: no rows, no lease's bytes, no reader's
//!   mark that maintenance would wait for.
//! - The feed reads and sends pieces of at most [`source::PIECE_BYTES`], or one event.
//! - No place outlives its time, whether or not the client hung up.

pub(crate) mod answer;
pub(crate) mod arrivals;
pub(crate) mod page;
pub(crate) mod places;
pub(crate) mod source;
pub(crate) mod stream;
