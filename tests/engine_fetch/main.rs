//! The reading half of the pack engine against real git: packs made by git are read as git reads
//! them, and packs made here are taken by git.

// A test that fails panics.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod cold;
mod generated;
mod git;
mod reading;
mod store;
mod writing;
