//! Tokens of a GitHub App's installations.

use serde_json::{Value, json};

use super::github::{APP_ID, AppKey, Github, INSTALLATION};
use super::{
    KEY, PRIVATE, There, head, private, pushed, set_upstream, settled, synced, takes_pushes,
};
use crate::support::rest::Hosted;
use crate::support::server::Server;

/// A GitHub with one private repository, and a server that has the app's key.
struct Scene {
    there: There,
    github: Github,
    server: Server,
}

fn leaked(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

impl Scene {
    fn new(pem: impl Fn(&AppKey) -> String) -> Self {
        let there = There::new();
        std::fs::create_dir(there.scratch.join("owner")).unwrap();
        let moved = there.scratch.join("owner/there.git");
        std::fs::rename(there.scratch.join("there.git"), moved).unwrap();
        let key = AppKey::make();
        let github = Github::serve(there.serve(), &key);
        let server = Server::start_with(&[
            PRIVATE,
            KEY,
            ("CAIRN_GITHUB_APP_ID", APP_ID),
            ("CAIRN_GITHUB_APP_KEY", leaked(pem(&key))),
            ("CAIRN_GITHUB_API", leaked(github.origin())),
        ]);
        Self {
            there,
            github,
            server,
        }
    }

    fn body(&self) -> Value {
        let url = format!("{}/owner/there.git", self.github.origin());
        json!({"url": url, "credentials": {"github_app": {"installation_id": INSTALLATION}}})
    }

    fn mirror(&self, name: &str) -> Hosted {
        self.server.rest().create_repository("apps", name)
    }

    fn commit(&self, message: &str) -> String {
        self.there.git.write("a", message);
        self.there.git.commit(message);
        self.there
            .git
            .run(&["push", "--quiet", "../owner/there.git", "main"]);
        self.there.git.run(&["rev-parse", "HEAD"])
    }
}

#[test]
fn a_token_is_made_for_the_one_repository_and_used_until_it_ends() {
    let scene = Scene::new(|key| key.pkcs1.clone());
    let hosted = scene.mirror("app");
    let set = set_upstream(&scene.server, &hosted, &scene.body());
    assert_eq!(set.result(200)["credentials"], "github_app");
    let shown = settled(&scene.server, &hosted);
    assert_eq!(shown["last_error"], Value::Null, "{shown}");
    let made = scene.github.made();
    assert_eq!(made.len(), 1);
    assert_eq!(
        made[0].body,
        json!({"repositories": ["there"], "permissions": {"contents": "read"}})
    );
    // A second sync uses the same token.
    let next = scene.commit("two");
    assert_eq!(synced(&scene.server, &hosted)["last_error"], Value::Null);
    assert_eq!(head(&hosted), next);
    assert_eq!(scene.github.made().len(), 1);
    // A token that ends in some minutes is replaced before a sync begins.
    let short = scene.mirror("app-short");
    scene.github.set_seconds(300);
    set_upstream(&scene.server, &short, &scene.body()).result(200);
    assert_eq!(settled(&scene.server, &short)["last_error"], Value::Null);
    let log = scene.server.log();
    assert!(!log.contains(&made[0].token), "{log}");
}

#[test]
fn a_downstream_gets_a_token_that_may_write() {
    let scene = Scene::new(|key| key.pkcs1.clone());
    takes_pushes(&scene.there, "owner/there.git");
    let hosted = scene.mirror("app-downstream");
    scene.there.git.write("a", "of this side\n");
    scene.there.git.commit("of this side");
    scene
        .there
        .git
        .run(&["push", "--quiet", &hosted.url(), "main"]);
    let shown = pushed(&scene.server, &hosted, &scene.body());
    assert_eq!(shown["credentials"], "github_app");
    assert_eq!(shown["last_push"]["outcome"], "pushed", "{shown}");
    let asked: Vec<Value> = scene
        .github
        .made()
        .into_iter()
        .map(|made| made.body)
        .collect();
    assert_eq!(asked, [json!({"repositories": ["there"]})]);
}

#[test]
fn a_key_in_pkcs8_and_in_one_line_signs_as_well() {
    let scene = Scene::new(|key| key.pkcs8.trim().replace('\n', "\\n"));
    let hosted = scene.mirror("app");
    set_upstream(&scene.server, &hosted, &scene.body()).result(200);
    assert_eq!(settled(&scene.server, &hosted)["last_error"], Value::Null);
    assert_eq!(scene.github.made().len(), 1);
}

#[test]
fn a_token_that_was_revoked_is_replaced_by_the_next_sync() {
    let scene = Scene::new(|key| key.pkcs1.clone());
    let hosted = scene.mirror("app");
    set_upstream(&scene.server, &hosted, &scene.body()).result(200);
    settled(&scene.server, &hosted);
    scene.github.revoke();
    let next = scene.commit("two");
    // The first sync that meets the refusal may fail; the next one must not.
    synced(&scene.server, &hosted);
    assert_eq!(synced(&scene.server, &hosted)["last_error"], Value::Null);
    assert_eq!(head(&hosted), next);
    // The error repeats GitHub's message about a removed installation.
    scene.github.revoke();
    scene.github.refuse(Some(403));
    synced(&scene.server, &hosted);
    let error = synced(&scene.server, &hosted)["last_error"].to_string();
    assert!(error.contains("403 Suspended"), "{error}");
}

#[test]
fn only_the_operator_names_an_installation_and_only_github_gets_a_token() {
    let scene = Scene::new(|key| key.pkcs1.clone());
    let hosted = scene.mirror("app");
    let admin = scene
        .server
        .rest()
        .make_token("apps", &json!({"scope": "admin", "ttl": 600}));
    let admin = scene.server.rest().with_bearer(&admin.plaintext);
    let json_type = [("content-type", "application/json")];
    let put = |body: &Value| {
        let body = body.to_string();
        admin.send(
            ureq::http::Method::PUT,
            &hosted.path("/upstream"),
            &json_type,
            body.as_bytes(),
        )
    };
    let refused = put(&scene.body());
    refused.error_code(403);
    assert_eq!(
        refused.json()["errors"][0]["source"]["pointer"],
        "/credentials"
    );
    // No other host gets a token by looking like GitHub.
    let other = private(&scene.there, "x-access-token:ghs_0");
    let mut body = scene.body();
    body["url"] = json!(other.url("owner/there.git"));
    let refused = set_upstream(&scene.server, &hosted, &body);
    refused.error_code(422);
    assert!(
        refused.text().contains("no repository of the GitHub"),
        "{}",
        refused.text()
    );
    assert_eq!(scene.github.made().len(), 0);
    // An admin of the namespace cannot point the operator's mirror at another repository.
    set_upstream(&scene.server, &hosted, &scene.body()).result(200);
    settled(&scene.server, &hosted);
    let moved = put(&json!({"url": format!("{}/owner/another.git", scene.github.origin())}));
    moved.error_code(422);
    assert_eq!(other.seen().len(), 0);
}
