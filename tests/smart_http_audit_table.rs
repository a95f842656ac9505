//! Each administrative act leaves exactly one entry in the audit log, by any route.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cairn_test_support as support;

use std::sync::OnceLock;
use std::time::Duration;

use serde_json::{Value, json};
use support::remote::Remote;
use support::rest::{Answer, Rest};
use support::scratch::Scratch;
use support::server::Server;
use support::wait::until;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server that keeps deleted repositories for a while.
fn server() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| {
        Server::start_with(&[
            ("CAIRN_UNDELETE_SECONDS", "600"),
            ("CAIRN_IMPORT_ALLOW_PRIVATE", "true"),
        ])
    })
}

/// A log, read from its newest entry back.
struct Log {
    rest: Rest,
    path: String,
    /// In the deployment's log: the only namespace whose entries count. Other stories write it too.
    namespace: Option<&'static str>,
    seen: usize,
}

impl Log {
    fn new(path: &str) -> Self {
        Self::of(path, None)
    }

    /// The deployment's log, about this namespace.
    fn of_deployment(namespace: &'static str) -> Self {
        Self::of("/api/v1/audit", Some(namespace))
    }

    fn of(path: &str, namespace: Option<&'static str>) -> Self {
        let mut log = Self {
            rest: server().rest(),
            path: path.to_owned(),
            namespace,
            seen: 0,
        };
        log.seen = log.entries().len();
        log
    }

    fn entries(&self) -> Vec<Value> {
        let answer = self.rest.get(&format!("{}?limit=200", self.path));
        if answer.status == 404 {
            return Vec::new();
        }
        let mut entries = answer.result(200).as_array().unwrap().clone();
        entries.retain(|entry| {
            let is_about = |name| entry["details"]["namespace"] == name;
            self.namespace.is_none_or(is_about)
        });
        entries
    }

    /// Waits for one entry more, which must be of this action.
    #[track_caller]
    fn expect(&mut self, action: &str, answer: &Answer) -> Value {
        assert_eq!(answer.status / 100, 2, "{action}: {}", answer.text());
        let seen = self.seen;
        let entries = until(action, PATIENCE, || {
            let entries = self.entries();
            (entries.len() > seen).then_some(entries)
        });
        let actions: Vec<_> = entries.iter().map(|entry| &entry["action"]).collect();
        assert_eq!(entries.len(), seen + 1, "{action}: {actions:?}");
        assert_eq!(entries[0]["action"], action, "{actions:?}");
        assert!(entries[0]["request_id"].is_string(), "{}", entries[0]);
        self.seen = entries.len();
        entries[0].clone()
    }
}

fn id(answer: &Answer) -> String {
    answer.json()["result"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn each_administrative_act_leaves_exactly_one_entry() {
    let operator = server().rest();
    let at = |rest: &str| format!("/api/v1/namespaces/table{rest}");
    let repo = |rest: &str| at(&format!("/repos/app{rest}"));
    let none = || json!({});
    let mut all = Log::of_deployment("table");
    let body = json!({ "namespace": "table" });
    let made = all.expect(
        "namespace.created",
        &operator.post("/api/v1/namespaces", &body),
    );
    assert_eq!(made["details"]["namespace"], "table", "{made}");
    assert_eq!(made["actor"]["kind"], "operator", "{made}");

    let mut log = Log::new(&at("/audit"));
    let issuer = json!([{ "issuer": "https://ci.example.com", "audience": "cairn",
        "jwks_url": "https://ci.example.com/jwks" }]);
    for change in [
        json!({ "bytes_max": 1_u64 << 40 }),
        json!({ "suspended": true }),
        json!({ "suspended": false }),
        json!({ "issuers": issuer }),
    ] {
        log.expect("namespace.updated", &operator.patch(&at(""), &change));
    }
    // Namespace's tokens.
    let made = operator.post(&at("/tokens"), &json!({ "scope": "read" }));
    log.expect("namespace.token.created", &made);
    let token = at(&format!("/tokens/{}", id(&made)));
    log.expect("namespace.token.revoked", &operator.delete(&token));
    let signed = json!({ "issuer": "https://ci.example.com", "jti": "one" });
    let revoked = operator.post(&at("/tokens/revoke-signed"), &signed);
    log.expect("namespace.token.revoked", &revoked);
    let revoked = operator.post(&at("/tokens/revoke-all"), &none());
    log.expect("namespace.updated", &revoked);
    // A repository, its settings and its tokens.
    let made = operator.post(&at("/repos"), &json!({ "name": "app" }));
    log.expect("repo.created", &made);
    let remote = made.json()["result"]["clone_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let scratch = Scratch::new();
    let git = scratch.repository("source");
    git.commit("first");
    git.run(&["push", "--quiet", &remote, "main"]);
    for change in [
        json!({ "description": "more" }),
        json!({ "ref_rules": [["refs/tags/*", ["no-delete"]]] }),
        json!({ "bytes_max": 1_u64 << 30 }),
        json!({ "pre_receive": { "url": "https://hooks.example/judge", "refs": ["refs/x/*"] } }),
    ] {
        log.expect("repo.updated", &operator.patch(&repo(""), &change));
    }
    let body = json!({ "repo": "app", "scope": "read" });
    for route in ["", "/repos/app"] {
        let made = operator.post(&at("/tokens"), &body);
        log.expect("repo.token.created", &made);
        let token = at(&format!("{route}/tokens/{}", id(&made)));
        log.expect("repo.token.revoked", &operator.delete(&token));
    }
    // Webhooks of either.
    for owner in [at(""), repo("")] {
        let hook = json!({ "url": "https://hooks.example/", "events": ["repo.renamed"] });
        let made = operator.post(&format!("{owner}/webhooks"), &hook);
        log.expect("webhook.created", &made);
        let hook = format!("{owner}/webhooks/{}", id(&made));
        let changed = operator.patch(&hook, &json!({ "active": false }));
        log.expect("webhook.updated", &changed);
        let rotated = operator.post(&format!("{hook}/rotate-secret"), &none());
        log.expect("webhook.secret_rotated", &rotated);
        log.expect("webhook.deleted", &operator.delete(&hook));
    }
    // The ends of repositories.
    let purged = operator.post(&repo("/purge-unreachable"), &none());
    log.expect("repo.purged", &purged);
    let fork = operator.post(&repo("/fork"), &json!({ "name": "fork" }));
    log.expect("repo.forked", &fork);
    let bare = scratch.bare_repository("remotes/source.git");
    git.run(&["push", "--quiet", bare.folder().to_str().unwrap(), "main"]);
    bare.run(&["symbolic-ref", "HEAD", "refs/heads/main"]);
    let elsewhere = Remote::serve(&scratch.join("remotes"));
    let import = json!({ "url": elsewhere.url("source.git") });
    let import = operator.post(&at("/repos/copy/import"), &import);
    log.expect("repo.imported", &import);
    let renamed = operator.post(&at("/repos/copy/rename"), &json!({ "name": "copied" }));
    log.expect("repo.renamed", &renamed);
    let gone = operator.delete(&at("/repos/fork"));
    let deleted = log.expect("repo.deleted", &gone);
    let restored = operator.post(&at("/repos/fork/restore-deleted"), &none());
    log.expect("repo.restored", &restored);
    log.expect("repo.deleted", &operator.delete(&at("/repos/fork")));
    let fork = deleted["repo_id"].as_str().unwrap();
    let purged = operator.delete(&at(&format!("/deleted/{fork}")));
    let purged = log.expect("deleted.purged", &purged);
    assert_eq!(purged["details"]["repoName"], "fork", "{purged}");
    assert_eq!(purged["actor"]["kind"], "operator", "{purged}");
    let listed = operator.post(&at("/relist"), &json!({ "names": ["app"] }));
    all.expect("namespace.relisted", &listed);
    for name in ["app", "copied"] {
        let gone = operator.delete(&at(&format!("/repos/{name}?purge=true")));
        log.expect("repo.deleted", &gone);
    }
    assert_eq!(log.entries().len(), log.seen, "something came late");
    until("the namespace is empty", PATIENCE, || {
        let deleted = operator.delete(&at(""));
        (deleted.status == 204).then_some(())
    });
    let entries = all.entries();
    assert_eq!(entries[0]["action"], "namespace.deleted", "{}", entries[0]);
    assert_eq!(entries.len(), all.seen + 1);
    // Nobody else reads that log.
    assert_eq!(operator.anonymous().get("/api/v1/audit").status, 401);
}

#[test]
fn a_namespace_that_its_first_repository_makes_is_in_the_log() {
    let operator = server().rest();
    let hosted = operator.create_repository("table-implied", "app");
    operator.create_repository("table-implied", "other");
    let entries = Log::of_deployment("table-implied").entries();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0]["action"], "namespace.created");
    let other = operator.with_bearer(&hosted.token).get("/api/v1/audit");
    assert!([401, 403].contains(&other.status), "{}", other.text());
}
