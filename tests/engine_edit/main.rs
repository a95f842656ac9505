//! Objects made by the engine beside those that git makes of the same input.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;

mod commits;
mod memory;
mod notes;
mod patches;
mod trees;
