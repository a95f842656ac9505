//! Comparisons, with real git as the judge of every byte.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

#[path = "../support/plumbing.rs"]
mod plumbing;

mod changes;
mod mails;
mod patches;
mod random_trees;
mod repository;
