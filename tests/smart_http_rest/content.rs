//! Refs, commits, trees and blobs, with real git as the judge.

use serde_json::{Value, json};
use ureq::http::Method;

use crate::support::git::Git;
use crate::support::history::History;
use crate::support::rest::{Answer, Hosted, Rest};
use crate::support::scratch::Scratch;
use crate::{CREDENTIALS, INVALID_INPUT, NOT_FOUND, blamed, fields, rest};

/// A repository on the server and where its content came from.
struct Shelf {
    _scratch: Scratch,
    source: Git,
    hosted: Hosted,
    /// With the repository's own token.
    client: Rest,
}

impl Shelf {
    fn new(name: &str, fill: impl FnOnce(&Git)) -> Self {
        let scratch = Scratch::new();
        let source = scratch.repository("source");
        fill(&source);
        let hosted = rest().create_repository("rest-content", name);
        source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
        Self {
            _scratch: scratch,
            source,
            client: rest().with_bearer(&hosted.token),
            hosted,
        }
    }

    fn get(&self, path: &str) -> Answer {
        self.client.get(&self.hosted.path(path))
    }

    fn with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let path = self.hosted.path(path);
        self.client.send(Method::GET, &path, headers, b"")
    }

    fn id(&self, name: &str) -> String {
        self.source.run(&["rev-parse", name])
    }
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 7_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..bytes).map(|_| next()).collect()
}

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
fn files_by_ref_and_path() {
    let shelf = Shelf::new("files", |source| {
        source.write("a/b c/\u{e9}%2F.txt", "one\n");
        source.commit("first");
        source.run(&["branch", "topic/x"]);
        source.run(&["branch", "short"]);
        source.run(&["tag", "-a", "-m", "x", "short/a"]);
        source.write("a/b c/\u{e9}%2F.txt", "two\n");
        source.commit("second");
    });
    let (first, second) = (shelf.id("main~1"), shelf.id("main"));
    let query = "a%2Fb+c%2F%C3%A9%252F.txt";
    let path = "a/b%20c/%C3%A9%252F.txt";
    for (name, content) in [
        ("main", "two\n"),
        ("HEAD", "two\n"),
        ("heads/main", "two\n"),
        ("refs/heads/main", "two\n"),
        ("topic/x", "one\n"),
        ("refs/heads/topic/x", "one\n"),
        (&first, "one\n"),
        (&second, "two\n"),
    ] {
        let file = shelf.get(&format!("/file?ref={name}&path={query}"));
        assert_eq!(
            (file.status, file.text().as_str()),
            (200, content),
            "{name}"
        );
        let raw = shelf.get(&format!("/raw/{name}/{path}"));
        assert_eq!((raw.status, raw.text().as_str()), (200, content), "{name}");
        let etag = format!(
            "\"{}\"",
            shelf
                .source
                .run_with(&["hash-object", "--stdin"], content.as_bytes(),)
        );
        assert_eq!(
            (file.header("etag"), raw.header("etag")),
            (etag.as_str(), etag.as_str())
        );
    }
    // The tag short/a is the longer ref: of what is left it has no file.
    let shadowed = shelf.get(&format!("/raw/short/{path}"));
    assert_eq!(shadowed.error_code(404), NOT_FOUND);
    let by_tag = shelf.get(&format!("/raw/short/a/{path}"));
    assert_eq!(by_tag.text(), "one\n");
    for nothing in [
        "nowhere/a",
        "main/nowhere",
        "main/",
        "topic/a",
        "%00/a",
        "main/a",
    ] {
        let answer = shelf.get(&format!("/raw/{nothing}"));
        assert!(
            [400, 404].contains(&answer.status),
            "{nothing}: {}",
            answer.text()
        );
    }
    assert_eq!(shelf.get("/raw/main").error_code(404), NOT_FOUND);
    let answer = shelf.get(&format!("/raw/main/{path}?ref=main"));
    assert_eq!(blamed(&answer, 400), (INVALID_INPUT, "/ref".to_owned()));
    let answer = shelf.get("/file?ref=nowhere&path=a");
    assert_eq!(blamed(&answer, 404), (NOT_FOUND, "/ref".to_owned()));
}

#[test]
fn raw_bytes_cannot_be_run() {
    let shelf = Shelf::new("safe", |source| {
        source.write("page.html", "<script>alert(1)</script>\n");
        source.write("image.png", b"\x89PNG\0\0");
        source.commit("first");
    });
    for (path, kind) in [
        ("page.html", "text/plain; charset=utf-8"),
        ("image.png", "application/octet-stream"),
    ] {
        for route in ["/file?path=", "/raw/main/"] {
            let answer = shelf.get(&format!("{route}{path}"));
            assert_eq!(answer.header("content-type"), kind);
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("sandbox"), "{policy}");
            assert!(policy.contains("default-src 'none'"), "{policy}");
            assert_eq!(answer.header("access-control-allow-origin"), "");
            assert_eq!(answer.header("x-request-id").len(), 16);
        }
    }
}

#[test]
fn ranges_and_conditions() {
    let content = noise(3_000_000);
    let shelf = Shelf::new("ranges", |source| {
        source.write("big", &content);
        source.write("empty", "");
        source.commit("first");
    });
    let size = content.len();
    let etag = format!("\"{}\"", shelf.id("main:big"));
    let whole = shelf.get("/raw/main/big");
    assert_eq!((whole.status, whole.body == content), (200, true));
    assert_eq!(whole.header("content-length"), size.to_string());
    assert_eq!(whole.header("accept-ranges"), "bytes");
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=5-9", 5, 10),
        ("bytes=131071-131073", 131_071, 131_074),
        ("bytes=2999990-", 2_999_990, size),
        ("bytes=-7", size - 7, size),
        ("bytes=1000000-2500000", 1_000_000, 2_500_001),
    ] {
        let answer = shelf.with("/raw/main/big", &[("Range", range)]);
        assert_eq!(answer.status, 206, "{range}");
        assert!(answer.body == content[from..to], "{range}");
        let shown = format!("bytes {from}-{}/{size}", to - 1);
        assert_eq!(answer.header("content-range"), shown);
        assert_eq!(answer.header("content-length"), (to - from).to_string());
        assert_eq!(answer.header("etag"), etag);
    }
    for range in ["bytes=3000000-", "bytes=-0"] {
        let answer = shelf.with("/raw/main/big", &[("Range", range)]);
        assert_eq!(answer.error_code(416), INVALID_INPUT);
        assert_eq!(answer.header("content-range"), format!("bytes */{size}"));
    }
    for range in ["bytes=0-1,4-5", "lines=1-2", "bytes=9-5"] {
        let answer = shelf.with("/raw/main/big", &[("Range", range)]);
        assert_eq!((answer.status, answer.body.len()), (200, size), "{range}");
    }
    let fresh = [("If-None-Match", etag.as_str()), ("Range", "bytes=0-1")];
    let answer = shelf.with("/raw/main/big", &fresh);
    assert_eq!((answer.status, answer.body.len()), (304, 0));
    assert_eq!(answer.header("etag"), etag);
    let stale = [("If-Range", "\"other\""), ("Range", "bytes=0-1")];
    assert_eq!(shelf.with("/raw/main/big", &stale).status, 200);
    let kept = [("If-Range", etag.as_str()), ("Range", "bytes=0-1")];
    assert_eq!(shelf.with("/raw/main/big", &kept).status, 206);

    let head = shelf.client.head(&shelf.hosted.path("/raw/main/big"));
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("etag"), etag);
    assert_eq!(head.header("content-length"), size.to_string());
    let empty = shelf.get("/raw/main/empty");
    assert_eq!((empty.status, empty.body.len()), (200, 0));
    let answer = shelf.with("/raw/main/empty", &[("Range", "bytes=0-")]);
    assert_eq!(answer.status, 416);
    let missing = shelf.client.head(&shelf.hosted.path("/raw/main/nowhere"));
    assert_eq!(missing.status, 404);
}

#[test]
fn deltas_are_resolved() {
    let lines = |round: u32| {
        let line = |n: u32| {
            format!(
                "line {n} of {}\n",
                if n.is_multiple_of(50) { round } else { 0 }
            )
        };
        (0..40_000).map(line).collect::<String>()
    };
    let shelf = Shelf::new("deltas", |source| {
        for round in 0..4 {
            source.write("lines", lines(round));
            source.commit("more");
        }
        source.run(&["repack", "-a", "-d", "-q", "--depth=10"]);
    });
    for (round, name) in [(3, "main"), (2, "main~1"), (1, "main~2"), (0, "main~3")] {
        let id = shelf.id(&format!("{name}:lines"));
        let answer = shelf.get(&format!("/blob/{id}"));
        assert!(answer.text() == lines(round), "{name}");
        let part = shelf.with(&format!("/blob/{id}"), &[("Range", "bytes=300000-300009")]);
        assert_eq!(part.body, lines(round).as_bytes()[300_000..300_010]);
    }
}

#[test]
fn cold_packs_are_read() {
    let content = noise(2_000_000);
    let shelf = Shelf::new("cold", |source| {
        History::small(9).make(source);
        source.write("big", &content);
        source.commit("noise");
    });
    let log = shelf.get("/log?path=big").result(200);
    let tree = shelf
        .get(&format!("/tree/{}?recursive", shelf.id("main")))
        .result(200);
    let at_once = json!({ "settle_seconds": 0, "cold_after_seconds": 0, "cold_bytes_min": 0 });
    rest().patch(&shelf.hosted.path(""), &at_once).result(200);
    let task = json!({ "task": "snapshot" });
    rest()
        .post(&shelf.hosted.path("/maintenance"), &task)
        .result(200);
    let stats = rest().get(&shelf.hosted.path("/stats")).result(200);
    assert!(stats["packs"]["cold"].as_u64() > Some(0), "{stats}");
    assert_eq!(shelf.get("/log?path=big").result(200), log);
    let again = shelf.get(&format!("/tree/{}?recursive", shelf.id("main")));
    assert_eq!(again.result(200), tree);
    assert!(shelf.get("/raw/main/big").body == content);
    let part = shelf.with("/raw/main/big", &[("Range", "bytes=1500000-1500009")]);
    assert_eq!(part.body, content[1_500_000..1_500_010]);
}

/// Every route of content with something to show.
fn routes(shelf: &Shelf) -> Vec<String> {
    let (commit, tree, blob) = (
        shelf.id("main"),
        shelf.id("main^{tree}"),
        shelf.id("main:a"),
    );
    vec![
        "/refs".to_owned(),
        "/log".to_owned(),
        format!("/commit/{commit}"),
        format!("/tree/{tree}"),
        format!("/blob/{blob}"),
        "/file?path=a".to_owned(),
        "/raw/main/a".to_owned(),
    ]
}

#[test]
fn who_may_read() {
    let shelf = Shelf::new("readers", |source| {
        source.write("a", "1\n");
        source.commit("first");
    });
    let other = rest().create_repository("rest-content", "others");
    let reader = rest().post(
        "/api/v1/namespaces/rest-content/tokens",
        &json!({ "repo": "readers", "scope": "read" }),
    );
    let reader = reader.result(201)["plaintext"].as_str().unwrap().to_owned();
    let unknown = "cairn_v1_0123456789abcdef0123456789abcdef01234567";
    for route in routes(&shelf) {
        let path = shelf.hosted.path(&route);
        for client in [rest(), shelf.client.clone(), rest().with_bearer(&reader)] {
            assert_eq!(client.get(&path).status, 200, "{route}");
        }
        for client in [
            rest().anonymous(),
            rest().with_bearer(unknown),
            rest().with_bearer("x"),
        ] {
            let answer = client.get(&path);
            assert_eq!(answer.error_code(401), CREDENTIALS, "{route}");
            assert_eq!(answer.header("www-authenticate"), r#"Bearer realm="cairn""#);
        }
        let answer = rest().with_bearer(&other.token).get(&path);
        assert_eq!(answer.error_code(403), CREDENTIALS, "{route}");
        let nowhere = path.replace("/repos/readers/", "/repos/nowhere/");
        assert_eq!(rest().get(&nowhere).error_code(404), NOT_FOUND);
        assert_eq!(
            rest().anonymous().get(&nowhere).error_code(401),
            CREDENTIALS
        );
        let answer = rest().send(Method::POST, &path, &[], b"");
        assert_eq!(answer.error_code(405), INVALID_INPUT, "{route}");
    }
    rest()
        .patch(&shelf.hosted.path(""), &json!({ "public": true }))
        .result(200);
    for route in routes(&shelf) {
        let answer = rest().anonymous().get(&shelf.hosted.path(&route));
        assert_eq!(answer.status, 200, "{route}");
    }
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
