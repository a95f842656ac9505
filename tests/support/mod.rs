//! Helpers of the black-box tests: a crate of its own, so that it is compiled once and not again for each
//! suite. A suite names it by `use cairn_test_support as support;`.
//!
//! | part | what it lends |
//! |---|---|
//! | [`server`] | the real Worker under workerd, one for all tests of a binary or one's own |
//! | [`remote`] | another Git server: real git's, behind HTTP with faults |
//! | [`lfs_files`] | objects of Git LFS, given out by that server with faults |
//! | [`port`] | ports that nobody else is given |
//! | [`proxy`] | a change between two requests of a client, every time |
//! | [`receiver`] | a receiver of webhooks |
//! | [`rest`] | a small client for `/api/v1` |
//! | [`s3`] | a Cairn whose large files go to an S3 server |
//! | [`databases`] | the databases of a server's objects |
//! | [`git`] | the real `git`, cut off from the machine's configuration |
//! | [`git_lfs`] | the real `git-lfs`, in two versions |
//! | [`history`] | repositories made from a seed, fast |
//! | [`old_history`] | one with what git's fsck finds in old histories |
//! | [`scratch`] | folders that go away |
//! | [`stall`] | a write of the server that never ends, for a kill in the middle of it |
//! | [`stalled`] | clients that do not read |
//! | [`half_open`] | clients that begin a request and do not go on |
//! | [`sse`] | a client of server-sent events |
//! | [`arrows`] | the imports between source files, and the circles |
//! | [`wait`] | waiting until a condition holds |
//! | [`installed`] | the programs that `scripts/install-clients.sh` installed |
//! | [`tools`] | machines that lack some tools |
//! | [`source`] | the sources of this crate, read as tokens |
//!
//! A test reads as a story: it names its own repository, and shares nothing else.
//! Nothing here is asynchronous, and nothing retries: a test that needs a second try is wrong. Only
//! [`wait`] sleeps, and [`remote`], which may be told to be slow.

#![allow(
    clippy::disallowed_methods,
    reason = "tests are programs of the host: they may wait"
)]
#![allow(
    missing_docs,
    clippy::missing_panics_doc,
    clippy::new_without_default,
    clippy::return_self_not_must_use,
    clippy::should_implement_trait,
    reason = "tests alone call this"
)]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

use std::path::{Path, PathBuf};

pub mod arrows;
pub mod databases;
pub mod git;
pub mod git_lfs;
pub mod half_open;
pub mod history;
pub mod installed;
pub mod lfs_files;
pub mod old_history;
pub mod port;
pub mod proxy;
pub mod receiver;
pub mod remote;
pub mod rest;
pub mod s3;
pub mod scratch;
pub mod server;
pub mod source;
pub mod sse;
pub mod stall;
pub mod stalled;
pub mod tools;
pub mod wait;

/// The package's folder. Asked of the run, not of the build: clones may share a target folder.
pub fn package_root() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(built, Into::into)
}
