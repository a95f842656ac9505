//! Stories of whole histories: migrated, pushed to another place, forked.

use serde_json::json;

use super::shared::{Story, is_noise, is_pointer, is_served, local_objects, oid};
use crate::support::history::noise;
use crate::support::rest::Hosted;
use crate::support::server::server;

/// A history that has large files in Git itself is rewritten, and pushed.
#[test]
fn a_history_is_migrated_and_pushed() {
    for story in Story::with_each("migrate") {
        let work = story.lfs.with(&story.scratch.repository("plain"));
        for seed in 1..=3 {
            work.write("a.bin", noise(seed, 20_000));
            work.write("notes.txt", format!("{seed}\n"));
            work.commit(&format!("round {seed}"));
            work.run(&["tag", &format!("v{seed}")]);
        }
        work.run(&["switch", "--quiet", "-c", "topic", "v2"]);
        work.write("b.bin", noise(4, 20_000));
        work.commit("topic");
        work.run(&["remote", "add", "origin", &story.hosted.url()]);
        work.run(&[
            "lfs",
            "migrate",
            "import",
            "--everything",
            "--include=*.bin",
        ]);
        work.run(&["push", "--quiet", "--all", "origin"]);
        work.run(&["push", "--quiet", "--tags", "origin"]);

        let clone = story.clone("clone", &[]);
        is_pointer(&clone, "a.bin");
        is_noise(&clone, "a.bin", 3, 20_000);
        for (revision, path, seed) in [
            ("v1", "a.bin", 1),
            ("v2", "a.bin", 2),
            ("origin/topic", "b.bin", 4),
        ] {
            clone.run(&["checkout", "--quiet", revision]);
            is_noise(&clone, path, seed, 20_000);
        }
        clone.run(&["lfs", "fetch", "--all"]);
        assert_eq!(local_objects(&clone), 4);
        clone.fsck_strict();
    }
}

/// From one repository to another, with every version of every file: `fetch --all`, `push --all`.
#[test]
fn everything_moves_to_another_repository() {
    for story in Story::with_newest("moves") {
        for seed in 1..=4 {
            story.commit("a.bin", seed, 5000);
        }
        story.push();
        let name = format!("{}-moved", story.lfs.name);
        let target = server().rest().create_repository("large", &name);
        let mirror = story.clone("mirror.git", &["--mirror"]);
        mirror.run(&["lfs", "fetch", "--all"]);
        assert_eq!(local_objects(&mirror), 4);
        mirror.run(&["push", "--quiet", "--mirror", &target.url()]);
        mirror.run(&["lfs", "push", "--all", &target.url()]);
        for back in 0..4 {
            let oid = oid(&story.work, &format!("HEAD~{back}"), "a.bin");
            assert!(is_served(&target, &oid, 5000));
        }
        let clone = story.lfs.clone(&story.scratch, &target.url(), "clone", &[]);
        is_noise(&clone, "a.bin", 4, 5000);
    }
}

/// A fork of the story's repository.
fn fork(story: &Story) -> Hosted {
    let name = format!("{}-fork", story.hosted.name);
    let made = server()
        .rest()
        .post(&story.hosted.path("/fork"), &json!({ "name": name }));
    Hosted::made("large", &made)
}

/// Objects that are pushed to a fork are the fork's; its source does not have it.
#[test]
fn a_fork_takes_pushes_of_its_own() {
    for story in Story::with_newest("fork") {
        story.commit("a.bin", 1, 5000);
        story.push();
        let fork = fork(&story);
        story.commit("b.bin", 2, 5000);
        let work = &story.work;
        work.run(&["remote", "add", "fork", &fork.url()]);
        work.run(&["push", "--quiet", "fork", "main"]);
        let new = oid(work, "HEAD", "b.bin");
        assert!(is_served(&fork, &new, 5000));
        assert!(!is_served(&story.hosted, &new, 5000));
        // By the same token no digest of the fork's opens anything at its source, until it is pushed.
        work.run(&["push", "--quiet", "origin", "main"]);
        assert!(is_served(&story.hosted, &new, 5000));
    }
}

/// A fork has the large files of its source, without an upload.
#[test]
fn a_fork_has_the_large_files_of_its_source() {
    for story in Story::with_newest("forked") {
        story.commit("a.bin", 1, 5000);
        story.push();
        let fork = fork(&story);
        let clone = |name| story.lfs.clone(&story.scratch, &fork.url(), name, &[]);
        is_noise(&clone("clone"), "a.bin", 1, 5000);
        // Also when the source is gone.
        server().rest().delete(&story.hosted.path("")).result(202);
        is_noise(&clone("again"), "a.bin", 1, 5000);
    }
}
