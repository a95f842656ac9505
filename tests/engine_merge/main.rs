//! Merges, with real git as the judge.

// The lints of wire data: here every surprise is a failed test. A clock and figures on the way, in
// runs by name.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::format_push_string,
    clippy::print_stdout
)]

use cairn_test_support as support;

mod bases;
mod histories;
mod judge;
mod measured;
mod random;
mod room;
