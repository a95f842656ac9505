//! Push mirrors: what changes in a repository of Cairn is pushed to other servers, with what may go
//! wrong on the way.

// The lints of wire data and of clocks: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod hostile;
mod interrupted;
mod mirrored;
mod refusals;
mod story;
