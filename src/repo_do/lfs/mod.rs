//! Git LFS as the repository's object knows it: which objects the repository has, which are on their
//! way, who locks which file. Bytes never pass through here,
//! but those of commits made by REST.
//!
//! | file | what |
//! |---|---|
//! | `dispatch` | which handler answers, and the access that it needs |
//! | `asked` | a request as its handler gets it |
//! | `batch` | many objects at once: which of them the repository has |
//! | `search` | the objects named by pointers that some roots reach |
//! | `keys` | the keys of objects that begin to come, taken in the network's account |
//! | `room` | the bytes of objects, judged by the bounds on them |
//! | `transfer` | one object: its upload begins and ends, its bytes are found |
//! | `presigned` | an upload that bypasses the Worker: whose it is, and that it has come |
//! | `locks` | locks on files, and their holders |
//! | `arrival` | objects that come inside another request |

pub(crate) mod arrival;
pub(crate) mod dispatch;
pub(crate) mod keys;
pub(crate) mod room;
pub(crate) mod search;

mod asked;
mod batch;
mod locks;
mod presigned;
mod transfer;
