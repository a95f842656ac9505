//! Cairn: a Git host on Cloudflare Workers.
//!
//! Four layers, arrows only downward (`tests/tidy` asserts them):
//!
//! | layer | what it is |
//! |---|---|
//! | [`worker`] | the edge: stateless; routes, authenticates, answers REST |
//! | [`repo_do`] | the actor: the asynchronous shell of the repository's Durable Object |
//! | [`storage`] | the adapters: SQL text, KV keys, R2 keys; nothing of HTTP |
//! | [`git`] | the engine: synchronous, sans-I/O; no platform, no SQL, no clock, no randomness |
//!
//! `ARCHITECTURE.md` is the map; `docs/adr/` says why it is drawn so.
//!
//! Cairn is a program. From outside only its own tests, benchmarks and fuzz targets use this crate
//! (`tests/`, `benches/`, `fuzz/`), and the platform calls its entry points. `pub` marks items that one of
//! them uses, or in [`git`] names that they may mean; everything else is `pub(crate)`, so that the compiler
//! reports items that nothing calls. `unreachable_pub` warns in every layer.

// Tests share a database that fails with the suites in `tests/`, which name the crate.
#[cfg(test)]
extern crate self as cairn;

pub mod git;
pub mod repo_do;
pub mod storage;
pub mod worker;
