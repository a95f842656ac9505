//! Fetches: the refs that a client sees, and the packs that it gets.
//!
//! | file | what |
//! |---|---|
//! | `refs` | advertisements and `ls-refs` |
//! | `upload` | a fetch: the request read, the answer streamed |
//! | `planned` | the plan of a fetch, made in steps between which others go on |
//! | `sender` | the pack of an answer, made as it is taken |
//! | `ready` | whether the ready clone is the answer |
//! | `reach` | the objects that may be named by id |
//! | `bundle` | everything as one file |
//! | `bundle_uri`, `signed_url` | the bundle that is kept in R2, told to clients; URLs that open it |

pub(crate) mod bundle;
pub(crate) mod bundle_uri;
pub(crate) mod planned;
pub(crate) mod reach;
pub(crate) mod ready;
pub(crate) mod refs;
pub(crate) mod sender;
mod signed_url;
pub(crate) mod upload;
