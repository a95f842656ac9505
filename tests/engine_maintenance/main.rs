//! Maintenance over a real database: packs as git makes them are pushed, merged, pruned and
//! rebuilt, and git judges the result.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a panic is how a test fails"
)]

mod cold;
#[path = "../contract/faulty.rs"]
mod faulty;
mod hosted;
mod interrupted;
mod judge;
mod lfs_pointers;
mod merging;
mod pruning;
mod purging;
mod rebuilding;
