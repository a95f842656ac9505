//! Imports: Cairn as a client of real git's server, told over REST, with faults on the way.

// The lints of wire data and of clocks: here every surprise is a failed test, and time is measured.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use cairn_test_support as support;

mod failures;
mod imported;
mod lfs;
mod lfs_interrupted;
mod life;
mod old;
mod parts;
mod refusals;
mod selected;
mod shallow;
mod story;
