//! The other side of a fetch: Cairn as the client of another Git server.
//!
//! | file | what |
//! |---|---|
//! | `advertisement` | the answer to `info/refs`: which protocol is spoken, and in the old ones the refs |
//! | `remote_refs` | the refs of a remote, also as `ls-refs` lists them |
//! | `selection` | the choice of a remote's refs |
//! | `request` | requests: `ls-refs`, and `fetch` in the words of each version |
//! | `response` | the answer to a fetch, taken apart as it arrives |
//! | `haves` | the commits that a fetch names to the remote as stored here |
//! | `parts` | a long history cut into fetches of bounded size |
//! | `error` | errors of a remote |
//!
//! Nothing is believed: every reader takes its input in any pieces, has a bound, and leaves the
//! objects to `pack` and `graph`, which check them like a push's.

pub mod advertisement;
pub mod error;
pub(crate) mod haves;
pub mod parts;
pub mod remote_refs;
pub mod request;
pub mod response;
pub mod selection;
