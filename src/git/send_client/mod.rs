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
//! Cairn trusts no remote: every reader takes its input in any pieces and has a bound. A report holds
//! only the remote's claims, so each push asks for the remote's refs first.

pub(crate) mod advertisement;
pub(crate) mod error;
pub(crate) mod report;
pub(crate) mod request;
pub(crate) mod updates;

#[cfg(test)]
mod real_git;
