//! Refusals appear where Git's users see them, and few bytes cannot unfold without bound.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod bombs;
mod lasting;
mod neighbours;
mod refusals;
mod sites;
