//! How much a repository and a namespace may hold: writes beyond a bound are refused, and lists and
//! sums show sizes.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

mod held;
mod lists;
mod namespaces;
mod pushes;
mod usage;
mod writes;

use serde_json::{Value, json};
use support::rest::{Hosted, Rest};
use support::server::server;

/// More bytes or repositories than a bound allows.
const QUOTA_EXCEEDED: u64 = 10_404;

fn rest() -> Rest {
    server().rest()
}

/// The repository as REST shows it.
fn shown(hosted: &Hosted) -> Value {
    rest().get(&hosted.path("")).result(200)
}

/// Bounds the repository at `more` bytes above its size; gives its size.
fn leave(hosted: &Hosted, more: u64) -> u64 {
    let info = shown(hosted);
    let here = info["size_bytes"].as_u64().unwrap() + info["lfs_bytes"].as_u64().unwrap();
    let most = here + more;
    let changed = rest().patch(&hosted.path(""), &json!({ "bytes_max": most }));
    assert_eq!(changed.result(200)["bytes_max"], most);
    here
}

/// Takes the bound away.
fn set_free(hosted: &Hosted) {
    let changed = rest().patch(&hosted.path(""), &json!({ "bytes_max": null }));
    assert_eq!(changed.result(200)["bytes_max"], json!(null));
}

/// How many packs are in quarantine.
fn quarantined(hosted: &Hosted) -> u64 {
    let stats = rest().get(&hosted.path("/stats")).result(200);
    stats["packs"]["quarantined"].as_u64().unwrap()
}
