//! The log, with git's own as the judge.

use serde_json::{Value, json};

use crate::support::git::Git;
use crate::support::history::History;
use crate::support::rest::{Hosted, Rest};
use crate::support::scratch::Scratch;
use crate::{INVALID_INPUT, NOT_FOUND, blamed, rest};

/// All hashes of a log, its pages put together.
fn log(client: &Rest, hosted: &Hosted, query: &str) -> Vec<String> {
    let mut hashes = Vec::new();
    let mut offset = "0".to_owned();
    loop {
        let path = hosted.path(&format!("/log?{query}&offset={offset}"));
        let answer = client.get(&path);
        let page = answer.result(200);
        let commits = page.as_array().unwrap();
        let hash = |commit: &Value| commit["hash"].as_str().unwrap().to_owned();
        hashes.extend(commits.iter().map(hash));
        let info = &answer.json()["result_info"];
        assert_eq!(info["count"], commits.len(), "{info}");
        info["cursor"].as_str().unwrap().clone_into(&mut offset);
        if offset.is_empty() {
            return hashes;
        }
        assert_eq!(offset, hashes.len().to_string());
    }
}

fn git_log(git: &Git, arguments: &[&str]) -> Vec<String> {
    let arguments = [&["--literal-pathspecs", "log", "--format=%H"], arguments].concat();
    let said = git.run(&arguments);
    said.lines().map(str::to_owned).collect()
}

/// Every path of any commit, folders too.
fn paths(git: &Git) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for commit in git.run(&["rev-list", "--all"]).lines() {
        let listed = git.run(&["ls-tree", "-r", "-t", "--name-only", "-z", commit]);
        paths.extend(listed.split_terminator('\0').map(str::to_owned));
    }
    paths.sort_unstable();
    paths.dedup();
    paths
}

fn encoded(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[test]
fn logs_are_those_of_git() {
    for seed in 0..3 {
        let scratch = Scratch::new();
        let source = scratch.repository("source");
        let history = History {
            merges_percent: 35,
            paths: 12,
            commits: 120,
            ..History::small(seed)
        };
        history.make(&source);
        let hosted = rest().create_repository("rest-log", &format!("seed-{seed}"));
        source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
        let client = rest().with_bearer(&hosted.token);

        let all = git_log(&source, &["main"]);
        assert_eq!(log(&client, &hosted, "limit=1000"), all);
        assert_eq!(log(&client, &hosted, "ref=main&limit=7"), all);
        let first = git_log(&source, &["--first-parent", "main"]);
        assert!(first.len() < all.len(), "the history has merges");
        assert_eq!(log(&client, &hosted, "first_parent=true&limit=7"), first);
        let root = source.run(&["rev-list", "--max-parents=0", "main"]);
        let root = root.lines().next().unwrap();
        assert_eq!(log(&client, &hosted, &format!("ref={root}")), [root]);
        for refname in source.refs().keys().filter(|name| *name != "HEAD") {
            let query = format!("ref={}&limit=1000", encoded(refname));
            assert_eq!(log(&client, &hosted, &query), git_log(&source, &[refname]));
        }
        let mut touched = 0;
        for path in paths(&source) {
            let expected = git_log(&source, &["main", "--", &path]);
            let first = git_log(&source, &["--first-parent", "main", "--", &path]);
            let query = format!("path={}&limit=20&first_parent", encoded(&path));
            assert_eq!(log(&client, &hosted, &query), first, "{path}");
            let query = format!("path={}&limit=20", encoded(&path));
            assert_eq!(
                log(&client, &hosted, &query),
                expected,
                "seed {seed}, {path}"
            );
            touched += expected.len();
        }
        assert!(touched > 50, "the paths have no history");
        for nothing in ["nowhere", "nowhere/a"] {
            let query = format!("path={nothing}");
            assert_eq!(log(&client, &hosted, &query), [""; 0]);
        }
    }
}

#[test]
fn a_page_of_the_log() {
    let hosted = rest().create_repository("rest-log", "page");
    let empty = rest().get(&hosted.path("/log"));
    assert_eq!(empty.result(200), json!([]));
    let info = json!({ "cursor": "", "per_page": 50, "count": 0 });
    assert_eq!(empty.json()["result_info"], info);

    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.write("a", "1\n");
    let first = source.commit("first");
    source.write("a", "2\n");
    let second = source.commit("second\n\nwith a body");
    source.run(&["push", "--quiet", &hosted.url(), "main"]);

    let answer = rest().get(&hosted.path("/log?limit=1"));
    let tree = source.run(&["rev-parse", "main^{tree}"]);
    let shown = json!([{
        "hash": second, "treeHash": tree, "message": "second\n\nwith a body\n",
        "author": { "name": "A U Thor", "email": "author@example.com" },
        "committer": { "name": "C O Mitter", "email": "committer@example.com" },
        "parents": [first],
        "authoredAt": "2023-11-14T22:13:20.000Z", "committedAt": "2023-11-14T22:13:20.000Z",
    }]);
    assert_eq!(answer.result(200), shown);
    let info = json!({ "cursor": "1", "per_page": 1, "count": 1 });
    assert_eq!(answer.json()["result_info"], info);
    assert_eq!(
        rest().get(&hosted.path("/log?offset=2")).result(200),
        json!([])
    );
    assert_eq!(
        rest().get(&hosted.path("/log?path=b/")).result(200),
        json!([])
    );
    assert_eq!(
        rest().get(&hosted.path("/log?path=a/")).result(200),
        json!([])
    );
    let slashes = rest().get(&hosted.path("/log?path=//a")).result(200);
    assert_eq!(slashes.as_array().map(Vec::len), Some(2));
}

#[test]
fn requests_that_the_log_refuses() {
    let hosted = rest().create_repository("rest-log", "refused");
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    source.write("a", "1\n");
    source.commit("first");
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    for (query, pointer) in [
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("offset=-1", "/offset"),
        ("ref=", "/ref"),
        ("path=%00", "/path"),
        ("colour=red", "/colour"),
        ("prefix=refs", "/prefix"),
    ] {
        let answer = rest().get(&hosted.path(&format!("/log?{query}")));
        let (code, found) = blamed(&answer, 400);
        assert_eq!(code, INVALID_INPUT, "{query}");
        assert!(
            found == pointer || query.starts_with("colour"),
            "{query}: {found}"
        );
    }
    let blob = source.run(&["rev-parse", "main:a"]);
    for name in ["nowhere", "refs/heads", "main/", &blob, &"0".repeat(40)] {
        let answer = rest().get(&hosted.path(&format!("/log?ref={name}")));
        assert_eq!(
            blamed(&answer, 404),
            (NOT_FOUND, "/ref".to_owned()),
            "{name}"
        );
    }
}
