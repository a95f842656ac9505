//! Maintenance of repositories whose packs are in R2: merged, pruned, checked, and honest about damage.

// The lints of wire data: here every surprise is a failed test.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may look at a clock"
)]

use cairn_test_support as support;

mod damage;
mod lost;
mod merging;
mod ready;
mod repository;
mod rows;
mod state;
