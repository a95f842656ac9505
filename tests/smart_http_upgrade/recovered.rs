//! This version rebuilds a repository of 0.1 from R2 alone, after its object is lost.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::old_state::{NAMESPACE, Old, repository};
use super::support::rest::Hosted;
use super::support::wait::until_true;

const PATIENCE: Duration = Duration::from_mins(1);

fn lose(state: &Path, name: &str) {
    let file = repository(state, name);
    for end in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{end}", file.display()));
    }
}

#[test]
fn a_lost_object_of_0_1_is_recovered() {
    let old = Old::serve(|_, state| lose(state, "cold"));
    let (rest, lost) = (old.rest(), old.hosted("cold"));
    assert_eq!(rest.get(&lost.path("")).status, 404);
    let path = lost.path("/recover");
    let answer = rest.post(&path, &json!({"repository_id": old.id("cold")}));
    let again = Hosted::made(NAMESPACE, &answer);
    until_true("the recovery is over", PATIENCE, || {
        rest.get(&again.path("")).result(200)["status"] == "ready"
    });
    let git = old.scratch.git();
    assert_eq!(git.remote_refs(&again.url()), old.refs("cold"));
    let mirror = old.scratch.clone(&again.url(), "again", &["--mirror"]);
    mirror.fsck_strict();
    let verified = old.maintain(&again, "verify");
    assert_eq!(verified["ok"], true, "{verified}");
    // Its forks share its packs, and neither was affected.
    old.is_whole("fork");
    old.is_whole("fork-of-one");
}
