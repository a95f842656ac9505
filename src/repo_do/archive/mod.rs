//! Archives of a tree, made while the client takes them.
//!
//! | file | what |
//! |---|---|
//! | `answer` | the request, and the headers of the answer |
//! | `query` | its query |
//! | `frame` | the prefix and the time of all entries |
//! | `files` | the entries and their contents, one after the other |
//! | `known` | the repository's facts about the commit, for placeholders |
//! | `sink` | the bytes on their way to the client |
//! | `tar`, `zip` | the two formats |

pub(crate) mod answer;
mod files;
mod frame;
mod known;
mod query;
mod sink;
mod tar;
mod zip;
