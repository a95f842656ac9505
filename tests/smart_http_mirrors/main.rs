//! Mirrors: a repository follows another one on another host. The stories use REST, and break each step
//! on the way.

// Exempts this test from the lints of wire data and of clocks: every surprise fails the test, and the
// test measures time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use cairn_test_support as support;

mod costs;
mod follows;
mod hooks;
mod hostile;
mod interrupted;
mod policies;
mod story;
