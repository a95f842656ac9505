//! Refs, commits and trees, listed and by id.

use serde_json::{Value, json};

use super::Shelf;
use crate::support::history::History;
use crate::{INVALID_INPUT, NOT_FOUND, blamed, fields, rest};

#[test]
fn refs_by_name_and_by_page() {
    let shelf = Shelf::new("refs", |source| {
        source.commit("first");
        source.run(&["tag", "light"]);
        source.run(&["tag", "-a", "-m", "x", "v1"]);
        source.run(&["branch", "a/b"]);
    });
    let answer = shelf.get("/refs");
    let (main, tag) = (shelf.id("main"), shelf.id("v1"));
    let all = json!([
        { "name": "HEAD", "target": main, "symref": "refs/heads/main" },
        { "name": "refs/heads/a/b", "target": main },
        { "name": "refs/heads/main", "target": main },
        { "name": "refs/tags/light", "target": main },
        { "name": "refs/tags/v1", "target": tag, "peeled": main },
    ]);
    assert_eq!(answer.result(200), all);
    let info = json!({ "cursor": "", "per_page": 100, "count": 5 });
    assert_eq!(answer.json()["result_info"], info);
    let named = |query: &str| {
        let listed = shelf.get(&format!("/refs?{query}")).result(200);
        let names = listed.as_array().unwrap().iter();
        names
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        named("prefix=refs/tags/"),
        ["refs/tags/light", "refs/tags/v1"]
    );
    assert_eq!(named("prefix=HEAD"), ["HEAD"]);
    assert_eq!(named("prefix=heads"), [""; 0]);
    for limit in 1..6 {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let query = format!("/refs?limit={limit}&cursor={cursor}");
            let answer = shelf.get(&query);
            let page = answer.result(200);
            assert!(page.as_array().unwrap().len() <= limit);
            seen.extend(page.as_array().unwrap().iter().cloned());
            let info = answer.json();
            cursor = info["result_info"]["cursor"].as_str().unwrap().to_owned();
            if cursor.is_empty() {
                break;
            }
        }
        assert_eq!(Value::Array(seen), all, "limit {limit}");
    }
    for query in [
        "limit=0",
        "limit=1001",
        "cursor=!",
        "cursor=YQ",
        "ref=main",
        "x=y",
    ] {
        let answer = shelf.get(&format!("/refs?{query}"));
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{query}");
    }
    let empty = rest().create_repository("rest-content", "no-refs");
    assert_eq!(rest().get(&empty.path("/refs")).result(200), json!([]));
}

#[test]
fn every_object_of_a_history() {
    let shelf = Shelf::new("objects", |source| History::small(5).make(source));
    let mut ids = shelf.source.objects(&["--all"]);
    ids.push(String::new());
    let format = ["cat-file", "--batch-check=%(objectname) %(objecttype)"];
    let listed = shelf.source.run_with(&format, ids.join("\n").as_bytes());
    for line in listed.lines() {
        let (id, kind) = line.split_once(' ').unwrap();
        match kind {
            "commit" => commit_is(&shelf, id),
            "tree" => {
                tree_is(&shelf, id, "", &["ls-tree", "-z", id]);
                let all = ["ls-tree", "-r", "-t", "-z", id];
                tree_is(&shelf, id, "?recursive=true", &all);
            }
            "blob" => {
                let expected = shelf.source.try_run(&["cat-file", "blob", id], b"").stdout;
                let answer = shelf.get(&format!("/blob/{id}"));
                assert_eq!((answer.status, &answer.body), (200, &expected), "{id}");
                assert_eq!(answer.header("etag"), format!("\"{id}\""));
            }
            _ => {}
        }
    }
}

fn commit_is(shelf: &Shelf, id: &str) {
    let shown = shelf.get(&format!("/commit/{id}")).result(200);
    let format = "--format=%H%x00%T%x00%P%x00%an%x00%ae%x00%cn%x00%ce%x00%B";
    let said = shelf.source.run(&["log", "-1", format, id]);
    let parts: Vec<&str> = said.split('\0').collect();
    assert_eq!(shown["hash"], parts[0]);
    assert_eq!(shown["treeHash"], parts[1]);
    let parents: Vec<&str> = parts[2].split_whitespace().collect();
    assert_eq!(shown["parents"], json!(parents));
    let person = |name, email| json!({ "name": name, "email": email });
    assert_eq!(shown["author"], person(parts[3], parts[4]));
    assert_eq!(shown["committer"], person(parts[5], parts[6]));
    let message = shown["message"].as_str().unwrap();
    assert_eq!(message.trim_end(), parts[7].trim_end());
}

fn tree_is(shelf: &Shelf, id: &str, query: &str, arguments: &[&str]) {
    let shown = shelf.get(&format!("/tree/{id}{query}")).result(200);
    let listed = shelf.source.run(arguments);
    let mut expected = Vec::new();
    for line in listed.split_terminator('\0') {
        let (facts, name) = line.split_once('\t').unwrap();
        let facts: Vec<&str> = facts.split(' ').collect();
        let kind = match facts[0] {
            "040000" => "tree",
            "100755" => "exec",
            "120000" => "symlink",
            "160000" => "gitlink",
            _ => "blob",
        };
        expected.push(json!({
            "name": name, "mode": facts[0], "hash": facts[2], "type": kind,
        }));
    }
    assert_eq!(shown, Value::Array(expected), "{id}{query}");
}

#[test]
fn trees_of_every_kind_of_entry() {
    let shelf = Shelf::new("kinds", |source| {
        source.write("plain", "x\n");
        source.write("run", "x\n");
        source.run(&["update-index", "--chmod=+x", "run"]);
        source.write("folder/caf\u{e9}", "x\n");
        let blob = source.run(&["rev-parse", ":plain"]);
        let link = format!("120000,{blob},link");
        source.run(&["update-index", "--add", "--cacheinfo", &link]);
        source.run(&["commit", "-q", "-m", "first"]);
        let module = format!("160000,{},module", source.run(&["rev-parse", "HEAD"]));
        source.run(&["update-index", "--add", "--cacheinfo", &module]);
        source.run(&["commit", "-q", "-m", "second"]);
    });
    let tree = shelf.id("main^{tree}");
    tree_is(&shelf, &tree, "", &["ls-tree", "-z", "main"]);
    tree_is(
        &shelf,
        &tree,
        "?recursive",
        &["ls-tree", "-r", "-t", "-z", "main"],
    );
    let (commit, main) = (shelf.id("main"), ["ls-tree", "-z", "main"]);
    tree_is(&shelf, &commit, "", &main);
    assert_eq!(
        shelf.get("/file?path=link").status,
        200,
        "a link is its target's path"
    );
    for path in [
        "module", "folder", "folder/", "plain/", "plain/x", "nowhere", "/",
    ] {
        let answer = shelf.get(&format!("/file?path={path}"));
        assert_eq!(
            blamed(&answer, 404),
            (NOT_FOUND, "/path".to_owned()),
            "{path}"
        );
    }
    for (query, pointer) in [
        ("", "/path"),
        ("path=", "/path"),
        ("path=a&limit=1", "/limit"),
    ] {
        let answer = shelf.get(&format!("/file?{query}"));
        assert_eq!(blamed(&answer, 400), (INVALID_INPUT, pointer.to_owned()));
    }
}

#[test]
fn a_large_tree_is_streamed() {
    let shelf = Shelf::new("large-tree", |source| {
        let blob = source.run_with(&["hash-object", "-w", "--stdin"], b"x");
        let line = |n: u32| format!("100644 {blob}\tf{}/{n:05}-{}\n", n % 40, "n".repeat(60));
        let index: String = (0..12_000).map(line).collect();
        source.run_with(&["update-index", "--index-info"], index.as_bytes());
        source.run(&["commit", "-q", "-m", "many"]);
    });
    let tree = shelf.id("main^{tree}");
    let all = ["ls-tree", "-r", "-t", "-z", "main"];
    tree_is(&shelf, &tree, "?recursive=1", &all);
}

#[test]
fn objects_that_are_not_there_or_are_others() {
    let shelf = Shelf::new("absent", |source| {
        source.write("a", "1\n");
        source.commit("first");
        source.run(&["tag", "-a", "-m", "x", "v1"]);
    });
    let (commit, tree, blob) = (
        shelf.id("main"),
        shelf.id("main^{tree}"),
        shelf.id("main:a"),
    );
    let tag = shelf.id("v1");
    assert_eq!(
        shelf.get(&format!("/commit/{tag}")).result(200)["hash"],
        commit
    );
    let nothing = "0".repeat(40);
    for (kind, ids) in [
        ("commit", [&tree, &blob, &nothing]),
        ("tree", [&blob, &nothing, &nothing]),
        ("blob", [&tree, &commit, &nothing]),
    ] {
        for id in ids {
            let answer = shelf.get(&format!("/{kind}/{id}"));
            assert_eq!(answer.error_code(404), NOT_FOUND, "{kind} {id}");
        }
        for id in ["main", "e69de29", &"g".repeat(40), &"0".repeat(64), "%00"] {
            let answer = shelf.get(&format!("/{kind}/{id}"));
            assert_eq!(answer.error_code(400), INVALID_INPUT, "{kind} {id}");
        }
        let answer = shelf.get(&format!("/{kind}/{nothing}?x=y"));
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{kind}");
    }
    let shouted = format!("/commit/{}", commit.to_uppercase());
    assert_eq!(shelf.get(&shouted).status, 200);
    let answer = shelf.get(&format!("/tree/{tree}?recursive=yes"));
    assert_eq!(
        blamed(&answer, 400),
        (INVALID_INPUT, "/recursive".to_owned())
    );
}

#[test]
fn text_that_is_not_utf_8_is_shown_with_replacements() {
    let shelf = Shelf::new("latin-1", |source| {
        let blob = source.run_with(&["hash-object", "-w", "--stdin"], b"x");
        let line = [b"100644 ", blob.as_bytes(), b"\tcaf\xe9\n"].concat();
        source.run_with(&["update-index", "--index-info"], &line);
        let tree = source.run(&["write-tree"]);
        let who = "C <c@example.com> 1700000000 +0000";
        let headers = format!("tree {tree}\nauthor {who}\ncommitter {who}\nencoding latin1\n\n");
        let content = [headers.as_bytes(), b"caf\xe9\n"].concat();
        let commit = source.run_with(&["hash-object", "-t", "commit", "-w", "--stdin"], &content);
        source.run(&["update-ref", "refs/heads/main", &commit]);
    });
    let commit = shelf
        .get(&format!("/commit/{}", shelf.id("main")))
        .result(200);
    assert_eq!(commit["message"], "caf\u{fffd}\n");
    assert_eq!(fields(&commit).len(), 8);
    let tree = shelf
        .get(&format!("/tree/{}", shelf.id("main^{tree}")))
        .result(200);
    assert_eq!(tree[0]["name"], "caf\u{fffd}");
    let answer = shelf.get("/raw/main/caf%E9");
    assert_eq!(answer.error_code(400), INVALID_INPUT);
}
