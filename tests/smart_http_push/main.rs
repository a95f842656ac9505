//! Receive-pack, told by real git over HTTP to the real Worker under workerd, and by bodies that
//! git would not write where a story needs one.

// The lints of wire data and of clocks: here every surprise is a failed test, and time is measured.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use cairn_test_support as support;

mod chains;
mod early;
mod held;
mod in_parts;
mod large;
mod names;
mod old;
mod permission;
mod protection;
mod protection_edges;
mod protection_measured;
mod protocol;
mod quiet;
mod raw;
mod refs;
