//! The one way in for packs: it turns bytes into a pack in quarantine with its derived parts, and
//! proves its closure. The caller publishes it.
//!
//! A push, an import, a recovery and a rebuild call this; code that makes objects here feeds them
//! as a pack. The caller brings the bytes, the limits, the policy of fsck
//! ([`Strictness`](crate::git::object::fsck::Strictness)), the policy of closure
//! ([`Closure`](prove::Closure)) and its [`Hooks`](hooks::Hooks). In order:
//!
//! | file | what |
//! |---|---|
//! | `arrival` | bytes fed as they come: parsed, inspected, their chunks in quarantine |
//! | `resolve` | makes the remaining deltas into objects |
//! | `inspect` | reads special blobs; a finding that fsck refuses ends the intake, and so does a secret |
//! | `prove` | walks from the tips, and tells the policy which of them are incomplete |
//! | `parts` | the parts of a large pack, written before it is published |
//! | `proven` | the pack with its parts, and its last rows |
//!
//! They stand on:
//!
//! | file | what |
//! |---|---|
//! | `hooks` | progress for the caller, and whether it still wants the pack |
//! | `steps` | a machine of the engine run in steps; cold chunks fetched between them |
//! | `memory` | reservations while a pack arrives |
//! | `quarantine` | a pack's rows until it is published |
//! | `new_pack` | what a caller has of a pack that has arrived |
//! | `spill` | rows for tables that memory has no room for |
//! | `error` | reasons of failure |
//! | `secrets_shown` | secrets of a push, as REST and events show them |
//!
//! Invariants:
//! - Nothing here changes a ref or makes a pack live: `publish` alone does, in a transaction of the
//!   caller's.
//! - After every wait the intake asks the caller whether it still wants the pack. After a no it
//!   writes nothing.
//! - Memory for tables is reserved, and caches yield to them, in one call
//!   ([`TableMemory`](super::state::tables::TableMemory)).
//! - A step takes some 20 ms of CPU; the bounds are in `steps` and nowhere else.

pub(crate) mod arrival;
pub(crate) mod error;
pub(crate) mod hooks;
pub(crate) mod inspect;
pub(crate) mod memory;
pub(crate) mod new_pack;
pub(crate) mod parts;
pub(crate) mod prove;
pub(crate) mod proven;
pub(crate) mod quarantine;
pub(crate) mod resolve;
pub(crate) mod secrets_shown;
mod spill;
pub(crate) mod steps;
