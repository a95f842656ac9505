//! Large files read by REST: the bytes that a pointer stands for, and the list of them.

use serde_json::{Value, json};
use ureq::http::Method;

use super::client::{Lfs, Object};
use crate::support::rest::{Answer, Hosted};
use crate::support::server::server;

const INVALID_INPUT: u64 = 10_100;
const NOT_FOUND: u64 = 10_200;
const UNAUTHORIZED: u64 = 10_000;

/// Commits files by REST, each with its text.
fn commit(lfs: &Lfs, hosted: &Hosted, files: &[(&str, &str)]) -> Value {
    let files = files.iter();
    let files = files.map(|(path, content)| json!({ "path": path, "content": content }));
    let files: Vec<Value> = files.collect();
    let body = json!({ "branch": "main", "message": "m", "files": files });
    lfs.rest.post(&hosted.path("/commits"), &body).result(201)
}

fn get(lfs: &Lfs, hosted: &Hosted, path: &str, headers: &[(&str, &str)]) -> Answer {
    lfs.rest.send(Method::GET, &hosted.path(path), headers, b"")
}

/// The id of the blob at a path of the root.
fn blob_id(lfs: &Lfs, hosted: &Hosted, made: &Value, path: &str) -> String {
    let tree = format!("/tree/{}", made["tree"].as_str().unwrap());
    let entries = lfs.rest.get(&hosted.path(&tree)).result(200);
    let mut entries = entries.as_array().unwrap().iter();
    let entry = entries.find(|entry| entry["name"] == path).unwrap();
    entry["hash"].as_str().unwrap().to_owned()
}

#[test]
fn a_pointer_is_answered_with_the_bytes_of_its_object() {
    let (hosted, lfs) = Lfs::create("lfs-reading", "bytes");
    let object = Object::of_length(100_000, 21);
    assert_eq!(lfs.put(&object).status, 200);
    let pointer = object.pointer();
    let made = commit(&lfs, &hosted, &[("a.bin", &pointer), ("b.txt", "text\n")]);
    let blob = blob_id(&lfs, &hosted, &made, "a.bin");
    let etag = format!("\"{}\"", object.oid);
    for path in [
        "/file?ref=main&path=a.bin&lfs=1".to_owned(),
        "/raw/main/a.bin?lfs".to_owned(),
        format!("/blob/{blob}?lfs=true"),
    ] {
        let whole = get(&lfs, &hosted, &path, &[]);
        assert_eq!(whole.status, 200, "{path}: {}", whole.text());
        assert!(whole.body == object.bytes, "{path}");
        for (name, value) in [
            ("content-length", "100000"),
            ("content-type", "application/octet-stream"),
            ("accept-ranges", "bytes"),
            ("etag", &etag),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(whole.header(name), value, "{path}: {name}");
        }
        for private in ["x-cairn-r2-key", "x-cairn-r2-start", "x-cairn-body-bytes"] {
            assert_eq!(whole.header(private), "", "{path}: {private}");
        }
        let head = lfs.rest.head(&hosted.path(&path));
        assert_eq!((head.status, head.body.len()), (200, 0), "{path}");
        assert_eq!(head.header("content-length"), "100000");
        let without = path
            .replace("lfs=1", "lfs=0")
            .replace("lfs=true", "lfs=false");
        let without = without.trim_end_matches("?lfs");
        let as_it_is = get(&lfs, &hosted, without, &[]);
        assert_eq!(as_it_is.text(), pointer, "{path}");
        assert_eq!(as_it_is.header("etag"), format!("\"{blob}\""));
    }
    let plain = get(&lfs, &hosted, "/file?path=b.txt", &[]);
    let asked = get(&lfs, &hosted, "/file?path=b.txt&lfs=1", &[]);
    assert_eq!((asked.status, asked.text()), (200, "text\n".to_owned()));
    assert_eq!(asked.header("etag"), plain.header("etag"));
}

#[test]
fn parts_and_conditions_of_a_large_file() {
    let (hosted, lfs) = Lfs::create("lfs-reading", "parts");
    let object = Object::of_length(100_000, 22);
    assert_eq!(lfs.put(&object).status, 200);
    let empty = Object::of("");
    assert_eq!(lfs.put(&empty).status, 200);
    let files = [("a", &*object.pointer()), ("empty", &empty.pointer())];
    commit(&lfs, &hosted, &files);
    let path = "/file?path=a&lfs=1";
    let etag = format!("\"{}\"", object.oid);
    for (range, from, to) in [
        ("bytes=0-0", 0, 1),
        ("bytes=70000-", 70_000, 100_000),
        ("bytes=-10", 99_990, 100_000),
    ] {
        let part = get(
            &lfs,
            &hosted,
            path,
            &[("Range", range), ("If-Range", &etag)],
        );
        assert_eq!(part.status, 206, "{range}");
        assert!(part.body == object.bytes[from..to], "{range}");
        let told = format!("bytes {from}-{}/100000", to - 1);
        assert_eq!(part.header("content-range"), told);
        assert_eq!(part.header("content-length"), (to - from).to_string());
    }
    let other = [("Range", "bytes=1-2"), ("If-Range", "\"other\"")];
    assert_eq!(get(&lfs, &hosted, path, &other).status, 200);
    let outside = get(&lfs, &hosted, path, &[("Range", "bytes=100000-")]);
    assert_eq!(outside.error_code(416), INVALID_INPUT);
    assert_eq!(outside.header("content-range"), "bytes */100000");
    let known = get(&lfs, &hosted, path, &[("If-None-Match", &etag)]);
    assert_eq!((known.status, known.body.len()), (304, 0));
    assert_eq!(known.header("etag"), etag);
    let nothing = get(&lfs, &hosted, "/file?path=empty&lfs=1", &[]);
    assert_eq!((nothing.status, nothing.body.len()), (200, 0));
}

#[test]
fn an_object_that_is_not_here_is_named() {
    let (hosted, lfs) = Lfs::create("lfs-reading", "missing");
    let object = Object::of_length(1_000, 23);
    // Another repository's object does not open with its digest.
    let (_, other) = Lfs::create("lfs-reading", "other");
    assert_eq!(other.put(&object).status, 200);
    commit(&lfs, &hosted, &[("a", &object.pointer())]);
    let answer = get(&lfs, &hosted, "/raw/main/a?lfs=1", &[]);
    assert_eq!(answer.error_code(404), NOT_FOUND);
    let error = &answer.json()["errors"][0];
    assert_eq!(error["source"]["pointer"], "/lfs");
    assert_eq!(error["details"], json!({"oid": object.oid, "size": 1000}));
    assert!(error["message"].as_str().unwrap().contains(&object.oid));
    for (path, pointer) in [
        ("/file?path=a&lfs=2", "/lfs"),
        ("/log?lfs=1", "/lfs"),
        ("/lfs?lfs=1", "/lfs"),
    ] {
        let answer = get(&lfs, &hosted, path, &[]);
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{path}");
        assert_eq!(answer.json()["errors"][0]["source"]["pointer"], pointer);
    }
}

#[test]
fn the_list_has_every_object_once() {
    let (hosted, lfs) = Lfs::create("lfs-reading", "list");
    let list = |query: &str| lfs.rest.get(&hosted.path(&format!("/lfs{query}")));
    let none = list("").json();
    assert_eq!(none["result"], json!([]));
    let info = json!({
        "cursor": "", "per_page": 100, "count": 0, "total_count": 0, "total_bytes": 0
    });
    assert_eq!(none["result_info"], info);
    let mut objects: Vec<Object> = (0..5).map(|n| Object::of(format!("number {n}"))).collect();
    for object in &objects {
        assert_eq!(lfs.put(object).status, 200);
    }
    objects.sort_by(|one, other| one.oid.cmp(&other.oid));
    let (mut found, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let page = list(&format!("?limit=2&cursor={cursor}"));
        let entries = page.result(200);
        found.extend(entries.as_array().unwrap().clone());
        let info = &page.json()["result_info"];
        assert_eq!(
            (&info["total_count"], &info["total_bytes"]),
            (&json!(5), &json!(40))
        );
        pages += 1;
        cursor = info["cursor"].as_str().unwrap().to_owned();
        if cursor.is_empty() {
            break;
        }
    }
    assert_eq!(pages, 3);
    let named = found
        .iter()
        .map(|entry| json!({"oid": entry["oid"], "size": entry["size"]}));
    let expected: Vec<Value> = objects.iter().map(Object::named).collect();
    assert_eq!(named.collect::<Vec<_>>(), expected);
    assert!(found[0]["created_at"].as_str().unwrap().ends_with('Z'));
    for (query, pointer) in [("?limit=0", "/limit"), ("?cursor=zz", "/cursor")] {
        let answer = list(query);
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{query}");
        assert_eq!(answer.json()["errors"][0]["source"]["pointer"], pointer);
    }
    // An object that no ref names is not for everybody.
    let public = json!({ "public": true });
    server().rest().patch(&hosted.path(""), &public).result(200);
    let stranger = server().rest().anonymous().get(&hosted.path("/lfs"));
    assert_eq!(stranger.error_code(401), UNAUTHORIZED);
}
