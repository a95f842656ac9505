//! Commits by REST whose files go through Git LFS, read back by git, and by git-lfs where that is
//! installed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use ureq::http::Method;

use super::client::{Lfs, Object};
use crate::support::git::Git;
use crate::support::git_lfs;
use crate::support::rest::{Answer, Hosted};
use crate::support::scratch::Scratch;
use crate::support::server::{Server, server};

const INVALID_INPUT: u64 = 10_100;
const CONFLICT: u64 = 10_310;
const NO_CHANGE: u64 = 10_312;
const REF_REFUSED: u64 = 10_320;
const MEMORY_LIMIT: u64 = 10_402;

/// A repository, and its committer.
struct Desk {
    hosted: Hosted,
    lfs: Lfs,
    scratch: Scratch,
}

impl Desk {
    fn new(name: &str) -> Self {
        Self::on(server(), name)
    }

    fn on(server: &Server, name: &str) -> Self {
        let hosted = server.rest().create_repository("lfs-commits", name);
        let lfs = Lfs::of(&hosted, server.rest().with_bearer(&hosted.token));
        let scratch = Scratch::new();
        Self {
            hosted,
            lfs,
            scratch,
        }
    }

    /// Asks for a commit of these files on `main`, with `lfs: true`.
    fn post(&self, files: &Value) -> Answer {
        self.post_body(&json!({"branch": "main", "message": "m", "lfs": true, "files": files}))
    }

    fn post_body(&self, body: &Value) -> Answer {
        self.lfs.rest.post(&self.hosted.path("/commits"), body)
    }

    /// The same with contents that follow in lines, each in pieces.
    fn post_lines(&self, files: &Value, contents: &[(&str, &[u8])]) -> Answer {
        let metadata = json!({"branch": "main", "message": "m", "lfs": true, "files": files});
        let mut body = json!({ "metadata": metadata }).to_string();
        for (content_id, content) in contents {
            for piece in content.chunks(700_001).chain([&[] as &[u8]]) {
                let (data, eof) = (STANDARD.encode(piece), piece.is_empty());
                let chunk = json!({"content_id": content_id, "data": data, "eof": eof});
                body.push('\n');
                body.push_str(&json!({ "chunk": chunk }).to_string());
            }
        }
        let headers = [("Content-Type", "application/x-ndjson")];
        let path = self.hosted.path("/commits");
        self.lfs
            .rest
            .send(Method::POST, &path, &headers, body.as_bytes())
    }

    /// A clone as git alone makes it, checked.
    fn clone(&self) -> Git {
        let clone = self.scratch.clone(&self.hosted.url(), "clone", &[]);
        clone.fsck_strict();
        clone
    }

    /// Compares these files with a checkout by git-lfs.
    fn check_with_git_lfs(&self, files: &[(&str, &[u8])]) {
        let Some(lfs) = git_lfs::newest() else {
            println!("git-lfs is not installed: not compared with it");
            return;
        };
        let clone = lfs.clone(&self.scratch, &self.hosted.url(), "with-lfs", &[]);
        for (path, content) in files {
            let read = std::fs::read(clone.folder().join(path)).unwrap();
            assert!(read == *content, "{path}");
        }
        clone.run(&["lfs", "fsck"]);
        assert_eq!(clone.run(&["status", "--porcelain"]), "");
    }

    /// How many objects the repository has.
    fn objects(&self) -> Value {
        let listed = self.lfs.rest.get(&self.hosted.path("/lfs")).json();
        listed["result_info"]["total_count"].clone()
    }
}

/// A file with its text.
fn file(path: &str, content: &str) -> Value {
    json!({ "path": path, "content": content })
}

/// A file with its bytes.
fn bytes(path: &str, content: &[u8]) -> Value {
    json!({ "path": path, "content_base64": STANDARD.encode(content) })
}

fn told(path: &str, object: &Object) -> Value {
    json!({ "path": path, "oid": object.oid, "size": object.bytes.len() })
}

fn in_git(git: &Git, path: &str) -> String {
    // The pointer's last line ends with a newline, which is cut.
    git.run(&["cat-file", "blob", &format!("HEAD:{path}")]) + "\n"
}

#[test]
fn files_go_to_git_lfs_where_gitattributes_says_so() {
    let desk = Desk::new("inline");
    let (large, deep) = (Object::of_length(300_000, 31), Object::of("deep"));
    let pointer = Object::of("elsewhere").pointer();
    let made = desk.post(&json!([
        file(
            ".gitattributes",
            "[attr]big filter=lfs diff=lfs merge=lfs -text\n*.bin big\nplain.bin -filter\n"
        ),
        file("d/.gitattributes", "*.dat filter=lfs\nno.bin !filter\n"),
        bytes("a.bin", &large.bytes),
        bytes("twin.bin", &large.bytes),
        file("plain.bin", "plain\n"),
        file("text", "text\n"),
        file("d/e/deep.dat", "deep"),
        file("d/no.bin", "no\n"),
        file("no.dat", "no\n"),
        file("empty.bin", ""),
        file("pointer.bin", &pointer),
        json!({"path": "link.bin", "mode": "120000", "content": "a.bin"}),
    ]));
    let made = made.result(201);
    assert_eq!(
        made["lfs"],
        json!([
            told("a.bin", &large),
            told("twin.bin", &large),
            told("d/e/deep.dat", &deep)
        ])
    );
    assert_eq!(made["filesChanged"], 12);
    assert!(desk.lfs.has(&large) && desk.lfs.has(&deep));
    assert_eq!(desk.objects(), 2);
    let clone = desk.clone();
    for (path, expected) in [
        ("a.bin", &*large.pointer()),
        ("twin.bin", &large.pointer()),
        ("d/e/deep.dat", &deep.pointer()),
        ("plain.bin", "plain\n"),
        ("text", "text\n"),
        ("d/no.bin", "no\n"),
        ("no.dat", "no\n"),
        ("pointer.bin", &pointer),
        ("link.bin", "a.bin\n"),
    ] {
        assert_eq!(in_git(&clone, path), expected, "{path}");
    }
    assert_eq!(clone.run(&["cat-file", "-s", "HEAD:empty.bin"]), "0");
    // The tree's own attributes hold for the next commit; its former objects do not go anywhere again.
    let next = Object::of("next");
    let made = desk.post(&json!([
        file("next.bin", "next"),
        bytes("b.bin", &large.bytes)
    ]));
    let made = made.result(201);
    assert_eq!(
        made["lfs"],
        json!([told("next.bin", &next), told("b.bin", &large)])
    );
    assert_eq!(desk.objects(), 3);
    // A moved .gitattributes is read where it is now.
    let made = desk.post(&json!([
        {"path": "f/.gitattributes", "move_from": "d/.gitattributes"},
        file("d/one.dat", "1"),
        file("f/one.dat", "1"),
    ]));
    assert_eq!(
        made.result(201)["lfs"],
        json!([told("f/one.dat", &Object::of("1"))])
    );
}

#[test]
fn git_lfs_checks_out_committed_files() {
    let desk = Desk::new("checkout");
    let large = Object::of_length(2_000_000, 32);
    let made = desk.post_lines(
        &json!([
            file(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n"),
            {"path": "large.bin", "content_id": "l"},
            {"path": "told.bin", "content_id": "t", "size": 5},
            {"path": "text", "content_id": "x"},
            file("small.bin", "small"),
        ]),
        &[("l", &large.bytes), ("t", b"told!"), ("x", b"text\n")],
    );
    let made = made.result(201);
    let (told_one, small) = (Object::of("told!"), Object::of("small"));
    assert_eq!(
        made["lfs"],
        json!([
            told("large.bin", &large),
            told("told.bin", &told_one),
            told("small.bin", &small)
        ])
    );
    assert!(desk.lfs.has(&large));
    let clone = desk.clone();
    assert_eq!(in_git(&clone, "large.bin"), large.pointer());
    assert_eq!(in_git(&clone, "text"), "text\n");
    desk.check_with_git_lfs(&[
        ("large.bin", &large.bytes),
        ("told.bin", b"told!"),
        ("small.bin", b"small"),
        ("text", b"text\n"),
    ]);
    // Nothing waits beside the packs.
    let stats = server().rest().get(&desk.hosted.path("/stats")).result(200);
    assert_eq!(stats["packs"]["quarantined"], 0);
}

#[test]
fn a_file_names_an_object_that_is_here() {
    let desk = Desk::new("named");
    let object = Object::of_length(5_000, 33);
    let named = |oid: &str, size: usize| {
        json!({"branch": "main", "message": "m", "files": [
            {"path": "a.bin", "mode": "100755", "lfs": {"oid": oid, "size": size}},
        ]})
    };
    let refused = desk.post_body(&named(&object.oid, 5_000));
    assert_eq!(refused.error_code(400), INVALID_INPUT);
    let pointer_of = |answer: &Answer| answer.json()["errors"][0]["source"]["pointer"].clone();
    assert_eq!(pointer_of(&refused), "/files/0/lfs/oid");
    assert_eq!(desk.lfs.put(&object).status, 200);
    for (oid, size, pointer) in [
        (&*object.oid, 5_001, "/files/0/lfs/size"),
        ("xyz", 5_000, "/files/0/lfs/oid"),
        (&*object.oid.to_uppercase(), 5_000, "/files/0/lfs/oid"),
    ] {
        let answer = desk.post_body(&named(oid, size));
        assert_eq!(answer.error_code(400), INVALID_INPUT, "{oid}");
        assert_eq!(pointer_of(&answer), pointer, "{oid}");
    }
    let made = desk.post_body(&named(&object.oid, 5_000)).result(201);
    assert_eq!(made["lfs"], json!([told("a.bin", &object)]));
    let clone = desk.clone();
    assert_eq!(in_git(&clone, "a.bin"), object.pointer());
    assert!(clone.run(&["ls-tree", "HEAD"]).starts_with("100755 "));
    for file in [
        json!({"path": "b", "mode": "120000", "lfs": object.named()}),
        json!({"path": "b", "content": "x", "lfs": object.named()}),
        json!({"path": "b", "lfs": {"oid": object.oid, "size": 5_000, "more": 1}}),
    ] {
        let body = json!({"branch": "main", "message": "m", "files": [file]});
        assert_eq!(desk.post_body(&body).error_code(400), INVALID_INPUT);
    }
}

#[test]
fn a_commit_that_cannot_be_made_says_why() {
    let desk = Desk::new("refused");
    let attributes = file(".gitattributes", "*.bin filter=lfs\n");
    // The attributes decide the fate of the contents behind them.
    let late = desk.post_lines(
        &json!([{"path": ".gitattributes", "content_id": "a"}, {"path": "a.bin", "content_id": "b"}]),
        &[("a", b"*.bin filter=lfs\n"), ("b", b"b")],
    );
    assert_eq!(late.error_code(400), INVALID_INPUT);
    let pointer_of = |answer: &Answer| answer.json()["errors"][0]["source"]["pointer"].clone();
    assert_eq!(pointer_of(&late), "/0/metadata/files/0/content_id");
    let both = desk.post_lines(
        &json!([attributes, {"path": "a.bin", "content_id": "b"}, {"path": "a", "content_id": "b"}]),
        &[("b", b"b")],
    );
    assert_eq!(both.error_code(400), INVALID_INPUT);
    assert_eq!(pointer_of(&both), "/0/metadata/files/2/content_id");
    let size = desk.post_lines(
        &json!([attributes, {"path": "a.bin", "content_id": "b", "size": 2}]),
        &[("b", b"b")],
    );
    assert_eq!(size.error_code(400), INVALID_INPUT);
    assert_eq!(pointer_of(&size), "/0/metadata/files/1/size");
    let patch = json!({"branch": "main", "message": "m", "lfs": true, "patch": "x"});
    let patch = desk.post_body(&patch);
    assert_eq!(
        (patch.error_code(400), pointer_of(&patch)),
        (INVALID_INPUT, json!("/lfs"))
    );
    let mut many: Vec<Value> = (0..401)
        .map(|n| file(&format!("{n}.bin"), &format!("{n}")))
        .collect();
    many.push(attributes.clone());
    let many = desk.post(&json!(many));
    assert_eq!(
        (many.error_code(413), pointer_of(&many)),
        (MEMORY_LIMIT, json!("/files"))
    );
    assert_eq!(desk.objects(), 0, "nothing is left behind");
    // A guard is looked at before anything is sent.
    let guarded = |head: Value| {
        desk.post_body(&json!({"branch": "main", "message": "m", "lfs": true,
            "expected_head": head, "files": [attributes, file("a.bin", "a")]}))
    };
    assert_eq!(guarded(json!("1".repeat(40))).error_code(409), CONFLICT);
    assert_eq!(desk.objects(), 0);
    assert_eq!(guarded(Value::Null).status, 201);
    let again = desk.post(&json!([file("a.bin", "a")]));
    assert_eq!(again.error_code(409), NO_CHANGE);
    let read_only = json!({ "read_only": true });
    server()
        .rest()
        .patch(&desk.hosted.path(""), &read_only)
        .result(200);
    let refused = desk.post(&json!([file("b.bin", "b")]));
    assert_eq!(refused.error_code(403), REF_REFUSED);
    assert_eq!(desk.objects(), 1);
}

#[test]
fn without_the_switch_nothing_changes() {
    let desk = Desk::new("without");
    let files = json!([file(".gitattributes", "* filter=lfs\n"), file("a", "a\n")]);
    let made = desk.post_body(&json!({"branch": "main", "message": "m", "files": files}));
    assert_eq!(made.result(201).get("lfs"), None);
    assert_eq!(in_git(&desk.clone(), "a"), "a\n");
    assert_eq!(desk.objects(), 0);
    // Git could not read attributes that are a pointer.
    let made = desk.post(&json!([
        file(".gitattributes", "* filter=lfs -text\n"),
        file("b", "b")
    ]));
    assert_eq!(
        made.result(201)["lfs"],
        json!([told("b", &Object::of("b"))])
    );
    let made = desk.post(&json!([
        file(".gitattributes", "*.x filter=lfs\n"),
        file("c", "c")
    ]));
    assert_eq!(made.result(201)["lfs"], json!([]));
}

#[test]
fn a_large_file_in_lines_costs_little_memory_and_few_rows() {
    const BYTES: usize = 48 << 20;
    // The shared server's isolates have other stories as well.
    let server = Server::start_with(&[("CAIRN_SETTLE_SECONDS", "86400")]);
    let desk = Desk::on(&server, "memory");
    let stats = || {
        let stats = server.rest().get(&desk.hosted.path("/stats")).result(200);
        let of = |part: &str, name: &str| stats[part][name].as_u64().unwrap();
        (of("isolate", "heap_bytes"), of("sql", "rows_written"))
    };
    let attributes = file(".gitattributes", "*.bin filter=lfs\n");
    let small = |path: &str| {
        let files = json!([attributes, {"path": path, "content_id": "s"}]);
        desk.post_lines(&files, &[("s", path.as_bytes())])
            .result(201)
    };
    small("first.bin");
    small("second.bin");
    let before = stats();
    small("third.bin");
    let small_rows = stats().1 - before.1;
    let before = stats();
    let object = Object::of_length(BYTES, 35);
    let files = json!([attributes, {"path": "large.bin", "content_id": "l"}]);
    let made = desk.post_lines(&files, &[("l", &object.bytes)]).result(201);
    assert_eq!(made["lfs"], json!([told("large.bin", &object)]));
    let after = stats();
    let (heap, rows) = (after.0 - before.0, after.1 - before.1);
    println!("a small file: {small_rows} rows; 48 MiB: {rows} rows, {heap} bytes of heap more");
    assert!(small_rows <= 20, "{small_rows}");
    // A row for each 256 KiB is written, and removed.
    let waiting = 2 * (BYTES as u64 / (256 << 10));
    assert!(rows <= waiting + 30, "{rows}");
    assert!(heap <= 8 << 20, "{heap}");
    let read = desk
        .lfs
        .rest
        .get(&desk.hosted.path("/file?path=large.bin&lfs=1"));
    assert!(read.body == object.bytes);
}
