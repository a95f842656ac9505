//! The pages for browsers, in a real Chromium: read by mouse and by keyboard, without a script of anybody else.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod document;
mod hostile;
mod reading;
mod running;
mod screenshots;
mod seen;
mod sessions;
mod signing_in;
mod writing;
