//! Large files that bypass the Worker, by presigned URLs of a real S3 server.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]

use cairn_test_support as support;

#[allow(dead_code, reason = "the stories without presigned URLs use all of it")]
#[path = "../smart_http_lfs/client.rs"]
mod client;

mod actions;
mod clients;
mod hostile;
mod settings;

use std::io::Write as _;
use std::sync::OnceLock;

use support::s3::Presigning;

/// The servers that all stories share; `None`, and the run says so, on a machine that has no S3 server.
fn presigning() -> Option<&'static Presigning> {
    static SHARED: OnceLock<Option<Presigning>> = OnceLock::new();
    let shared = SHARED.get_or_init(|| {
        Presigning::start()
            .inspect_err(|reason| {
                let said = format!("presigned transfers skipped: {reason}\n");
                std::io::stderr().write_all(said.as_bytes()).unwrap();
            })
            .ok()
    });
    shared.as_ref()
}
