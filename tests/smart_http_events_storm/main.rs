//! The trial of events: pushes by many clients, a server that is killed again and again, and
//! receivers of webhooks that fail. At the end every push that was acknowledged has one event in
//! both feeds, and every webhook got each event in order.
//!
//! | file | what |
//! |---|---|
//! | `storm` | the trial itself: its threads, and its size |
//! | `pushes` | the clients |
//! | `wire` | a push as bytes, made without git |
//! | `ledger` | the clients' answers |
//! | `receivers` | receivers of webhooks, most of them bad |
//! | `followers` | readers of feeds that come back after every kill |
//! | `judge` | the facts that must hold at the end |
//! | `bulk` | many large events, and readers that never read |
//! | `faults` | each write on the way of an event fails for a while |
//! | `desk` | one repository and the receivers of its webhooks |
//! | `latency` | from a push's report to the arrival of its webhook; beside one that hangs too |
//! | `silence` | nothing is sent that nobody asked for |

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
// Counts of a test are small.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]
// Threads and clocks of a test.
#![allow(clippy::disallowed_methods)]
#![allow(clippy::print_stdout, reason = "the figures, for `--nocapture`")]

use cairn_test_support as support;

mod bulk;
mod desk;
mod faults;
mod followers;
mod judge;
mod latency;
mod ledger;
mod pushes;
mod receivers;
mod silence;
mod storm;
mod wire;
