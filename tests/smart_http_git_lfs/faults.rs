//! Faults: uploads that break off, bytes that are others than their name says, tokens that
//! end in the middle.

use super::shared::{Story, is_noise, is_served, oid};
use crate::support::proxy::Proxy;
use crate::support::server::server;

/// The file in which git-lfs keeps an object.
fn kept(story: &Story, oid: &str) -> std::path::PathBuf {
    let folders = format!("{}/{}", &oid[..2], &oid[2..4]);
    let objects = story.work.folder().join(".git/lfs/objects");
    objects.join(folders).join(oid)
}

#[test]
fn a_file_with_another_digest_than_its_name_is_refused() {
    for story in Story::with_each("digest") {
        let Story { work, hosted, .. } = &story;
        story.commit("a.bin", 1, 5000);
        let oid = oid(work, "HEAD", "a.bin");
        let path = kept(&story, &oid);
        let right = std::fs::read(&path).unwrap();
        let mut wrong = right.clone();
        wrong[4000] ^= 1;
        // git-lfs write-protects its files.
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, &wrong).unwrap();
        let work = work.clone().config("lfs.transfer.maxretries", "1");
        work.fails(&["push", "--quiet", "origin", "main"]);
        assert!(!is_served(hosted, &oid, 5000));
        assert_eq!(work.remote_refs(&hosted.url()).get("refs/heads/main"), None);

        std::fs::write(&path, &right).unwrap();
        story.push();
        is_noise(&story.clone("clone", &[]), "a.bin", 1, 5000);
    }
}

/// The connection breaks in the middle of an upload: git-lfs tries once more by itself.
#[test]
fn an_interrupted_upload_is_repeated() {
    for story in Story::with_newest("interrupted") {
        let proxy = Proxy::before(server());
        let work = &story.work;
        work.run(&["remote", "set-url", "origin", &proxy.url(&story.hosted)]);
        story.commit("a.bin", 1, 3_000_000);
        proxy.cut("PUT", 1_000_000);
        story.push();
        assert!(proxy.has_acted());
        is_noise(&story.clone("clone", &[]), "a.bin", 1, 3_000_000);
    }
}

/// It breaks, and the client gives up: nothing is there, and a later push is as any other.
#[test]
fn an_upload_that_was_given_up_leaves_nothing() {
    for story in Story::with_newest("given-up") {
        let proxy = Proxy::before(server());
        let Story { work, hosted, .. } = &story;
        work.run(&["remote", "set-url", "origin", &proxy.url(hosted)]);
        story.commit("a.bin", 1, 3_000_000);
        let oid = oid(work, "HEAD", "a.bin");
        proxy.cut("PUT", 2_999_999);
        let once = work.clone().config("lfs.transfer.maxretries", "1");
        let ended = once.try_run(&["push", "--quiet", "origin", "main"], b"");
        assert!(proxy.has_acted());
        if !ended.ok {
            assert!(!is_served(hosted, &oid, 3_000_000), "{}", ended.stderr);
        }
        story.push();
        is_noise(&story.clone("clone", &[]), "a.bin", 1, 3_000_000);
    }
}

/// The token ends when the batch is answered and before the bytes come.
#[test]
fn a_token_that_ends_in_the_middle_of_a_push_ends_the_push() {
    for story in Story::with_each("expires") {
        let proxy = Proxy::before(server());
        let Story { work, hosted, .. } = &story;
        work.run(&["remote", "set-url", "origin", &proxy.url(hosted)]);
        // One after the other, so that the first comes through.
        let work = work.clone().config("lfs.concurrenttransfers", "1");
        work.write("a.bin", "the first");
        work.write("b.bin", "the second");
        work.commit("two files");
        let ending = hosted.clone();
        proxy.before_request("PUT", 2, move || Story::revoke(&ending));
        let said = work.fails(&["push", "--quiet", "origin", "main"]);
        assert!(proxy.has_acted(), "{said}");

        let token = story.token("write", "later");
        let mut later = hosted.clone();
        later.token = token;
        let oids = ["a.bin", "b.bin"].map(|path| oid(&work, "HEAD", path));
        let sizes = [9, 10];
        let served = [0, 1].map(|at| is_served(&later, &oids[at], sizes[at]));
        assert_eq!(served.iter().filter(|served| **served).count(), 1);
        assert_eq!(work.remote_refs(&later.url()).get("refs/heads/main"), None);

        // With another token the push goes on where it ended.
        work.run(&["remote", "set-url", "origin", &later.url()]);
        work.run(&["push", "--quiet", "origin", "main"]);
        let clone = story.lfs.clone(&story.scratch, &later.url(), "clone", &[]);
        let found = std::fs::read(clone.folder().join("b.bin")).unwrap();
        assert_eq!(found, b"the second");
    }
}

/// The token ends while files come: those that came are kept, and the rest follows later.
#[test]
fn a_token_that_ends_in_the_middle_of_a_pull_ends_the_pull() {
    for story in Story::with_newest("ends") {
        let Story { hosted, .. } = &story;
        for number in 1..=3 {
            story.commit(&format!("{number}.bin"), number, 5000);
        }
        story.push();
        let proxy = Proxy::before(server());
        let clone = story.clone_pointers("clone");
        clone.run(&["remote", "set-url", "origin", &proxy.url(hosted)]);
        let clone = clone.config("lfs.concurrenttransfers", "1");
        let ending = hosted.clone();
        proxy.before_request("GET", 2, move || Story::revoke(&ending));
        let said = clone.fails(&["lfs", "pull"]);
        assert!(proxy.has_acted(), "{said}");
        let later = hosted.url_with(&story.token("read", "later"));
        clone.run(&["remote", "set-url", "origin", &later]);
        clone.run(&["lfs", "pull"]);
        for number in 1..=3 {
            is_noise(&clone, &format!("{number}.bin"), number, 5000);
        }
    }
}

/// A pointer was pushed and its file was not: a user who pulls is told which file it is.
#[test]
fn a_missing_large_file_is_named() {
    for story in Story::with_newest("missing") {
        let work = &story.work;
        story.commit("a.bin", 1, 5000);
        let oid = oid(work, "HEAD", "a.bin");
        // Past git-lfs: the pointer alone.
        work.run(&["push", "--quiet", "--no-verify", "origin", "main"]);
        let clone = story.clone_pointers("clone");
        let said = clone.fails(&["lfs", "pull"]);
        assert!(said.contains(&oid), "{said}");
        assert!(said.contains("404") || said.contains("not found"), "{said}");
        // Its owner brings it later.
        work.run(&["lfs", "push", "--all", "origin"]);
        clone.run(&["lfs", "pull"]);
        is_noise(&clone, "a.bin", 1, 5000);
    }
}
