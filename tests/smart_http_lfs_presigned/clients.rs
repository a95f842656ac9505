//! The real git-lfs.

use crate::presigning;
use crate::support::git_lfs;
use crate::support::scratch::Scratch;

/// Track, push, clone, change, pull, and push to a fork; and no byte of a file passed the Worker.
#[test]
fn git_lfs_pushes_and_clones_by_presigned_urls() {
    let Some(servers) = presigning() else { return };
    git_lfs::say_which();
    for lfs in git_lfs::versions() {
        let scratch = Scratch::new();
        let hosted = servers
            .cairn
            .rest()
            .create_repository("lfs-clients", lfs.name);
        let git = lfs.repository(&scratch, "work");
        let large: Vec<u8> = (0..5_000_000_u32).map(|at| (at / 7) as u8).collect();
        git.write("large.bin", &large);
        git.write("page.bin", "<!doctype html><p>no type is guessed</p>");
        git.write("plain.txt", "text\n");
        git.commit("files");
        git.run(&["push", "--quiet", &hosted.url(), "HEAD:main"]);
        git.run(&["lfs", "push", "--all", &hosted.url()]);

        let clone = lfs.clone(&scratch, &hosted.url(), "clone", &["--branch=main"]);
        assert_eq!(
            std::fs::read(clone.folder().join("large.bin")).unwrap(),
            large
        );
        clone.run(&["lfs", "fsck"]);
        clone.write("second.bin", "a second one");
        clone.commit("more");
        clone.run(&["push", "--quiet", "origin", "HEAD:main"]);
        git.run(&["pull", "--quiet", &hosted.url(), "main"]);
        let pulled = std::fs::read(git.folder().join("second.bin")).unwrap();
        assert_eq!(pulled, b"a second one");
        git.run(&["lfs", "fsck"]);

        let remote = format!("/git/lfs-clients/{}.git", lfs.name);
        let lines = servers.cairn.request_lines(|lines| !lines.is_empty());
        let transfers = lines.iter().filter(|line| {
            let route = line["route"].as_str().unwrap_or_default();
            line["repository"] == lfs.name && route.contains("/objects/:oid")
        });
        assert_eq!(transfers.count(), 0, "{remote}");
    }
}
