//! The one way in for packs: bytes become a pack in quarantine whose closure is proved, with its
//! derived parts. The caller publishes it.
//!
//! A push, an import, a recovery and a rebuild call this; whoever makes objects here feeds them as a
//! pack. The caller brings the bytes, the limits, the policy of fsck
//! ([`Strictness`](crate::git::object::fsck::Strictness)), the policy of closure
//! ([`Closure`](prove::Closure)) and its [`Hooks`](hooks::Hooks). In order:
//!
//! | file | what |
//! |---|---|
//! | `arrival` | bytes fed as they come: parsed, inspected, their chunks in quarantine |
//! | `resolve` | the deltas that are left, made into objects |
//! | `inspect` | special blobs looked at; what fsck refuses ends it |
//! | `prove` | the walk from the tips, and what becomes of tips that are not complete |
//! | `proven` | the pack with its parts, and its last rows |
//!
//! They stand on:
//!
//! | file | what |
//! |---|---|
//! | `hooks` | what the caller is told, and whether it still wants the pack |
//! | `steps` | a machine of the engine run in steps; cold chunks fetched between them |
//! | `memory` | what is reserved while a pack comes |
//! | `quarantine` | a pack's rows until it is published |
//! | `error` | why it fails |
//!
//! Invariants:
//! - Nothing here changes a ref or makes a pack live: `publish` alone does, in a transaction of the
//!   caller's.
//! - After every wait the caller is asked whether it still wants the pack. After a no nothing is
//!   written.
//! - Memory for tables is reserved, and caches yield to them, in one call
//!   ([`TableMemory`](super::state::tables::TableMemory)).
//! - A step takes some 20 ms of CPU; the bounds are in `steps` and nowhere else.

pub(crate) mod arrival;
pub(crate) mod error;
pub(crate) mod hooks;
pub(crate) mod inspect;
pub(crate) mod memory;
pub(crate) mod prove;
pub(crate) mod proven;
pub(crate) mod quarantine;
pub(crate) mod resolve;
pub(crate) mod steps;
