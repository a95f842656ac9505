//! Objects of Git LFS come with a merge from another repository.

use ureq::http::Method;

use super::elsewhere::{forked, from};
use super::support::lfs_files::{oid, pointer};
use super::{Desk, Hosted, json, server};

/// The path of an object in a repository.
fn path(hosted: &Hosted, bytes: &[u8]) -> String {
    hosted.git_path(&format!("info/lfs/objects/{}", oid(bytes)))
}

fn send(hosted: &Hosted, bytes: &[u8]) {
    let client = server().rest().with_bearer(&hosted.token);
    let path = format!("{}/{}", path(hosted, bytes), bytes.len());
    let put = client.send(Method::PUT, &path, &[], bytes);
    assert_eq!(put.status, 200, "{}", put.text());
}

fn given(hosted: &Hosted, bytes: &[u8]) -> bool {
    let client = server().rest().with_bearer(&hosted.token);
    let answer = client.get(&path(hosted, bytes));
    assert!(answer.status == 404 || answer.body == bytes);
    answer.status == 200
}

/// Commits pointers to a branch by REST.
fn commit(hosted: &Hosted, branch: &str, objects: &[&[u8]]) {
    let client = server().rest().with_bearer(&hosted.token);
    let file =
        |bytes: &&[u8]| json!({"path": format!("{}.bin", oid(bytes)), "content": pointer(bytes)});
    let files: Vec<_> = objects.iter().map(file).collect();
    let body = json!({"branch": branch, "message": "large files", "files": files});
    client.post(&hosted.path("/commits"), &body).result(201);
}

#[test]
fn a_merge_from_a_fork_takes_its_large_files_along() {
    let desk = Desk::new("large-fork");
    let fork = forked(&desk, "large-fork-of-it", false);
    let (mine, unsent, unmerged) = (
        b"of the fork".as_slice(),
        b"never sent".as_slice(),
        b"elsewhere".as_slice(),
    );
    send(&fork, mine);
    send(&fork, unmerged);
    commit(&fork, "main", &[mine, unsent]);
    let operator = server().rest();
    let merge = |dry_run: bool| {
        let body = json!({"into": "main", "from": from(&fork, "main"), "dry_run": dry_run});
        operator.post(&desk.hosted.path("/merge"), &body)
    };
    assert_eq!(merge(true).status, 200);
    assert!(!given(&desk.hosted, mine), "a dry run takes nothing");
    merge(false).result(201);
    assert!(given(&desk.hosted, mine));
    assert!(!given(&desk.hosted, unsent));
    assert!(!given(&desk.hosted, unmerged), "only what the pack names");
    operator.delete(&fork.path(""));
    assert!(given(&desk.hosted, mine), "it is this repository's own now");
}

#[test]
fn a_merge_from_another_network_copies_large_files() {
    let desk = Desk::new("large-other");
    let other = server()
        .rest()
        .create_repository("merges-elsewhere", "large");
    desk.git.run(&["push", "--quiet", &other.url(), "main"]);
    let (large, empty) = (vec![5; 2 << 20], Vec::new());
    send(&other, &large);
    send(&other, &empty);
    commit(&other, "main", &[&large, &empty]);
    let body = json!({"into": "main", "from": from(&other, "main"), "strategy": "rebase"});
    let merged = server().rest().post(&desk.hosted.path("/merge"), &body);
    merged.result(201);
    assert!(given(&desk.hosted, &large) && given(&desk.hosted, &empty));
}
