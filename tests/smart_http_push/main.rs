//! Receive-pack, told by real git over HTTP to the real Worker under workerd, and by bodies that
//! git would not write where a story needs one.

#[path = "../support/mod.rs"]
mod support;

mod chains;
mod large;
mod protocol;
mod raw;
mod refs;
