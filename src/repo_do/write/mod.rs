//! Changes of a repository by REST. Each handler makes objects and asks `publish` for the refs: no
//! ref changes otherwise.
//!
//! | file | what |
//! |---|---|
//! | `commits` | a commit of changed files |
//! | `blobs` | a blob, to be named by a commit to come |
//! | `refs` | refs made, moved, deleted |
//! | `merge` | merges, cherry-picks, reverts, restores |
//! | `notes` | notes on commits |
//! | `rules_test` | whether the rules would let a ref change |
//! | `dispatch` | the choice of the one that answers |
//! | `request` | the request that each of them gets |
//! | `body` | a body as JSON |
//! | `publish` | the one way in which they change anything |
//! | `pack_maker` | objects made here, as a pack in quarantine |
//! | `streamed_blob` | a blob whose content comes in pieces |
//! | `files_changed` | how many files a commit changes |
//! | `push_options` | push options, bounded as a push's are |
//! | `refusal` | the answer about a ref that a rule did not let change |

pub(crate) mod body;
pub(crate) mod dispatch;
pub(crate) mod files_changed;
pub(crate) mod pack_maker;
pub(crate) mod publish;
pub(crate) mod push_options;
pub(crate) mod refusal;
pub(crate) mod request;
pub(crate) mod streamed_blob;

mod blobs;
pub(crate) mod commits;
mod merge;
mod notes;
mod refs;
mod rules_test;
