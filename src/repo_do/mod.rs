//! The actor: the asynchronous shell of the repository's Durable Object.
//!
//! It feeds the engine bytes, extents and time, and decides nothing about Git itself.
//!
//! | file | what |
//! |---|---|
//! | `contract` | what the Worker and the object say to each other; no platform in it |
//! | `object` | the Durable Object: wakes, authorizes, dispatches; the alarm |
//! | `admin` | making, showing, changing and wiping the repository; its tokens; figures |
//! | `refs` | advertisements and `ls-refs` |
//! | `upload` | a fetch: the request read, the answer streamed |
//! | `receive` | a push: the body fed to the engine, its steps run, the report streamed |
//! | `quarantine` | a pack on its way in: its rows until it is published |
//! | `import` | the repository filled from another server, by the alarm |
//! | `body` | a body in large pieces |
//! | `graphs` | the commit graph, kept between requests |
//! | `memory` | what the isolate's operations may hold together |
//! | `timer` | waiting for a time to pass |
//! | `reply` | responses |
//!
//! Invariant: between two `.await`s a request sees one state of the repository; what it read
//! before an `.await` may be stale after it, so refs are compared again when they change.

pub mod contract;
pub mod memory;

mod admin;
mod body;
mod graphs;
mod import;
mod object;
mod quarantine;
mod receive;
mod refs;
mod reply;
mod timer;
mod upload;

pub use object::RepoDo;
