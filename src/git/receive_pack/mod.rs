//! Receive-pack: the rules by which a push is accepted.
//!
//! | file | what |
//! |---|---|
//! | `ref_rules` | rules about refs, of a repository or a token |
//! | `rules` | each ref update judged on its own: names, settings, what it would do |
//! | `ephemeral` | how long a ref lives that expires |
//! | `updates` | the ref updates, each with what is found out about it |
//! | `findings` | the findings of fsck over all of it: bad objects counted and named, warnings |
//! | `inspection` | each commit, tree and tag seen once: fsck, and the facts that the graph needs |
//! | `brought` | the commits that each update brings to its ref |
//! | `pushed` | the pushed objects in front of the live ones, as walks see them |
//! | `secrets`, `secret_paths` | push protection: secrets in new blobs, and where they stand |
//!
//! The bytes are `pack::parser`'s and `pack::resolver`'s, the closure is `graph::connectivity`'s.

pub mod brought;
pub mod ephemeral;
pub mod findings;
pub mod inspection;
pub mod pushed;
pub mod ref_rules;
pub mod rules;
pub mod secret_paths;
pub mod secrets;
pub mod updates;
