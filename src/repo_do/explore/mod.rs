//! Reads that go over a history or a tree, in steps: other requests get their turn between them.
//!
//! | file | what |
//! |---|---|
//! | `last_commits` | `GET …/tree/:hash?last_commit` |
//! | `ahead_behind` | `GET …/refs?ahead_behind` |
//! | `blame`, `blame_query` | `GET …/blame/:ref/:path` |
//! | `grep`, `grep_query` | `GET …/grep` |
//! | `search` | `GET …/search` |
//! | `dispatch` | which of them answers |
//! | `cursor` | what a page leaves for the next one |
//! | `root` | the tree in which a request looks, entry by entry |
//! | `page` | a page as it is sent |
//! | `kept` | answers that are kept |
//!
//! A request has a budget of work. What it did not find within it stands in the cursor, so that the next
//! page goes on there and nothing is kept for it.

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
