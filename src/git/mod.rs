//! The engine: Git's formats and algorithms, synchronous and without I/O.
//!
//! Invariants of this layer:
//! - It imports nothing of ours from outside `git`, no platform, no SQL, no clock, no randomness.
//! - Inside it, imports point only downward:
//!   values (`object`, `hash`, `refname`, `refspec`, `filter`, `limits`, `lfs`,
//!   `attributes`, `unquote`, `config`) <
//!   { `protocol`, `pack`, `store` } < `graph` <
//!   { `upload_pack`, `receive_pack`, `fetch_client`, `send_client`, `maintenance`, `content`, `compare`, `edit` } <
//!   { `archive`, `blame`, `grep`, `merge`, `patch` }.
//! - No input panics: wire data is never indexed, sliced or added unchecked.
//! - A machine that takes its input in chunks gives the same events however the input is split.

#![warn(unreachable_pub)]

pub(crate) mod archive;
pub mod attributes;
pub mod blame;
pub mod compare;
pub(crate) mod config;
pub mod content;
pub mod edit;
pub mod fetch_client;
pub mod filter;
pub mod graph;
pub mod grep;
pub mod hash;
pub mod lfs;
pub mod limits;
pub mod maintenance;
pub mod merge;
pub mod object;
pub mod pack;
pub mod patch;
pub mod protocol;
pub mod receive_pack;
pub mod refname;
pub mod refspec;
pub(crate) mod send_client;
pub mod store;
pub(crate) mod unquote;
pub mod upload_pack;
