//! Git LFS, told by the real git-lfs over HTTP to the real Worker under workerd: its users' everyday work,
//! and their troubles.

// The lints of wire data and of clocks: here every surprise is a failed test, and time is measured.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods
)]

use cairn_test_support as support;

mod credentials;
mod everyday;
mod faults;
mod history;
mod locks;
mod locks_protocol;
mod many;
mod shared;

/// Says which versions of git-lfs this run has.
#[test]
fn the_run_says_which_versions_are_missing() {
    support::git_lfs::say_which();
}
