//! Git LFS by plain HTTP: batches, objects that come and go, the rights of callers, the form of errors.

// The lints of wire data and of clocks: here every surprise is a failed test, and time is measured.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

use cairn_test_support as support;

mod access;
mod batches;
mod broken;
mod client;
mod commits;
mod deployment;
mod killed;
mod life;
mod measures;
mod moments;
mod reading;
mod state;
mod thousands;
mod transfers;
