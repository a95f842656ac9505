//! The events of a repository, as its object writes them and as its namespace takes them: read in the
//! databases themselves, so that no feed stands between.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may wait"
)]

use cairn_test_support as support;

mod books;
mod life;
mod pushes;
mod safety;
