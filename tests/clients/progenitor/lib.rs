//! What progenitor made of the server's description, and nothing else.
#![deny(warnings)]
#![allow(clippy::all, reason = "nobody wrote it")]

include!(concat!(env!("OUT_DIR"), "/cairn.rs"));
