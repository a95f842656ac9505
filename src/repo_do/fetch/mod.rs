//! Fetches: the refs that a client sees, and the packs that it gets.
//!
//! | file | what |
//! |---|---|
//! | `refs` | advertisements and `ls-refs` |
//! | `upload` | a fetch: the request read, the answer streamed |
//! | `sender` | the pack of an answer, made as it is taken |
//! | `ready` | whether the ready clone is the answer |
//! | `reach` | which objects may be named by id |
//! | `bundle` | everything as one file |

pub(crate) mod bundle;
pub(crate) mod reach;
pub(crate) mod ready;
pub(crate) mod refs;
pub(crate) mod sender;
pub(crate) mod upload;
