//! The programs of `docs/examples` against the real Worker, each killed in the middle of its work: they keep
//! the promises that the page about events makes to the authors of such programs.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use support::git::{Git, refs_equal};
use support::package_root;
use support::rest::{Hosted, Rest};
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server};
use support::wait;
use ureq::http::Method;

/// Longer than the third attempt of a delivery takes.
const PATIENCE: Duration = Duration::from_secs(45);
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Events that the namespace of the indexer keeps.
const KEPT: usize = 20;

#[test]
fn the_examples_are_those_of_the_page() {
    let docs = package_root().join("docs");
    let page = std::fs::read_to_string(docs.join("events.md")).unwrap();
    for name in ["ci.mjs", "indexer.mjs", "mirror.mjs"] {
        let program = std::fs::read_to_string(docs.join("examples").join(name)).unwrap();
        let shown = format!("```js\n{program}```\n");
        assert!(page.contains(&shown), "docs/events.md shows another {name}");
    }
}

/// It is killed between two pushes, gets the missed events by the next attempt, and builds nothing twice.
#[test]
fn a_ci_trigger_builds_each_push_once() {
    let server = Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let (scratch, rest) = (Scratch::new(), server.rest());
    let command = r#"echo "$CI_REPOSITORY $CI_REF $CI_COMMIT" >> builds"#;
    let environment = |port| {
        [
            ("WEBHOOK_SECRET", SECRET),
            ("BUILD", command),
            ("PORT", port),
        ]
    };
    let ci = Program::start(&scratch, "ci.mjs", &environment("0"), &[]);
    let port = ci.says("listening on ");
    let (app, source) = scratch.pushed(&rest, "ci", "app");
    let hook = webhook(&rest, "ci", &port);
    let builds = || std::fs::read_to_string(scratch.join("builds")).unwrap_or_default();
    let mut wanted = BTreeSet::new();
    let push = |wanted: &mut BTreeSet<String>, branch: &str| {
        let commit = source.commit(branch);
        let to = format!("HEAD:refs/heads/{branch}");
        source.run(&["push", "--quiet", &app.url(), &to]);
        wanted.insert(format!("ci/app refs/heads/{branch} {}", commit.trim()));
    };
    push(&mut wanted, "main");
    push(&mut wanted, "topic");
    source.run(&["push", "--quiet", &app.url(), "HEAD:refs/tags/v1"]);
    source.run(&["push", "--quiet", &app.url(), ":refs/heads/topic"]);
    wait::until_true("both are built", PATIENCE, || builds().lines().count() == 2);
    drop(ci);
    push(&mut wanted, "main");
    let ci = Program::start(&scratch, "ci.mjs", &environment(&port), &[]);
    ci.says("listening on ");
    wait::until_true("the third is built", PATIENCE, || {
        builds().lines().count() == 3
    });
    // A delivery that comes again starts no build.
    let deliveries = delivered(&rest, &hook, 5);
    for id in &deliveries {
        let again = format!("{hook}/deliveries/{id}/redeliver");
        rest.send(Method::POST, &again, &[], b"").result(202);
    }
    delivered(&rest, &hook, 10);
    push(&mut wanted, "last");
    wait::until_true("the last is built", PATIENCE, || {
        builds().lines().count() >= 4
    });
    let lines: Vec<String> = builds().lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines.into_iter().collect::<BTreeSet<_>>(), wanted);
    assert_eq!(forged(&port), 401);
}

/// A webhook for all pushes of a namespace; its path.
fn webhook(rest: &Rest, namespace: &str, port: &str) -> String {
    let path = format!("/api/v1/namespaces/{namespace}/webhooks");
    let url = format!("http://127.0.0.1:{port}/");
    let wanted = json!({ "url": url, "events": ["repo.pushed"], "secret": SECRET });
    let made = rest.post(&path, &wanted).result(201);
    format!("{path}/{}", made["id"].as_str().unwrap())
}

/// The ids of the deliveries, as soon as so many were made and all of them arrived.
fn delivered(rest: &Rest, hook: &str, count: usize) -> Vec<Value> {
    let path = format!("{hook}/deliveries");
    wait::until("deliveries arrive", PATIENCE, || {
        let listed = rest.get(&path).result(200);
        let listed = listed.as_array().unwrap();
        let arrived = listed
            .iter()
            .filter(|delivery| delivery["state"] == "delivered");
        let ids: Vec<Value> = arrived.map(|delivery| delivery["id"].clone()).collect();
        (ids.len() == count).then_some(ids)
    })
}

/// The answer to a push that nobody signed.
fn forged(port: &str) -> u16 {
    let receiver = Rest::new(&format!("http://127.0.0.1:{port}"), None);
    let headers = [
        ("webhook-id", "evt_0tvugavnogssnwzk_1"),
        ("webhook-timestamp", "1796032801"),
        (
            "webhook-signature",
            "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ),
    ];
    receiver.send(Method::POST, "/", &headers, b"{}").status
}

/// It is stopped, misses some events, and then more than the feed keeps.
#[test]
fn an_indexer_catches_up_after_a_week() {
    let server = Server::start_with(&[("CAIRN_EVENTS_NAMESPACE_MAX", "20")]);
    let (scratch, rest) = (Scratch::new(), server.rest());
    let url = server.url();
    let environment = [
        ("CAIRN_URL", url.as_str()),
        ("CAIRN_NAMESPACE", "index"),
        ("CAIRN_KEY", ADMIN_KEY),
    ];
    let start = || Program::start(&scratch, "indexer.mjs", &environment, &[]);
    let (apple, source) = filled(&scratch, &rest, "apple", "red apples");
    let (_, _) = filled(&scratch, &rest, "pear", "green pears");
    let indexer = start();
    finds(&scratch, "apples", &["apple file"]);
    finds(&scratch, "green", &["pear file"]);
    drop(indexer);
    push(&source, &apple, "yellow apples");
    filled(&scratch, &rest, "plum", "blue plums");
    rest.delete("/api/v1/namespaces/index/repos/pear")
        .result(202);
    let indexer = start();
    finds(&scratch, "yellow", &["apple file"]);
    finds(&scratch, "plums", &["plum file"]);
    finds(&scratch, "green", &[]);
    finds(&scratch, "red", &[]);
    drop(indexer);
    let plum = "/api/v1/namespaces/index/repos/plum";
    rest.delete(plum).result(202);
    for number in 0..=KEPT {
        push(&source, &apple, &format!("apples {number}"));
    }
    let indexer = start();
    indexer.says("the feed begins at ");
    finds(&scratch, "apples", &["apple file"]);
    finds(&scratch, &KEPT.to_string(), &["apple file"]);
    finds(&scratch, "plums", &[]);
    push(&source, &apple, "at last");
    finds(&scratch, "last", &["apple file"]);
}

/// A repository of the indexer's namespace with one file, and where it was pushed from.
fn filled(scratch: &Scratch, rest: &Rest, name: &str, text: &str) -> (Hosted, Git) {
    let hosted = rest.create_repository("index", name);
    let source = scratch.repository(name);
    push(&source, &hosted, text);
    (hosted, source)
}

fn push(source: &Git, hosted: &Hosted, text: &str) {
    source.write("file", text);
    source.commit(text);
    source.run(&["push", "--quiet", &hosted.url(), "HEAD:refs/heads/main"]);
}

/// Waits until a search for the word prints these lines.
fn finds(scratch: &Scratch, word: &str, lines: &[&str]) {
    let wanted = lines
        .iter()
        .fold(String::new(), |all, line| all + line + "\n");
    wait::until_true(&format!("{word} is found"), PATIENCE, || {
        let searched = node(scratch, "indexer.mjs").args(["search", word]).output();
        let searched = searched.expect("bash is installed");
        let said = String::from_utf8_lossy(&searched.stderr);
        assert!(searched.status.success(), "{said}");
        String::from_utf8_lossy(&searched.stdout) == wanted
    });
}

/// It is killed, misses every kind of change, and the other repository is equal again.
#[test]
fn a_mirror_follows_pushes() {
    let server = Server::start();
    let (scratch, rest) = (Scratch::new(), server.rest());
    let (hosted, source) = scratch.pushed(&rest, "mirror", "source");
    let target = scratch.bare_repository("target");
    let folder = target.folder().to_str().unwrap().to_owned();
    let url = server.url();
    let environment = [
        ("CAIRN_URL", url.as_str()),
        ("CAIRN_NAMESPACE", "mirror"),
        ("CAIRN_REPOSITORY", "source"),
        ("CAIRN_KEY", ADMIN_KEY),
        ("RETRY_SECONDS", "1"),
    ];
    let start = || Program::start(&scratch, "mirror.mjs", &environment, &[&folder]);
    let equal = || {
        wait::until_true("both have the same refs", PATIENCE, || {
            target.refs() == source.refs()
        });
    };
    let push = || source.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let mirror = start();
    equal();
    source.commit("second");
    source.run(&["branch", "topic"]);
    source.run(&["tag", "-a", "-m", "one", "v1"]);
    push();
    equal();
    drop(mirror);
    source.run(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--amend",
        "-m",
        "again",
    ]);
    source.run(&["branch", "-D", "topic"]);
    source.run(&["branch", "topic/deeper"]);
    source.run(&["tag", "-f", "-a", "-m", "again", "v1"]);
    push();
    let _mirror = start();
    equal();
    source.run(&["tag", "-d", "v1"]);
    push();
    equal();
    refs_equal(&source, &target);
    target.fsck_strict();
}

/// A program of `docs/examples` that runs until it is dropped, which kills it.
struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    fn start(
        scratch: &Scratch,
        name: &str,
        environment: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let log = scratch.join(format!("{name}.log"));
        let said = File::create(&log).unwrap();
        let complained = said.try_clone().unwrap();
        let child = node(scratch, name)
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(said)
            .stderr(complained)
            .spawn()
            .expect("bash is installed");
        Self { child, log }
    }

    /// Waits for a line that begins so, and gives the rest of it.
    fn says(&self, beginning: &str) -> String {
        wait::until(beginning, PATIENCE, || {
            let said = std::fs::read_to_string(&self.log).unwrap();
            let mut rests = said.lines().filter_map(|line| line.strip_prefix(beginning));
            rests.next().map(str::to_owned)
        })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("{}", std::fs::read_to_string(&self.log).unwrap_or_default());
        }
    }
}

/// Node with a program of `docs/examples`, in a folder where the client is installed as it is for users.
fn node(scratch: &Scratch, name: &str) -> Command {
    let (root, program) = (package_root(), scratch.join(name));
    let examples = root.join("docs/examples");
    std::fs::copy(examples.join(name), &program).unwrap();
    installed(&root.join("clients/js"), &scratch.join("node_modules"));
    let mut node = Command::new(root.join("scripts/node"));
    node.arg(program).current_dir(scratch.path());
    node
}

fn installed(client: &Path, modules: &Path) {
    let link = modules.join("cairn-client");
    if !link.exists() {
        std::fs::create_dir_all(modules).unwrap();
        std::os::unix::fs::symlink(client, link).unwrap();
    }
}
