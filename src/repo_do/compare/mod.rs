//! Reads: differences between commits, the reflog, notes.
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
//! | `elsewhere` | a head that is another repository's |
//! | `query`, `revisions` | what a caller asks for, and what it leads to |
//! | `changes` | the files that differ, found while others run |
//! | `json`, `shown`, `hunk_words` | files and hunks as JSON, by lines or by words |
//! | `bytes` | patches as git prints them |
//! | `stream` | answers sent piece by piece |

pub(crate) mod dispatch;
pub(crate) mod merge_base;
pub(crate) mod request;

mod bytes;
pub(crate) mod changes;
mod commits;
mod diff;
mod elsewhere;
mod hunk_words;
mod json;
mod notes;
mod patch;
pub(crate) mod query;
mod reflog;
pub(crate) mod revisions;
mod shown;
mod stream;
