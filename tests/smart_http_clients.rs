//! The main job again, by other implementations of Git than the usual one. Real git checks their pushes and
//! fetches.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod clients;
use cairn_test_support as support;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use clients::{Client, Found};
use serde_json::{Map, Value, json};
use support::git::{Git, Refs, refs_equal};
use support::history::History;
use support::rest::Hosted;
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server, server};

#[test]
fn libgit2() {
    story(&clients::libgit2());
}

#[test]
fn dulwich() {
    story(&clients::dulwich());
}

#[test]
fn isomorphic_git() {
    story(&clients::isomorphic_git());
}

#[test]
fn jgit() {
    story(&clients::jgit());
}

#[test]
fn gix() {
    story(&clients::gix());
}

#[test]
fn another_git() {
    story(&clients::another_git());
}

/// The ready clone answers every client's request for a clone.
#[test]
fn ready_clones_reach_every_client() {
    let all = [
        clients::libgit2(),
        clients::dulwich(),
        clients::isomorphic_git(),
        clients::jgit(),
        clients::gix(),
        clients::another_git(),
    ];
    let (server, scratch) = (Server::start(), Scratch::new());
    let rest = server.rest();
    let source = scratch.repository("source");
    History::small(13).make(&source);
    for client in all.into_iter().flatten() {
        let name = format!("ready-{}", client.name);
        let hosted = rest.create_repository("clients", &name);
        let at_once = json!({ "settle_seconds": 0, "ready_bytes_min": 0 });
        rest.patch(&hosted.path(""), &at_once).result(200);
        source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
        let snapshot = json!({ "task": "snapshot" });
        rest.post(&hosted.path("/maintenance"), &snapshot)
            .result(200);
        let clone = scratch.join(client.name);
        let clone = clone.to_str().expect("a path of ASCII");
        client.run(&hosted.token, &["clone", &hosted.remote, clone]);
        has_what_the_source_has(&source, &scratch.git_in(client.name));
        // The log says that requests for refs looked at no pack.
        let fetches = |lines: &[Value]| -> Vec<bool> {
            let of_it = lines
                .iter()
                .filter(|line| line["repository"] == name.as_str());
            let fetches = of_it.filter(|line| line["ready"] == true || line["packs"] != 0);
            let fetches = fetches.filter(|line| line["method"] == "POST");
            let fetches = fetches.filter(|line| line["route"] != "/git/:ns/:repo/git-receive-pack");
            fetches.map(|line| line["ready"] == true).collect()
        };
        let lines = server.request_lines(|lines| !fetches(lines).is_empty());
        assert_eq!(fetches(&lines), [true], "{}: {lines:#?}", client.name);
    }
}

/// No 5xx, and no status, type or shape that the description does not declare; and none of its
/// operations that never succeeds.
#[test]
fn the_rest_api_is_as_described() {
    let Ok(program) = clients::schemathesis() else {
        return;
    };
    let (scratch, imports) = (Scratch::new(), ("CAIRN_IMPORT_ALLOW_PRIVATE", "true"));
    let undelete = ("CAIRN_UNDELETE_SECONDS", "86400");
    let mut server = Server::start_with(&[imports, undelete]);
    let values = clients::described::make(&mut server, &scratch);
    let description = server.rest().get("/api/v1/openapi.json");
    std::fs::write(scratch.join("openapi.json"), &description.body).unwrap();
    std::fs::write(scratch.join("values.json"), values.to_string()).unwrap();
    let asked = Asked {
        program: &program,
        scratch: &scratch,
        url: server.url(),
    };
    // Requests of its own making, mostly at names that exist.
    let answers = asked.in_phases("examples,coverage,fuzzing", 120);
    for operation in operations(&description.json()) {
        let statuses = answers[&operation].as_object();
        let succeeds = |answers: &Map<String, Value>| answers.keys().any(|s| s.starts_with('2'));
        assert!(statuses.is_some_and(succeeds), "{operation}: {answers}");
    }
    // One thing after another, by the links of the description.
    asked.in_phases("stateful", 25);
}

/// The names of the operations in the description.
fn operations(description: &Value) -> Vec<String> {
    let paths = description["paths"].as_object().unwrap().values();
    let methods = paths.flat_map(|path| path.as_object().unwrap().values());
    let names = methods.filter_map(|operation| operation["operationId"].as_str());
    names.map(str::to_owned).collect()
}

/// A server that schemathesis asks.
struct Asked<'a> {
    program: &'a Path,
    scratch: &'a Scratch,
    url: String,
}

impl Asked<'_> {
    /// Runs schemathesis for a bounded time. Gives the number of answers by operation and status.
    fn in_phases(&self, phases: &str, seconds: u32) -> Value {
        let checks = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance";
        let counted = self.scratch.join("answers.json");
        let asked = Command::new(self.program)
            .args(["run", "openapi.json", "--url", &self.url])
            .args(["-H", &format!("Authorization: Bearer {ADMIN_KEY}")])
            .args(["--checks", checks, "--phases", phases])
            .args(["--max-time", &seconds.to_string()])
            .args(["--seed", "1", "--generation-database", "none", "--no-color"])
            .env("SCHEMATHESIS_HOOKS", clients::script("described.py"))
            .env("DESCRIBED_VALUES", self.scratch.join("values.json"))
            .env("DESCRIBED_ANSWERS", &counted)
            .env("NO_PROXY", "127.0.0.1")
            .env("HOME", self.scratch.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(self.scratch.path())
            .output()
            .expect("an installed program can be started");
        let said = String::from_utf8_lossy(&asked.stdout);
        assert!(asked.status.success(), "{said}");
        serde_json::from_slice(&std::fs::read(&counted).unwrap()).unwrap()
    }
}

/// Says on the run's own standard error, which the test harness does not hide, which client was
/// tested and which client was missing.
#[test]
fn the_run_says_which_clients_are_missing() {
    let all = [
        ("libgit2", clients::libgit2()),
        ("dulwich", clients::dulwich()),
        ("isomorphic-git", clients::isomorphic_git()),
        ("JGit", clients::jgit()),
        ("gix", clients::gix()),
        ("another git", clients::another_git()),
    ];
    let (there, missing): (Vec<_>, Vec<_>) = all.iter().partition(|(_, found)| found.is_ok());
    let names: Vec<_> = there.iter().map(|(name, _)| *name).collect();
    let said = format!(
        "clients: {} tested ({}), {} skipped\n",
        there.len(),
        names.join(", "),
        missing.len()
    );
    let reasons = missing.iter().map(|(name, found)| {
        let reason = found.as_ref().err().map_or("", String::as_str);
        format!("clients: {name} skipped: {reason}\n")
    });
    let described = clients::schemathesis().err();
    let described = described.map(|reason| format!("clients: schemathesis skipped: {reason}\n"));
    let said: String = std::iter::once(said)
        .chain(reasons)
        .chain(described)
        .collect();
    let written = std::io::stderr().write_all(said.as_bytes());
    written.expect("standard error can be written");
}

/// Everything that a client is asked to do, as far as it can.
fn story(found: &Found) {
    let Ok(client) = found else { return };
    clones_and_fetches(client);
    if client.pushes {
        pushes_a_history_of_its_own(client);
        begins_in_an_empty_clone(client);
        hears_refusals(client);
    }
    if client.shallow {
        clones_shallow_and_deepens(client);
    }
}

/// Git pushes; the client clones, fetches new commits, and drops deleted branches.
fn clones_and_fetches(client: &Client) {
    let (scratch, hosted) = (Scratch::new(), client.hosted("fetches"));
    let source = scratch.repository("source");
    History::small(11).make(&source);
    source.run(&["push", "--mirror", &hosted.url()]);
    let clone = scratch.join("clone");
    let clone = clone.to_str().expect("a path of ASCII");
    client.run(&hosted.token, &["clone", &hosted.remote, clone]);
    has_what_the_source_has(&source, &scratch.git_in("clone"));

    for round in 0..3 {
        source.write("notes.txt", format!("{round}\n").repeat(200));
        source.commit(&format!("round {round}"));
        source.run(&["tag", "-a", "-m", "a tag", &format!("round-{round}")]);
        source.run(&["branch", &format!("branch-{round}")]);
        source.run(&["push", "--mirror", &hosted.url()]);
        client.run(&hosted.token, &["fetch", clone]);
        has_what_the_source_has(&source, &scratch.git_in("clone"));
    }
    if client.prunes {
        source.run(&["branch", "-D", "branch-0"]);
    }
    source.run(&["branch", "--force", "branch-1", "main~2"]);
    source.run(&["push", "--mirror", &hosted.url()]);
    client.run(&hosted.token, &["fetch", clone]);
    has_what_the_source_has(&source, &scratch.git_in("clone"));
}

/// The client pushes packs that it made; git clones them, and adds to them.
fn pushes_a_history_of_its_own(client: &Client) {
    let (scratch, hosted) = (Scratch::new(), client.hosted("pushes"));
    let own = scratch.join("own");
    let own = own.to_str().expect("a path of ASCII");
    client.run(&hosted.token, &["create", own, &hosted.remote]);
    let own_git = scratch.git_in("own");
    own_git.fsck_strict();
    assert_eq!(own_git.run(&["rev-list", "--count", "main"]), "13");
    assert_eq!(own_git.run(&["cat-file", "-t", "v1"]), "tag");
    same_refs_on_the_server(&scratch, &own_git, &hosted, "created");

    for number in ["11", "12", "13"] {
        client.run(&hosted.token, &["commit", own, number]);
        same_refs_on_the_server(&scratch, &own_git, &hosted, number);
    }
    let other = scratch.clone(&hosted.url(), "other", &[]);
    other.write("log.txt", "by git\n");
    let by_git = other.commit("by git");
    other.run(&["push", "origin", "main"]);
    client.run(&hosted.token, &["fetch", own]);
    assert_eq!(
        own_git.run(&["rev-parse", "refs/remotes/origin/main"]),
        by_git
    );
    own_git.fsck_strict();

    client.run(&hosted.token, &["delete", own, "topic"]);
    let left: Vec<_> = own_git.remote_refs(&hosted.url()).into_keys().collect();
    assert_eq!(
        left,
        ["HEAD", "refs/heads/main", "refs/tags/light", "refs/tags/v1"]
    );
}

/// A clone of nothing is where most repositories of a host begin.
fn begins_in_an_empty_clone(client: &Client) {
    let (scratch, hosted) = (Scratch::new(), client.hosted("begins"));
    let own = scratch.join("own");
    let own = own.to_str().expect("a path of ASCII");
    client.run(&hosted.token, &["clone", &hosted.remote, own]);
    client.run(&hosted.token, &["commit", own, "1"]);
    same_refs_on_the_server(&scratch, &scratch.git_in("own"), &hosted, "begun");
}

/// A push that the server does not take fails at the client, with the server's reason.
fn hears_refusals(client: &Client) {
    let (scratch, hosted) = (Scratch::new(), client.hosted("refusals"));
    let own = scratch.join("own");
    let own = own.to_str().expect("a path of ASCII");
    client.run(&hosted.token, &["create", own, &hosted.remote]);
    let git = scratch.git();
    let before = git.remote_refs(&hosted.url());
    server()
        .rest()
        .patch(&hosted.path(""), &json!({ "read_only": true }))
        .result(200);
    let said = client.fails(&hosted.token, &["commit", own, "11"]);
    assert!(said.contains("read-only"), "{}: {said}", client.name);
    let unknown = format!("cairn_v1_{}", "0".repeat(40));
    client.fails(&unknown, &["fetch", own]);
    client.fails(&unknown, &["commit", own, "12"]);
    assert_eq!(git.remote_refs(&hosted.url()), before);
}

/// One commit, then three, then the rest; and a push from there.
fn clones_shallow_and_deepens(client: &Client) {
    let (scratch, hosted) = (Scratch::new(), client.hosted("shallow"));
    let source = scratch.repository("source");
    History::small(12).make(&source);
    source.run(&["push", &hosted.url(), "main"]);
    let clone = scratch.join("clone");
    let clone = clone.to_str().expect("a path of ASCII");
    client.run(&hosted.token, &["clone", &hosted.remote, clone, "1"]);
    let clone_git = scratch.git_in("clone");
    let tip = ["rev-list", "refs/remotes/origin/main"];
    assert_eq!(clone_git.run(&tip), source.run(&["rev-parse", "main"]));
    clone_git.fsck_strict();

    client.run(&hosted.token, &["fetch", clone, "3"]);
    let oracle = scratch.clone(&hosted.url(), "oracle", &["--depth", "3"]);
    assert_eq!(clone_git.run(&tip), oracle.run(&tip));
    clone_git.fsck_strict();

    let new = source.commit("after the clone");
    source.run(&["push", &hosted.url(), "main"]);
    client.run(&hosted.token, &["fetch", clone]);
    assert_eq!(
        clone_git.run(&["rev-parse", "refs/remotes/origin/main"]),
        new
    );
    clone_git.fsck_strict();

    if client.pushes {
        clone_git.run(&["reset", "--quiet", "--hard", "refs/remotes/origin/main"]);
        client.run(&hosted.token, &["commit", clone, "1"]);
        source.run(&["fetch", &hosted.url(), "main"]);
        source.fsck_strict();
        assert_eq!(source.run(&["rev-parse", "FETCH_HEAD~1"]), new);
    }
}

/// The branches that the clone follows and its tags are those of the source, and sound.
fn has_what_the_source_has(source: &Git, clone: &Git) {
    clone.fsck_strict();
    let mut expected = source.refs();
    expected.remove("HEAD");
    let followed = |(name, id): (String, String)| {
        let branch = name.strip_prefix("refs/remotes/origin/");
        let name = branch.map(|branch| format!("refs/heads/{branch}"));
        name.map(|name| (name, id))
    };
    let (tags, others): (Refs, Refs) = clone
        .refs()
        .into_iter()
        .partition(|(name, _)| name.starts_with("refs/tags/"));
    let mut got: Refs = others.into_iter().filter_map(followed).collect();
    got.remove("refs/heads/HEAD");
    got.extend(tags);
    assert_eq!(got, expected, "{}", clone.folder().display());
}

/// Git's clone, with each protocol, has the branches and tags of the client's repository.
fn same_refs_on_the_server(scratch: &Scratch, own: &Git, hosted: &Hosted, round: &str) {
    let expected = scratch.bare_repository(&format!("expected-{round}"));
    let folder = own.folder().to_str().expect("a path of ASCII");
    expected.run(&[
        "fetch",
        "--quiet",
        folder,
        "refs/heads/*:refs/heads/*",
        "refs/tags/*:refs/tags/*",
    ]);
    for version in [0, 2] {
        let protocol = format!("protocol.version={version}");
        let name = format!("clone-{round}-v{version}");
        let clone = scratch.clone(&hosted.url(), &name, &["--mirror", "-c", &protocol]);
        clone.fsck_strict();
        refs_equal(&expected, &clone);
    }
}
