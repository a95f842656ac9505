//! Push mirrors: Cairn pushes changes of a repository to other servers. The stories break each step on
//! the way.

// Exempts this test from the lints of wire data and of clocks: every surprise fails the test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod hostile;
mod interrupted;
mod mirrored;
mod refusals;
mod story;
