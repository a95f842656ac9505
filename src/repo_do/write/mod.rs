//! What changes a repository by REST. Each handler makes objects and asks `publish` for the refs: no
//! ref changes otherwise.
//!
//! | file | what |
//! |---|---|
//! | `commits` | a commit of changed files |
//! | `blobs` | a blob, to be named by a commit to come |
//! | `refs` | refs made, moved, deleted |
//! | `merge` | merges, cherry-picks, reverts, restores |
//! | `notes` | notes on commits |
//! | `dispatch` | which of them answers |
//! | `request` | what each of them gets |

pub(crate) mod dispatch;
pub(crate) mod request;

mod blobs;
mod commits;
mod merge;
mod notes;
mod refs;
