//! The examples of Artifacts' documentation, by curl, jq and git as it shows them. Only base URL, names
//! and credential are others. The answers have the documented fields.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use support::package_root;
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, Server};

use crate::{ARTIFACTS, support};

/// The documented fields of a repository, in lists too.
const REPO: [&str; 10] = [
    "id",
    "name",
    "description",
    "default_branch",
    "created_at",
    "updated_at",
    "last_push_at",
    "source",
    "read_only",
    "remote",
];
/// The fields of a new repository.
const CREATED: [&str; 6] = [
    "id",
    "name",
    "description",
    "default_branch",
    "remote",
    "token",
];
const NAMESPACE: [&str; 5] = [
    "namespace",
    "jurisdiction",
    "repo_count",
    "created_at",
    "updated_at",
];
const COMMIT: [&str; 8] = [
    "hash",
    "treeHash",
    "message",
    "author",
    "committer",
    "parents",
    "authoredAt",
    "committedAt",
];
const TOKEN: [&str; 5] = ["id", "scope", "state", "created_at", "expires_at"];

/// The answers that the script kept.
struct Answers<'a>(&'a Path);

impl Answers<'_> {
    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap()
    }

    /// The envelope of an answer with this status.
    fn envelope(&self, name: &str, status: &str) -> Value {
        let text = self.text(name);
        assert_eq!(
            self.text(&format!("{name}.status")),
            status,
            "{name}: {text}"
        );
        let envelope: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(envelope["success"], true, "{name}");
        assert_eq!(envelope["errors"], json!([]), "{name}");
        assert_eq!(envelope["messages"], json!([]), "{name}");
        envelope
    }

    fn result(&self, name: &str, status: &str) -> Value {
        self.envelope(name, status)["result"].clone()
    }
}

fn has(shown: &Value, fields: &[&str]) {
    for field in fields {
        assert!(shown.get(field).is_some(), "no {field} in {shown}");
    }
}

fn run(server: &Server, scratch: &Scratch, imported: &str) {
    let account = format!("{}{ARTIFACTS}", server.url());
    let work = scratch.git_in("work");
    std::fs::create_dir_all(work.folder()).unwrap();
    let script = package_root().join("tests/smart_http_artifacts/documented.sh");
    // The variables of a hermetic git, which the script's own git needs too.
    let git = work.command(&["version"]);
    let mut command = Command::new("bash");
    command.arg(script).current_dir(work.folder());
    for (name, value) in git.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let answers = scratch.join("answers");
    std::fs::create_dir(&answers).unwrap();
    let output = command
        .env("ANSWERS", &answers)
        .env("ARTIFACTS_ACCOUNT_BASE_URL", &account)
        .env(
            "ARTIFACTS_BASE_URL",
            format!("{account}/namespaces/default"),
        )
        .env("ARTIFACTS_NAMESPACE", "default")
        .env("ARTIFACTS_REPO", "starter-repo")
        .env("CLOUDFLARE_API_TOKEN", ADMIN_KEY)
        .env("IMPORTED_URL", imported)
        .env("no_proxy", "127.0.0.1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
}

#[test]
fn the_documented_examples_run_as_they_are() {
    let server = Server::start_with(&[("CAIRN_IMPORT_ALLOW_PRIVATE", "true")]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let public = json!({ "name": "elsewhere", "public": true });
    let elsewhere = rest.create_repository_with("others", &public);
    let work = scratch.repository("elsewhere");
    work.commit("first");
    work.run(&["push", "--quiet", &elsewhere.url(), "main"]);
    run(&server, &scratch, &elsewhere.remote);

    let folder = scratch.join("answers");
    let answers = Answers(&folder);
    let namespace = answers.result("namespace", "201");
    has(&namespace, &NAMESPACE);
    let namespaces = answers.envelope("namespaces", "200");
    has(&namespaces["result"][0], &NAMESPACE);
    has(&namespaces["result_info"], &["cursor", "per_page", "count"]);
    has(&answers.result("shown-namespace", "200"), &NAMESPACE);

    let created = answers.result("created", "201");
    has(&created, &CREATED);
    let listed = answers.envelope("listed", "200");
    has(&listed["result"][0], &REPO);
    assert_eq!(
        listed["result_info"],
        json!({ "cursor": "", "per_page": 20, "count": 1 })
    );
    has(&answers.result("shown", "200"), &REPO);
    assert_eq!(answers.text("cloned"), "Initial commit\n");

    let log = answers.result("log", "200");
    has(&log[0], &COMMIT);
    assert!(log[0]["authoredAt"].is_i64() && log[0]["committedAt"].is_i64());
    assert_eq!(log[0]["message"], "Initial commit");
    assert_eq!(answers.result("commit", "200"), log[0]);
    let tree = answers.result("tree", "200");
    assert_eq!(
        (&tree[0]["name"], &tree[0]["mode"], &tree[0]["type"]),
        (&json!("README.md"), &json!("100644"), &json!("blob"))
    );
    for bytes in ["blob", "file", "raw"] {
        assert_eq!(answers.text(bytes), "# Artifacts demo\n", "{bytes}");
    }

    let forked = answers.result("forked", "201");
    has(&forked, &CREATED);
    assert_eq!(forked["objects"], 3);
    has(&answers.result("imported", "201"), &CREATED);

    let token = answers.result("token", "201");
    has(&token, &["id", "plaintext", "scope", "expires_at"]);
    let tokens = answers.envelope("tokens", "200");
    has(&tokens["result"][0], &TOKEN);
    let info = &tokens["result_info"];
    let counted = ["page", "per_page", "total_pages", "count", "total_count"];
    assert_eq!(
        counted.map(|field| info[field].clone()),
        [1, 30, 1, 2, 2].map(Value::from)
    );
    assert_eq!(
        answers.result("revoked", "200"),
        json!({ "id": token["id"] })
    );
    assert_eq!(answers.result("deleted", "202")["id"], created["id"]);
}
