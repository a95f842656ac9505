//! Negotiations: requests written by hand, compared with git's own server, and clients that have many
//! commits of their own.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod by_hand;
mod clients;
mod served;
