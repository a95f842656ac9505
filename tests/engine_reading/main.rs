//! Reads that go over a history or a tree, with real git as the judge.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout
)]

#[path = "../engine_graph/history.rs"]
#[allow(dead_code)]
mod history;
#[path = "../engine_graph/server.rs"]
#[allow(dead_code)]
mod server;

mod blame;
mod grep;
mod last_commits;
mod random;
