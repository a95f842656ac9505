//! Requests that mean harm, or come from a broken client, over raw HTTP to the real Worker: each is
//! refused in Git's own in-band way or with a 4xx, promptly; no ref moves; and at the end of each
//! group the repository still clones, passes fsck and takes a push.
//!
//! | part | what is wrong in it |
//! |---|---|
//! | [`packs`] | the stream: cut, counted wrong, not what its headers say |
//! | [`deltas`] | the bases of deltas, and the objects they make |
//! | [`objects`] | contents that git's fsck refuses |
//! | [`closures`] | objects that are not there, or not of the kind they should be |
//! | [`commands`] | the ref updates |
//! | [`frames`] | HTTP and packets around all that, clients that hang up |
//! | [`fetches`] | the other direction |
//! | [`odd`] | nothing: packs that look wrong and must be taken |
//!
//! [`pack`] and [`request`] make the bytes that are sent; [`target`] is the repository that is attacked.

// The lints of wire data: here every surprise is a failed test, and bytes are written to be wrong.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::large_stack_arrays,
    clippy::octal_escapes,
    clippy::too_many_lines,
    clippy::single_match_else,
    clippy::cast_possible_truncation,
    clippy::format_push_string,
    clippy::print_stdout,
    dead_code
)]

use cairn_test_support as support;

mod closures;
mod commands;
mod deltas;
mod fetches;
mod frames;
mod objects;
mod odd;
mod pack;
mod packs;
mod request;
mod special_files;
mod target;
