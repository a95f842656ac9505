//! Objects made by the engine beside those that git makes of the same input.

// Inputs of git are put together from their parts.
#![allow(clippy::format_collect, clippy::needless_for_each)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use cairn_test_support as support;

mod attributes;
mod commits;
mod memory;
mod notes;
mod patches;
mod refused_trees;
mod trees;
