//! Mirrors: a repository that follows another one on another host, told over REST, with what may go wrong
//! on the way.

// The lints of wire data and of clocks: here every surprise is a failed test, and time is measured.
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
