//! The ids that a client may name: forks share packs with their source, and a force push leaves the replaced
//! commits behind. Every face is asked for every kind of object.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
// A thread of a test.
#![allow(clippy::disallowed_methods)]

use cairn_test_support as support;

mod clients;
mod faces;
mod forks;
mod killed;
mod purge;
mod pushes;
mod rewritten;
