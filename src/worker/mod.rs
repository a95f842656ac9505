//! The edge: stateless. It routes by name, authenticates, forwards to the objects and answers REST.
//!
//! | module | what it is |
//! |---|---|
//! | [`entry`] | the fetch handler: one request in, one answer out, whatever happens |
//! | [`git`] | Git's smart HTTP, streamed through to the repository's object |
//! | [`rest`] | the REST resources |
//! | [`objects`] | calls to the Durable Objects |
//! | [`namespace_do`] | the namespace's object: a shell over `storage::namespace` |
//! | [`random`] | randomness, from the platform |
//! | [`route`], [`names`] | what a path names |
//! | [`credentials`], [`token`], [`grant`] | who asks; what KV knows of a token |
//! | [`parameters`], [`resources`] | bodies and queries read; resources shown |
//! | [`envelope`], [`reply`] | answers before they become responses |
//! | [`id`], [`time`] | ids from random bytes; times as text |
//!
//! Invariants:
//! - Only [`entry`], [`git`], [`rest`], [`objects`], [`namespace_do`] and [`random`] know the
//!   platform; the rest is tested natively.
//! - Nothing is shared between requests: no statics, no locks, no caches. A future woken by
//!   another request is a fault of the platform's ("I/O on behalf of a different request").
//! - Bodies of git requests and answers are never read here.
//! - What the Worker says no to, the object would refuse too; only the object says yes.

pub mod credentials;
pub mod envelope;
pub mod grant;
pub mod id;
pub mod names;
pub mod parameters;
pub mod reply;
pub mod route;
pub mod time;
pub mod token;
