//! Ready clones that are not as they were written.

use serde_json::json;

use super::repository::Cold;
use super::state::{BUCKET, blobs, damage};
use super::support::git::refs_equal;
use super::support::server::Server;

/// A repository whose clone is kept ready.
fn with_ready_clone(server: &Server, name: &str) -> Cold {
    let mut cold = Cold::new(server, name);
    let settings = json!({ "ready_bytes_min": 0 });
    cold.rest
        .patch(&cold.hosted.path(""), &settings)
        .result(200);
    cold.push(2);
    cold.push_branch("noise", 700_000);
    cold.maintain("snapshot");
    assert!(cold.stats()["ready_clone_bytes"].is_u64());
    cold.check("sound");
    cold
}

#[test]
fn a_flipped_byte_of_a_ready_clone_is_found_and_healed() {
    let mut server = Server::start();
    let mut cold = with_ready_clone(&server, "flipped");
    server.restart_after(|state| {
        for ready in blobs(state, "ready/") {
            let mut bytes = std::fs::read(&ready).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&ready, bytes).unwrap();
        }
    });
    cold.rest = server.rest();
    let found = cold.findings();
    let problems = found["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 1, "{found}");
    let problem = problems[0].as_str().unwrap();
    assert!(
        problem.starts_with("the ready clone: r2: object ready/"),
        "{found}"
    );
    assert!(problem.contains("is not what was written"), "{found}");
    // Another one is made by the alarm, or by the first caller that asks.
    cold.maintain("snapshot");
    assert!(cold.stats()["ready_clone_bytes"].is_u64());
    cold.check("healed");
}

/// R2 gives each object a name by its bytes: one of another name is not served.
#[test]
fn a_ready_clone_that_somebody_overwrote_is_not_served() {
    let mut server = Server::start();
    let mut cold = with_ready_clone(&server, "overwritten");
    server.restart_after(|state| {
        let other = "UPDATE _mf_objects SET etag = '0123' WHERE key LIKE 'ready/%'";
        damage(state, BUCKET, &[other]);
    });
    cold.rest = server.rest();
    let clone = cold
        .scratch
        .clone(&cold.hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&cold.source, &clone);
    let lines = server.request_lines(|lines| lines.iter().any(|line| line["packs"] != 0));
    assert!(lines.iter().all(|line| line["ready"] == false), "{lines:?}");
}
