//! The last commit of each entry of a directory.

use serde_json::json;

use super::support::scratch::Scratch;
use super::support::server::server;
use super::{get, hosted, pages, refused};

#[test]
fn every_entry_comes_with_the_commit_that_changed_it_last() {
    let scratch = Scratch::new();
    let (hosted, work) = hosted(&scratch, "entries", 5);
    let tips = work.run(&[
        "for-each-ref",
        "--format=%(objectname)",
        "refs/heads",
        "refs/tags",
    ]);
    let mut checked = 0;
    for tip in tips.lines().take(8) {
        for directory in ["", "d1", "d1/d4"] {
            let at = format!("{tip}^{{commit}}:{directory}");
            if !work
                .try_run(&["rev-parse", "--verify", "--quiet", &at], b"")
                .ok
            {
                continue;
            }
            let listed = work.run(&["ls-tree", &at]);
            let found = pages(
                &hosted,
                &format!("/tree/{tip}?last_commit=true&path={directory}"),
            );
            let found = found.iter().flat_map(|page| page.as_array().unwrap());
            let found: Vec<_> = found.collect();
            assert_eq!(found.len(), listed.lines().count(), "{at}");
            for (entry, line) in found.iter().zip(listed.lines()) {
                let name = line.split_once('\t').unwrap().1;
                assert_eq!(entry["name"], name);
                assert!(line.contains(entry["hash"].as_str().unwrap()), "{line}");
                let path = format!("{directory}/{name}");
                let path = path.trim_start_matches('/');
                let format = "--format=%H%n%T%n%an%n%cI";
                let expected = work.run(&["log", "-1", format, tip, "--", path]);
                let expected: Vec<&str> = expected.lines().collect();
                let commit = &entry["lastCommit"];
                assert_eq!(commit["hash"], expected[0], "{at}: {path}");
                assert_eq!(commit["treeHash"], expected[1]);
                assert_eq!(commit["author"]["name"], expected[2]);
                checked += 1;
            }
        }
    }
    assert!(checked > 50, "{checked}");
}

#[test]
fn a_page_of_a_large_directory_has_a_thousand_entries() {
    let scratch = Scratch::new();
    let work = scratch.repository("large");
    for number in 0..2_300 {
        work.write(&format!("f{number:05}"), format!("{number}\n"));
    }
    let first = work.commit("all");
    work.write("f01500", "changed\n");
    let second = work.commit("one");
    let hosted = server().rest().create_repository("reading", "large");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    let pages = pages(&hosted, &format!("/tree/{second}?last_commit=1"));
    let counts: Vec<usize> = pages
        .iter()
        .map(|page| page.as_array().unwrap().len())
        .collect();
    assert_eq!(counts, [1_000, 1_000, 300]);
    for (number, entry) in pages
        .iter()
        .flat_map(|page| page.as_array().unwrap())
        .enumerate()
    {
        assert_eq!(entry["name"], format!("f{number:05}"));
        let expected = if number == 1_500 { &second } else { &first };
        assert_eq!(entry["lastCommit"]["hash"], expected.as_str());
    }
}

#[test]
fn last_commits_need_a_commit_and_a_directory() {
    let scratch = Scratch::new();
    let (hosted, work) = hosted(&scratch, "refused-entries", 6);
    let tip = work.run(&["rev-parse", "main"]);
    let tree = work.run(&["rev-parse", "main^{tree}"]);
    let nowhere = "1".repeat(40);
    for (path, status, pointer) in [
        (
            format!("/tree/{tree}?last_commit=true"),
            400,
            "/last_commit",
        ),
        (
            format!("/tree/{tip}?last_commit=maybe"),
            400,
            "/last_commit",
        ),
        (
            format!("/tree/{tip}?last_commit&recursive"),
            400,
            "/recursive",
        ),
        (format!("/tree/{tip}?path=d1"), 400, "/path"),
        (
            format!("/tree/{tip}?last_commit&path=nowhere"),
            404,
            "/path",
        ),
        (
            format!("/tree/{tip}?last_commit&cursor=AAAA"),
            400,
            "/cursor",
        ),
    ] {
        refused(&hosted, &path, status, pointer);
    }
    assert_eq!(
        get(&hosted, &format!("/tree/{nowhere}?last_commit")).status,
        404
    );
    let path = hosted.path(&format!("/tree/{tip}?last_commit"));
    assert_eq!(server().rest().anonymous().get(&path).status, 401);
    server()
        .rest()
        .patch(&hosted.path(""), &json!({"public": true}))
        .result(200);
    assert_eq!(server().rest().anonymous().get(&path).status, 200);
}
