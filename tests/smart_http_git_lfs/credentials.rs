//! The credentials that git-lfs finds, and the rights of each.

use serde_json::json;

use super::shared::{Story, is_noise, is_served, oid};
use crate::support::git::Git;
use crate::support::server::server;

/// Git with a credential helper that knows the token.
fn with_helper(git: &Git, story: &Story, token: &str) -> Git {
    let file = story.scratch.join(format!("credentials-{token}"));
    let url = story.hosted.url_with(token);
    let (origin, _) = url.split_once("/git/").unwrap();
    std::fs::write(&file, format!("{origin}\n")).unwrap();
    let helper = format!("store --file={}", file.to_str().unwrap());
    git.clone().config("credential.helper", &helper)
}

#[test]
fn a_credential_helper_is_enough() {
    for story in Story::with_each("helper") {
        let remote = &story.hosted.remote;
        let work = with_helper(&story.work, &story, &story.hosted.token);
        work.run(&["remote", "set-url", "origin", remote]);
        story.commit("a.bin", 1, 5000);
        // Locks are asked about before a push, with the same credential.
        let work = work.config("lfs.locksverify", "true");
        work.run(&["push", "--quiet", "origin", "main"]);
        let git = story.lfs.install(&story.scratch);
        let git = with_helper(&git, &story, &story.token("read", "reader"));
        git.run(&["clone", "--quiet", remote, "clone"]);
        is_noise(&story.scratch.git_in("clone"), "a.bin", 1, 5000);
    }
}

#[test]
fn a_bearer_token_in_a_header_is_enough() {
    for story in Story::with_each("bearer") {
        let header = format!("Authorization: Bearer {}", story.hosted.token);
        let work = story.work.clone().config("http.extraHeader", &header);
        work.run(&["remote", "set-url", "origin", &story.hosted.remote]);
        story.commit("a.bin", 1, 5000);
        work.run(&["push", "--quiet", "origin", "main"]);
        let git = story.lfs.install(&story.scratch);
        let git = git.config("http.extraHeader", &header);
        git.run(&["clone", "--quiet", &story.hosted.remote, "clone"]);
        is_noise(&story.scratch.git_in("clone"), "a.bin", 1, 5000);
    }
}

#[test]
fn a_public_repository_needs_no_credential_for_reading() {
    for story in Story::with_newest("public") {
        let public = json!({ "public": true });
        let rest = server().rest();
        rest.patch(&story.hosted.path(""), &public).result(200);
        story.commit("a.bin", 1, 5000);
        story.push();
        let remote = &story.hosted.remote;
        let clone = story.lfs.clone(&story.scratch, remote, "clone", &[]);
        is_noise(&clone, "a.bin", 1, 5000);
        assert_eq!(clone.run(&["lfs", "locks"]), "");

        clone.write("b.bin", "by a stranger");
        clone.commit("by a stranger");
        clone.fails(&["lfs", "push", "origin", "main"]);
        clone.fails(&["lfs", "lock", "a.bin"]);
        assert!(!is_served(&story.hosted, &oid(&clone, "HEAD", "b.bin"), 13));
    }
}

#[test]
fn a_token_for_reading_uploads_nothing() {
    for story in Story::with_newest("reads") {
        story.commit("a.bin", 1, 5000);
        story.push();
        let url = story.hosted.url_with(&story.token("read", "reader"));
        let clone = story.lfs.clone(&story.scratch, &url, "clone", &[]);
        is_noise(&clone, "a.bin", 1, 5000);
        clone.write("b.bin", "by a reader");
        clone.commit("by a reader");
        let said = clone.fails(&["lfs", "push", "origin", "main"]);
        assert!(said.contains("does not allow pushing"), "{said}");
        assert!(!is_served(&story.hosted, &oid(&clone, "HEAD", "b.bin"), 11));
        let said = clone.fails(&["lfs", "lock", "a.bin"]);
        assert!(said.contains("does not allow pushing"), "{said}");
    }
}

#[test]
fn a_read_only_repository_takes_no_large_file_and_no_lock() {
    for story in Story::with_newest("frozen") {
        story.commit("a.bin", 1, 5000);
        story.push();
        story.work.run(&["lfs", "lock", "a.bin"]);
        let frozen = json!({ "read_only": true });
        let rest = server().rest();
        rest.patch(&story.hosted.path(""), &frozen).result(200);
        let clone = story.clone("clone", &[]);
        is_noise(&clone, "a.bin", 1, 5000);
        story.commit("b.bin", 2, 5000);
        let work = &story.work;
        let said = work.fails(&["lfs", "push", "origin", "main"]);
        assert!(said.contains("read-only"), "{said}");
        assert!(!is_served(&story.hosted, &oid(work, "HEAD", "b.bin"), 5000));
        for refused in [["lfs", "lock", "b.bin"], ["lfs", "unlock", "a.bin"]] {
            let said = work.fails(&refused);
            assert!(said.contains("read-only"), "{said}");
        }
        assert!(work.run(&["lfs", "locks"]).contains("a.bin"));
    }
}
