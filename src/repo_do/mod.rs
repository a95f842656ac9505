//! The actor: the asynchronous shell of the repository's Durable Object.
//!
//! It feeds the engine bytes, extents and time, and decides nothing about Git itself.
//!
//! | file | what |
//! |---|---|
//! | `contract` | what the Worker and the object say to each other; no platform in it |
//! | `object` | the Durable Object: its state, and its shell |
//! | `dispatch` | which file answers a request |
//! | `caller` | who asks, and what that one may do |
//! | `rates`, `seen` | how many requests the repository takes; whose tokens its namespace admitted |
//! | `alarm` | what is done without a request, and when |
//! | `account` | what a request takes; the log line of a fetch or push |
//! | `admin` | making, showing, changing and wiping the repository; its tokens; figures |
//! | `refs` | advertisements and `ls-refs` |
//! | `upload` | a fetch: the request read, the answer streamed |
//! | `sender` | the pack of an answer, made as it is taken |
//! | `content` | refs, commits, trees and blobs, as REST shows them |
//! | `bundle` | everything as one file |
//! | `cold` | bytes that are in R2 alone |
//! | `receive` | a push: the body fed to the engine, its steps run, the report streamed |
//! | `quarantine` | a pack on its way in: its rows until it is published |
//! | `filling` | what imports and recoveries share: attempts, waits, an end |
//! | `import` | the repository filled from another server, by the alarm |
//! | `recover` | the repository made again of what R2 has, by the alarm |
//! | `body` | a body in large pieces |
//! | `pace` | how fast a body must come |
//! | `readers` | who reads packs now |
//! | `maintenance` | packs merged, pruned, swept, verified and rebuilt |
//! | `graphs` | the commit graph, kept between requests |
//! | `fork` | a repository made of what another one has |
//! | `deletion` | the end of a repository |
//! | `network` | who names which packs in R2: calls to the fork network's object |
//! | `network_do` | that object |
//! | `reach` | which objects may be named by id |
//! | `lease` | what one request holds, and its end |
//! | `memory` | what the isolate's operations may hold together |
//! | `room` | waiting for memory |
//! | `snapshot` | packs copied to R2, and cold ones |
//! | `timer` | waiting for a time to pass |
//! | `reply` | responses |
//!
//! Invariant: between two `.await`s a request sees one state of the repository; what it read
//! before an `.await` may be stale after it, so refs are compared again when they change.

pub mod contract;
pub mod memory;

mod account;
mod admin;
mod alarm;
mod body;
mod bundle;
mod caller;
mod cold;
mod content;
mod deletion;
mod dispatch;
mod filling;
mod fork;
mod graphs;
mod import;
mod lease;
mod maintenance;
mod network;
mod network_do;
mod object;
mod pace;
mod quarantine;
mod rates;
mod reach;
mod readers;
mod receive;
mod recover;
mod refs;
mod refuse;
mod reply;
mod room;
mod seen;
mod sender;
mod snapshot;
mod timer;
mod upload;

pub use network_do::NetworkDo;
pub use object::RepoDo;
