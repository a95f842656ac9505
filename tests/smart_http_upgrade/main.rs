//! Data that version 0.1 wrote is served by this version, brought over, and recovered from R2.
//!
//! | file | what |
//! |---|---|
//! | `written` | 0.1 writes the data; run by `scripts/upgrade.sh`, which builds 0.1 |
//! | `old_state` | the data as `state-0.1.tar.gz` keeps it, and what is expected of it |
//! | `served` | it is served at once, and by what is new |
//! | `brought_over` | what was under way goes on, and what nobody names goes |
//! | `recovered` | a repository of 0.1 whose object is lost |

// The lints of wire data: here every surprise is a failed test.
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
