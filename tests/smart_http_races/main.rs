//! Clones and fetches while refs change: no client ever fails because somebody pushes.
//!
//! | file | what |
//! |---|---|
//! | `between` | each kind of change between each kind of client's two requests, by a proxy |
//! | `storm` | many clients beside many writers |

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

#[path = "../clients/mod.rs"]
mod clients;

mod between;
mod storm;
