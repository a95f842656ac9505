//! Track, push, clone, pull, fetch, checkout, prune: both versions.

use serde_json::json;

use super::shared::{Story, is_noise, is_pointer, is_served, local_objects, oid};
use super::support::rest::Hosted;
use super::support::server::server;

#[test]
fn a_large_file_is_tracked_pushed_cloned_and_pulled() {
    for story in Story::with_each("everyday") {
        let Story { work, hosted, .. } = &story;
        story.commit("a.bin", 1, 300_000);
        story.commit("deep/in/b.bin", 2, 1);
        // An empty file is not a large one, and stays as it is.
        work.write("empty.bin", "");
        work.commit("an empty file");
        story.push();
        is_pointer(work, "a.bin");
        assert!(is_served(hosted, &oid(work, "HEAD", "a.bin"), 300_000));

        let clone = story.clone("clone", &[]);
        is_noise(&clone, "a.bin", 1, 300_000);
        is_noise(&clone, "deep/in/b.bin", 2, 1);
        is_noise(&clone, "empty.bin", 0, 0);
        clone.run(&["lfs", "fsck"]);
        assert_eq!(clone.run(&["status", "--porcelain"]), "");

        // Nobody told it where: it asks beside the remote.
        let env = clone.run(&["lfs", "env"]);
        let endpoint = format!("Endpoint={}/info/lfs (auth=", hosted.url());
        assert!(env.contains(&endpoint), "{env}");

        story.commit("a.bin", 3, 400_000);
        story.push();
        clone.run(&["pull", "--quiet"]);
        is_noise(&clone, "a.bin", 3, 400_000);
        // And back the other way.
        clone.write("c.bin", "by the clone");
        clone.commit("by the clone");
        clone.run(&["push", "--quiet"]);
        work.run(&["pull", "--quiet", "origin", "main"]);
        let pulled = std::fs::read(work.folder().join("c.bin")).unwrap();
        assert_eq!(pulled, b"by the clone");
    }
}

/// The remote keeps the old name, and git-lfs finds its objects and locks there.
#[test]
fn a_remote_goes_on_after_its_repository_was_renamed() {
    for story in Story::with_newest("renamed") {
        story.commit("a.bin", 1, 10_000);
        story.push();
        let name = format!("{}-moved", story.hosted.name);
        let asked = json!({ "name": name });
        let rest = server().rest();
        rest.post(&story.hosted.path("/rename"), &asked).result(200);
        story.commit("b.bin", 2, 10_000);
        story.push();
        story.work.run(&["lfs", "lock", "a.bin"]);
        let clone = story.clone("clone", &[]);
        is_noise(&clone, "a.bin", 1, 10_000);
        is_noise(&clone, "b.bin", 2, 10_000);
        let renamed = Hosted {
            name,
            ..story.hosted.clone()
        };
        let kept = rest.get(&renamed.path("/lfs")).result(200);
        assert_eq!(kept.as_array().map(Vec::len), Some(2), "{kept}");
        assert!(story.work.run(&["lfs", "locks"]).contains("a.bin"));
    }
}

#[test]
fn pointers_alone_are_cloned_and_filled_by_and_by() {
    for story in Story::with_newest("pointers") {
        for number in 1..=3_u64 {
            story.commit(&format!("{number}.bin"), number, 10_000);
        }
        story.push();
        let clone = story.clone_pointers("clone");
        let pointer = std::fs::read(clone.folder().join("1.bin")).unwrap();
        assert!(pointer.starts_with(b"version https://git-lfs"));
        assert_eq!(local_objects(&clone), 0);

        clone.run(&["lfs", "fetch", "--include", "1.bin"]);
        assert_eq!(local_objects(&clone), 1);
        clone.run(&["lfs", "checkout", "1.bin"]);
        is_noise(&clone, "1.bin", 1, 10_000);

        clone.run(&["lfs", "pull"]);
        for number in 1..=3 {
            is_noise(&clone, &format!("{number}.bin"), number, 10_000);
        }
        clone.run(&["lfs", "fsck"]);
    }
}

/// `fetch --recent`: the objects of recent branches, and of the days before their tips, but nothing old.
#[test]
fn recent_branches_are_fetched() {
    let day = 86_400;
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    for mut story in Story::with_newest("recent") {
        let plain = story.work.clone();
        let at = |days: u64| {
            let date = format!("{} +0000", now - days * day);
            let git = plain.clone().variable("GIT_COMMITTER_DATE", &date);
            git.variable("GIT_AUTHOR_DATE", &date)
        };
        story.work = at(60);
        story.commit("a.bin", 1, 1000);
        story.work.run(&["branch", "old"]);
        story.work = at(3);
        story.commit("a.bin", 2, 1000);
        story.work = at(1);
        story.commit("a.bin", 3, 1000);
        story.work.run(&["switch", "--quiet", "-c", "recent"]);
        story.commit("b.bin", 4, 1000);
        story.work.run(&["switch", "--quiet", "old"]);
        story.work = at(50);
        story.commit("c.bin", 5, 1000);
        story.work.run(&["push", "--quiet", "--all", "origin"]);

        let clone = story.clone_pointers("clone");
        clone.run(&["lfs", "fetch"]);
        assert_eq!(local_objects(&clone), 1, "the tip of main");
        let recent = clone.config("lfs.fetchrecentrefsdays", "7");
        recent.run(&["lfs", "fetch", "--recent"]);
        assert_eq!(local_objects(&recent), 2, "and the branch 'recent'");
        let recent = recent.config("lfs.fetchrecentcommitsdays", "5");
        recent.run(&["lfs", "fetch", "--recent"]);
        assert_eq!(local_objects(&recent), 4, "and what was replaced lately");
        recent.run(&["lfs", "fetch", "--all"]);
        assert_eq!(local_objects(&recent), 5);
    }
}

/// `prune --verify-remote` removes the files that the server has, and nothing else.
#[test]
fn old_versions_are_pruned_once_the_server_has_them() {
    for story in Story::with_newest("prune") {
        let work = &story.work;
        for seed in 1..=3 {
            story.commit("a.bin", seed, 1000);
        }
        story.push();
        assert_eq!(local_objects(work), 3);
        let said = work.run(&["lfs", "prune", "--verify-remote", "--verbose"]);
        assert_eq!(local_objects(work), 1, "{said}");
        is_noise(work, "a.bin", 3, 1000);
        work.run(&["checkout", "--quiet", "HEAD~1"]);
        is_noise(work, "a.bin", 2, 1000);
        work.run(&["checkout", "--quiet", "main"]);

        // Objects that were never pushed do not go.
        for seed in 4..=6 {
            story.commit("a.bin", seed, 1000);
        }
        work.run(&["lfs", "prune", "--verify-remote"]);
        assert_eq!(local_objects(work), 3);
    }
}
