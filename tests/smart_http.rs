//! The main job, told by real git over HTTP to the real Worker under workerd: create, push,
//! clone, fetch.

use cairn_test_support as support;

use std::path::PathBuf;

use serde_json::Value;
use support::git::{Git, refs_equal};
use support::history::History;
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::{Server, server};

/// A repository of this test's own.
fn create(name: &str) -> Hosted {
    server().rest().create_repository("stories", name)
}

fn stats(server: &Server, hosted: &Hosted) -> Value {
    let path = format!(
        "/api/v1/namespaces/{}/repos/{}/stats",
        hosted.namespace, hosted.name
    );
    server.rest().get(&path).result(200)
}

/// Clones with both protocols; each clone must be sound and have the refs of `source`.
fn clones_are_equal(scratch: &Scratch, source: &Git, hosted: &Hosted, round: &str) {
    for version in [0, 2] {
        let name = format!("clone-{round}-v{version}");
        let protocol = format!("protocol.version={version}");
        let clone = scratch.clone(&hosted.url(), &name, &["--mirror", "-c", &protocol]);
        clone.fsck_strict();
        refs_equal(source, &clone);
    }
}

#[test]
fn a_server_that_is_ready_says_that_it_is_well() {
    let answer = server().rest().anonymous().get("/healthz");
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["ok"], true);
}

#[test]
fn git_push_of_everything_and_git_clone_give_the_same_repository() {
    let (scratch, hosted) = (Scratch::new(), create("everything"));
    let source = scratch.repository("source");
    History::small(1).make(&source);
    source.run(&["push", "--mirror", &hosted.url()]);
    clones_are_equal(&scratch, &source, &hosted, "first");
}

#[test]
fn git_clone_of_an_empty_repository_knows_the_default_branch() {
    let body = serde_json::json!({ "name": "empty", "default_branch": "trunk" });
    let hosted = server().rest().create_repository_with("stories", &body);
    let scratch = Scratch::new();
    let clone = scratch.clone(&hosted.url(), "clone", &[]);
    assert_eq!(clone.run(&["symbolic-ref", "HEAD"]), "refs/heads/trunk");
    clone.write("a", "a\n");
    clone.commit("first");
    clone.run(&["push", "origin", "trunk"]);
    clones_are_equal(
        &scratch,
        &scratch.clone(&hosted.url(), "again", &["--mirror"]),
        &hosted,
        "x",
    );
}

#[test]
fn the_first_branch_pushed_becomes_the_default_when_that_does_not_exist() {
    let (scratch, hosted) = (Scratch::new(), create("first-branch"));
    let source = scratch.repository("source");
    source.run(&["checkout", "-q", "-b", "develop"]);
    source.write("a", "a\n");
    source.commit("first");
    source.run(&["push", &hosted.url(), "develop"]);
    let clone = scratch.clone(&hosted.url(), "clone", &[]);
    assert_eq!(clone.run(&["symbolic-ref", "HEAD"]), "refs/heads/develop");
}

#[test]
fn git_fetch_brings_later_pushes() {
    let (scratch, hosted) = (Scratch::new(), create("fetch"));
    let source = scratch.repository("source");
    History::small(2).make(&source);
    // By its URL: under a name the source would get remote-tracking refs of its own.
    source.run(&["push", "--mirror", &hosted.url()]);
    let clones: Vec<Git> = [0, 2]
        .map(|version| {
            let protocol = format!("protocol.version={version}");
            let name = format!("clone-v{version}");
            scratch.clone(&hosted.url(), &name, &["--mirror", "-c", &protocol])
        })
        .into();
    for round in 0..5 {
        source.write("notes.txt", format!("{round}\n").repeat(200));
        source.commit(&format!("round {round}"));
        source.run(&["tag", "-a", "-m", "a tag", &format!("round-{round}")]);
        source.run(&["push", "--mirror", &hosted.url()]);
        for clone in &clones {
            clone.run(&["fetch", "--prune", "origin"]);
            clone.fsck_strict();
            refs_equal(&source, clone);
        }
    }
}

#[test]
fn force_pushes_deletions_and_tags_arrive() {
    let (scratch, hosted) = (Scratch::new(), create("force"));
    let source = scratch.repository("source");
    History::small(3).make(&source);
    source.run(&["push", "--mirror", &hosted.url()]);
    source.run(&["checkout", "-q", "-B", "feature", "main~3"]);
    source.commit("another way");
    source.run(&["push", &hosted.url(), "feature"]);
    source.run(&[
        "commit",
        "--amend",
        "--allow-empty",
        "-q",
        "-m",
        "yet another",
    ]);
    let said = source.fails(&["push", &hosted.url(), "feature"]);
    assert!(said.contains("rejected"), "{said}");
    source.run(&["push", "--force", &hosted.url(), "feature"]);
    source.run(&["checkout", "-q", "main"]);
    clones_are_equal(&scratch, &source, &hosted, "forced");

    source.run(&["branch", "-D", "feature"]);
    source.run(&["push", &hosted.url(), ":feature"]);
    source.run(&["tag", "-a", "-m", "inner", "inner", "main~1"]);
    source.run(&["tag", "-a", "-m", "outer", "outer", "inner"]);
    source.run(&["push", "--tags", &hosted.url()]);
    clones_are_equal(&scratch, &source, &hosted, "tagged");
}

#[test]
fn the_loser_of_a_race_hears_that_its_view_is_stale() {
    let (scratch, hosted) = (Scratch::new(), create("race"));
    let source = scratch.repository("source");
    History::small(4).make(&source);
    source.run(&["push", &hosted.url(), "main"]);
    let one = scratch.clone(&hosted.url(), "one", &[]);
    let other = scratch.clone(&hosted.url(), "other", &[]);
    one.commit("one");
    one.run(&["push", "origin", "main"]);
    other.commit("other");
    let said = other.fails(&["push", "origin", "main"]);
    assert!(said.contains("rejected"), "{said}");
    let lease = format!(
        "--force-with-lease=main:{}",
        source.run(&["rev-parse", "main"])
    );
    let said = other.fails(&["push", &lease, "origin", "main"]);
    assert!(said.contains("stale info"), "{said}");
    assert_eq!(
        one.remote_refs(&hosted.url()),
        one.remote_refs(&hosted.url())
    );
}

#[test]
fn credentials_go_in_the_url_or_in_a_header() {
    let (scratch, hosted) = (Scratch::new(), create("credentials"));
    let source = scratch.repository("source");
    source.write("a", "a\n");
    source.commit("first");
    let bearer = format!("Authorization: Bearer {}", hosted.token);
    let header = source.config("http.extraHeader", &bearer);
    header.run(&["push", &hosted.remote, "main"]);
    header.run(&["ls-remote", &hosted.remote]);
    header.run(&["ls-remote", &hosted.url()]);
}

#[test]
fn pushes_survive_a_restart_and_a_crash() {
    let mut server = Server::start();
    let (scratch, hosted) = (
        Scratch::new(),
        server.rest().create_repository("lasting", "repo"),
    );
    let source = scratch.repository("source");
    History::small(5).make(&source);
    source.run(&["push", "--mirror", &hosted.url()]);
    server.restart();
    clones_are_equal(&scratch, &source, &hosted, "restarted");
    source.write("a", "b\n");
    source.commit("after the restart");
    source.run(&["push", "--mirror", &hosted.url()]);
    server.crash();
    clones_are_equal(&scratch, &source, &hosted, "crashed");
}

#[test]
fn a_large_blob_passes_without_being_held() {
    let (scratch, hosted) = (Scratch::new(), create("large-blob"));
    let source = scratch.repository("source");
    // Does not compress: 24 MiB stay 24 MiB on the wire and in 96 chunks.
    let mut random = support::history::Random(7);
    let blob: Vec<u8> = (0..3 << 20)
        .flat_map(|_| random.next().to_le_bytes())
        .collect();
    source.write("large.bin", &blob);
    source.commit("large");
    source.run(&["push", &hosted.url(), "main"]);
    clones_are_equal(
        &scratch,
        &scratch.clone(&hosted.url(), "m", &["--mirror"]),
        &hosted,
        "large",
    );
    let heap = stats(server(), &hosted)["isolate"]["heap_bytes"].as_u64();
    assert!(heap.is_some_and(|bytes| bytes <= 64 << 20), "{heap:?}");
}

#[test]
fn a_push_writes_few_rows() {
    let (scratch, hosted) = (Scratch::new(), create("rows"));
    let source = scratch.repository("source");
    History::small(6).make(&source);
    let rows = |when: &str| {
        let rows = stats(server(), &hosted)["sql"]["rows_written"].as_u64();
        rows.unwrap_or_else(|| panic!("no rows {when}"))
    };
    let before = rows("before");
    source.run(&["push", "--mirror", &hosted.url()]);
    let refs = source.refs().len() as u64;
    let mirrored = rows("after the mirror") - before;
    assert!(
        mirrored <= 100 + 2 * refs,
        "{mirrored} rows for {refs} refs"
    );
    source.commit("one more");
    source.run(&["push", &hosted.url(), "main"]);
    let one = rows("after one commit") - before - mirrored;
    assert!(one <= 20, "{one} rows for one commit");
}

/// The real repositories that may lie beside a checkout of this project.
fn bundles() -> Vec<PathBuf> {
    let folder = std::env::var_os("CAIRN_BUNDLES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures"),
        PathBuf::from,
    );
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    found.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "bundle")
    });
    found.sort();
    found
}

#[test]
fn real_histories_make_the_round_trip() {
    if bundles().is_empty() {
        println!("skipped: no bundles; name a folder of them by CAIRN_BUNDLES");
    }
    for bundle in bundles() {
        let name = bundle
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let (scratch, hosted) = (Scratch::new(), create(&name));
        let source = scratch.clone(&bundle.to_string_lossy(), "source", &["--mirror"]);
        if !source.refs().contains_key("refs/heads/main") {
            source.run(&["symbolic-ref", "HEAD", "refs/heads/master"]);
        }
        source.run(&["push", "--mirror", &hosted.url()]);
        clones_are_equal(&scratch, &source, &hosted, "real");
        println!("{name}: {}", stats(server(), &hosted));
    }
}
