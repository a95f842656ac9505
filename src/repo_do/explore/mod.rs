//! Reads that go over a history or a tree, in steps: other requests get their turn between them.
//!
//! | file | what |
//! |---|---|
//! | `last_commits` | `GET …/tree/:hash?last_commit` |
//! | `ahead_behind` | `GET …/refs?ahead_behind` |
//! | `blame`, `blame_query` | `GET …/blame/:ref/:path` |
//! | `grep`, `grep_query` | `GET …/grep` |
//! | `search` | `GET …/search` |
//! | `dispatch` | the choice of the one that answers |
//! | `cursor` | the place that a page leaves for the next one |
//! | `root` | the tree in which a request looks, entry by entry |
//! | `page` | a page as it is sent |
//! | `kept` | answers that are kept |
//!
//! A request has a budget of work. The cursor holds the place at which it stopped, so that the next page goes
//! on there and the server keeps nothing.

mod ahead_behind;
mod blame;
mod blame_query;
mod cursor;
pub(crate) mod dispatch;
mod grep;
mod grep_query;
mod kept;
mod last_commits;
mod page;
mod root;
mod search;
