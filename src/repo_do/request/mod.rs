//! One request: its caller, its cost, its answer or refusal.
//!
//! | file | what |
//! |---|---|
//! | `place` | whether the repository here is the one that the request names |
//! | `caller` | the caller and its rights |
//! | `account` | the cost of a request; the log line of a fetch or a push |
//! | `answer` | a body of JSON, and an answer |
//! | `refuse`, `not_ready` | refusals told in Git's protocol; those of a repository that is still filled |
//! | `once` | a write that was sent before gets its first answer again |
//! | `quota` | how many bytes the repository may still take |
//! | `room_hold` | bytes that are claimed at the namespace |
//! | `tokens` | the repository's tokens |
//! | `info` | the repository as it is shown, and as its namespace lists it |
//! | `namespace` | messages to a namespace's object |
//! | `repository` | requests to the object of another repository |

pub(crate) mod account;
pub(crate) mod answer;
pub(crate) mod caller;
pub(crate) mod info;
pub(crate) mod namespace;
pub(crate) mod not_ready;
pub(crate) mod once;
pub(crate) mod place;
pub(crate) mod quota;
pub(crate) mod refuse;
pub(crate) mod repository;
pub(crate) mod room_hold;
pub(crate) mod tokens;
