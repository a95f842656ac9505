//! The actor: the asynchronous shell of the repository's Durable Object.
//!
//! It feeds the engine bytes, extents and time, and decides nothing about Git itself. Its rooms,
//! from the roof down; each imports those below it only (`tests/tidy`):
//!
//! | room | what |
//! |---|---|
//! | `shell` | the Durable Object itself: it wakes its state and hands on what comes |
//! | `dispatch` | paths to handlers |
//! | `alarm` | on each ring: interrupted work goes on, then due upkeep runs |
//! | `mirrors` | a repository kept in step with others elsewhere |
//! | `lifecycle` | a repository is made, forked, imported, recovered, changed, deleted |
//! | `write` | changes by REST: commits, blobs, refs, merges, notes |
//! | `receive` | a push: the body fed to the engine, its steps run, the report streamed |
//! | `upkeep` | packs merged, pruned, swept, verified, rebuilt, copied to R2 |
//! | `archive` | trees as tar and zip files |
//! | `explore` | reads that go over a history or a tree: last commits, blame, lines that match, files by name |
//! | `compare` | what differs between commits, where refs have been, notes |
//! | `neighbour` | another repository, whose commits are merged or compared here |
//! | `content` | refs, commits, trees and blobs, as REST shows them |
//! | `fetch` | advertisements, fetches, bundles, ready clones |
//! | `intake` | the one way in for packs: received, resolved, inspected, proved; `publish` does the rest |
//! | `lfs` | the account of objects of Git LFS: which ones the repository has; locks |
//! | `r2` | bytes that R2 alone has; the holders of packs there |
//! | `events` | events, written down and handed over to the namespace |
//! | `request` | one request: its caller, its cost, its refusal |
//! | `schedule` | the object's one alarm, set to the earliest time that any task needs |
//! | `object` | the state of one repository's object |
//! | `state` | the types of that state, and of its errors |
//! | `feed` | events shown to readers, of this object and of a namespace's |
//! | `runtime` | clock, memory, leases, timers, bodies, replies: it knows no feature |
//! | `contract` | messages between the Worker and the object; no platform in it |
//!
//! Invariant: between two `.await`s a request sees one state of the repository; a value that it read before
//! an `.await` may be stale after it, so refs are compared again when they change.

#![warn(unreachable_pub)]

pub(crate) mod contract;
pub(crate) mod feed;
pub(crate) mod runtime;

mod alarm;
mod archive;
mod compare;
mod content;
mod dispatch;
mod events;
mod explore;
mod fetch;
mod intake;
mod lfs;
mod lifecycle;
mod mirrors;
mod neighbour;
mod object;
mod r2;
mod receive;
mod request;
mod schedule;
mod shell;
mod state;
mod upkeep;
mod write;

pub use r2::network_object::NetworkDo;
pub use shell::RepoDo;
