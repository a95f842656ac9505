//! This version serves data that version 0.1 wrote, migrates it, and recovers it from R2.
//!
//! | file | what |
//! |---|---|
//! | `written` | 0.1 writes the data; run by `scripts/upgrade.sh`, which builds 0.1 |
//! | `old_state` | the data in `state-0.1.tar.gz`, and the expectations of it |
//! | `served` | this version serves the data at once, with its new features too |
//! | `brought_over` | work under way goes on, and unreferenced data is removed |
//! | `recovered` | a repository of 0.1 whose object is lost |

// Exempts this test from the lints of wire data: every surprise fails the test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may wait"
)]

use cairn_test_support as support;

mod brought_over;
mod old_state;
mod recovered;
mod served;
mod written;
