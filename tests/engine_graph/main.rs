//! The commit graph, the check of a push and the plan of a fetch, with real git as the judge.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod brought;
mod connectivity;
mod filters;
mod history;
mod pages;
mod plans;
mod reachable;
mod server;
mod shallow;
mod walks;
