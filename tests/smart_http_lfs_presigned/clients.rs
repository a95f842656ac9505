//! The real git-lfs.

use serde_json::Value;

use crate::presigning;
use crate::support::git_lfs;
use crate::support::scratch::Scratch;

/// Track, push, clone, change, push and pull; and no byte of a file passed the Worker.
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
        let large: Vec<u8> = (0..5_000_000_u32)
            .map(|at| u8::try_from(at / 7 % 251).unwrap())
            .collect();
        git.write("large.bin", &large);
        git.write("page.bin", "<!doctype html><p>no type is guessed</p>");
        git.write("plain.txt", "text\n");
        git.commit("files");
        git.run(&["remote", "add", "origin", &hosted.url()]);
        git.run(&["push", "--quiet", "origin", "HEAD:main"]);
        git.run(&["lfs", "push", "--all", "origin"]);

        let clone = lfs.clone(&scratch, &hosted.url(), "clone", &["--branch=main"]);
        assert_eq!(
            std::fs::read(clone.folder().join("large.bin")).unwrap(),
            large
        );
        clone.run(&["lfs", "fsck"]);
        clone.write("second.bin", "a second one");
        clone.commit("more");
        clone.run(&["push", "--quiet", "origin", "HEAD:main"]);
        git.run(&["pull", "--quiet", "origin", "main"]);
        let pulled = std::fs::read(git.folder().join("second.bin")).unwrap();
        assert_eq!(pulled, b"a second one");
        git.run(&["lfs", "fsck"]);

        // Every batch and every verify is at Cairn, no transfer.
        let of = |lines: &[Value], route: &str| {
            let ours = lines.iter().filter(|line| line["repository"] == lfs.name);
            let told = ours.filter(|line| line["route"].as_str().unwrap().ends_with(route));
            told.count()
        };
        let lines = servers
            .cairn
            .request_lines(|lines| of(lines, "/info/lfs/verify") == 3);
        assert!(of(&lines, "/info/lfs/objects/batch") >= 4, "{lines:?}");
        assert_eq!(
            of(&lines, "/:oid") + of(&lines, "/:oid/:size"),
            0,
            "{lines:?}"
        );
    }
}
