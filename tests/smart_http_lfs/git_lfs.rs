//! The same by git-lfs itself, where it is installed.

use std::process::Command;

use super::client::{Lfs, Object};
use crate::support::git::Git;
use crate::support::scratch::Scratch;
use crate::support::server::server;

/// A repository whose git runs the filters and hooks of git-lfs.
fn with_lfs(git: Git) -> Git {
    git.run(&["lfs", "install", "--local"]);
    git
}

#[test]
fn git_lfs_finds_the_endpoint_and_pushes_and_pulls() {
    if Command::new("git-lfs").arg("version").output().is_err() {
        println!("git-lfs is not installed: not tried with it");
        return;
    }
    let (hosted, lfs) = Lfs::create("lfs-git", "client");
    let scratch = Scratch::new();
    let source = with_lfs(scratch.repository("source"));
    source.run(&["lfs", "track", "*.bin"]);
    let object = Object::of_length(300_000, 11);
    source.write("large.bin", &object.bytes);
    let small = Object::of("small");
    source.write("small.bin", &small.bytes);
    source.commit("large files");
    source.run(&["push", &hosted.url(), "main"]);
    assert!(lfs.has(&object) && lfs.has(&small));

    let clone = scratch.clone(&hosted.url(), "clone", &[]);
    let pointer = std::fs::read_to_string(clone.folder().join("large.bin")).unwrap();
    assert!(pointer.contains(&object.oid), "{pointer}");
    let clone = with_lfs(clone);
    clone.run(&["lfs", "pull"]);
    let pulled = std::fs::read(clone.folder().join("large.bin")).unwrap();
    assert!(pulled == object.bytes);

    // A public repository, without any credential.
    let public = server()
        .rest()
        .patch(&hosted.path(""), &serde_json::json!({ "public": true }));
    assert_eq!(public.status, 200);
    let stranger = with_lfs(scratch.clone(&hosted.remote, "stranger", &[]));
    stranger.run(&["lfs", "pull"]);
    let pulled = std::fs::read(stranger.folder().join("large.bin")).unwrap();
    assert!(pulled == object.bytes);
}
