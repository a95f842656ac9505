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
    let mut cursor = String::new();
    loop {
        let path = hosted.path(&format!("/log?{query}&cursor={cursor}"));
        let answer = client.get(&path);
        let page = answer.result(200);
        let commits = page.as_array().unwrap();
        let hash = |commit: &Value| commit["hash"].as_str().unwrap().to_owned();
        hashes.extend(commits.iter().map(hash));
        let info = &answer.json()["result_info"];
        assert_eq!(info["count"], commits.len(), "{info}");
        info["cursor"].as_str().unwrap().clone_into(&mut cursor);
        if cursor.is_empty() {
            return hashes;
        }
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
    let info = answer.json()["result_info"].clone();
    assert_eq!((&info["per_page"], &info["count"]), (&json!(1), &json!(1)));
    assert_eq!(
        rest().get(&hosted.path("/log?offset=1")).result(200)[0]["hash"],
        first.as_str()
    );
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

#[test]
fn pages_are_of_one_history_while_the_branch_moves() {
    let scratch = Scratch::new();
    let hosted = rest().create_repository("rest-log", "moves");
    let source = scratch.repository("moves");
    let ids: Vec<String> = (0..5)
        .map(|number| {
            source.write("a", format!("{number}\n"));
            source.commit(&format!("number {number}"))
        })
        .collect();
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    let client = rest().with_bearer(&hosted.token);
    let page = |query: &str| {
        let answer = client.get(&hosted.path(&format!("/log?limit=2{query}")));
        let commits = answer.result(200);
        let hashes = commits.as_array().unwrap().iter();
        let hashes: Vec<String> = hashes
            .map(|commit| commit["hash"].as_str().unwrap().to_owned())
            .collect();
        let info = &answer.json()["result_info"];
        (hashes, info["cursor"].as_str().unwrap().to_owned())
    };
    let (first, cursor) = page("&ref=main");
    assert_eq!(first, [&ids[4], &ids[3]].map(Clone::clone));
    // Others write; by an offset the next page would begin with entries that were seen.
    source.write("a", "more\n");
    source.commit("more");
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    let (second, next) = page(&format!("&ref=main&cursor={cursor}"));
    assert_eq!(second, [&ids[2], &ids[1]].map(Clone::clone));
    // A cursor was the next offset once.
    assert_eq!(page(&format!("&ref=main&offset={cursor}")).0, second);
    assert_eq!(page("&ref=main&offset=2").0[0], ids[3]);
    let (third, end) = page(&format!("&ref=main&cursor={next}"));
    assert_eq!((third, end.as_str()), (vec![ids[0].clone()], ""));

    for (query, pointer) in [
        (format!("cursor={cursor}"), "/cursor"),
        (format!("ref=main&path=a&cursor={cursor}"), "/cursor"),
        ("ref=main&cursor=2".to_owned(), "/cursor"),
        (format!("ref=main&offset=2&cursor={cursor}"), "/offset"),
    ] {
        let answer = client.get(&hosted.path(&format!("/log?{query}")));
        assert_eq!(blamed(&answer, 400), (INVALID_INPUT, pointer.to_owned()));
    }
    // The history is replaced: a reader that goes by the reflog goes on, until it is purged.
    source.run(&["checkout", "--quiet", "--orphan", "other"]);
    source.commit("other");
    source.run(&["push", "--quiet", "--force", &hosted.url(), "other:main"]);
    assert_eq!(page(&format!("&ref=main&cursor={cursor}")).0, second);
    let purged = rest().post(&hosted.path("/purge-unreachable"), &json!({}));
    purged.result(200);
    let path = hosted.path(&format!("/log?limit=2&ref=main&cursor={cursor}"));
    let gone = client.get(&path);
    assert_eq!(blamed(&gone, 404), (NOT_FOUND, "/cursor".to_owned()));
}
