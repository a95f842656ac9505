//! What differs between commits, where refs have been, and notes.
//!
//! | file | what |
//! |---|---|
//! | `commits` | `GET …/compare/:base...:head` |
//! | `diff` | `GET …/diff` |
//! | `patch` | `GET …/commit/:id.patch` and `.diff` |
//! | `merge_base` | `GET …/merge-base` |
//! | `reflog` | `GET …/reflog` |
//! | `notes` | `GET …/notes` |
//! | `dispatch` | which of them answers |
//! | `request` | what each of them gets |

pub(crate) mod dispatch;
pub(crate) mod request;

mod commits;
mod diff;
mod merge_base;
mod notes;
mod patch;
mod reflog;
