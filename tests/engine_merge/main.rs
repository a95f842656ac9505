//! Merges, with real git as the judge.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod histories;
mod judge;
mod measured;
mod random;
