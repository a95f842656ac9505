//! The other side of a push: Cairn as the client of another Git server's receive-pack.
//!
//! | file | what |
//! |---|---|
//! | `advertisement` | the answer to `info/refs`: the remote's refs and capabilities |
//! | `updates` | which of its refs change, and how |
//! | `request` | the commands before the pack |
//! | `report` | the answer to a push, read as it arrives |
//! | `error` | errors of a remote |
//!
//! Nothing is believed: every reader takes its input in any pieces and has a bound. A report is what
//! the remote says; what its refs are is asked for before each push.

pub(crate) mod advertisement;
pub(crate) mod error;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod updates;

#[cfg(test)]
mod real_git;
