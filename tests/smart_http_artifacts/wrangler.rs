//! Each command of `wrangler artifacts`, by the wrangler that the project is built with.

use std::process::Command;

use serde_json::{Value, json};
use support::package_root;
use support::scratch::Scratch;
use support::server::{ADMIN_KEY, server};

use crate::support;

/// The output of a command, if it succeeds.
fn printed(scratch: &Scratch, arguments: &[&str]) -> Result<String, String> {
    let root = package_root();
    let mut command = Command::new(root.join("scripts/node"));
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"] {
        command.env_remove(proxy);
    }
    let output = command
        .arg(root.join("node_modules/wrangler/bin/wrangler.js"))
        .arg("artifacts")
        .args(arguments)
        .current_dir(scratch.path())
        .env("XDG_CONFIG_HOME", scratch.path())
        .env(
            "CLOUDFLARE_API_BASE_URL",
            format!("{}/client/v4", server().url()),
        )
        .env("CLOUDFLARE_API_TOKEN", ADMIN_KEY)
        .env("CLOUDFLARE_ACCOUNT_ID", "x")
        .env("WRANGLER_SEND_METRICS", "false")
        .env("WRANGLER_HIDE_BANNER", "true")
        .env("CI", "true")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(said);
    }
    Err(format!("{said}{}", String::from_utf8_lossy(&output.stderr)))
}

/// The JSON that a command prints.
fn told(scratch: &Scratch, arguments: &[&str]) -> Value {
    let said = printed(scratch, &[arguments, &["--json"]].concat()).unwrap();
    serde_json::from_str(&said).unwrap()
}

#[test]
fn wrangler_makes_shows_lists_and_deletes_repositories_and_its_token_pushes() {
    let scratch = Scratch::new();
    let of = ["--namespace", "wrangler"];
    let run = |arguments: &[&str]| printed(&scratch, &[arguments, &of].concat()).unwrap();
    let told_of = |arguments: &[&str]| told(&scratch, &[arguments, &of].concat());

    let options = ["--description", "words", "--default-branch", "trunk"];
    let made = told_of(&[&["repos", "create", "one"][..], &options].concat());
    assert_eq!(made["name"], "one");
    assert!(made["token"].is_string() && made["remote"].is_string());
    let said = run(&["repos", "create", "two", "--read-only"]);
    assert!(said.contains("Created Artifacts repo \"two\""), "{said}");

    let shown = told_of(&["repos", "get", "one"]);
    assert_eq!(shown["description"], "words");
    assert_eq!(shown["default_branch"], "trunk");
    assert_eq!(shown["status"], "ready");
    assert!(run(&["repos", "get", "two"]).contains("read_only"));

    let token = told_of(&[
        "repos",
        "issue-token",
        "one",
        "--scope",
        "write",
        "--ttl",
        "600",
    ]);
    assert_eq!(token["scope"], "write");
    let work = scratch.repository("work");
    work.commit("first");
    let remote = made["remote"].as_str().unwrap();
    // As Artifacts hands them out, and as its documentation makes a URL of one.
    let plaintext = token["plaintext"].as_str().unwrap();
    let (secret, _) = plaintext.split_once("?expires=").unwrap();
    let url = remote.replacen("://", &format!("://x:{secret}@"), 1);
    work.run(&["push", &url, "HEAD:refs/heads/trunk"]);

    let said = run(&["repos", "list"]);
    for shown in ["one", "trunk", "ready"] {
        assert!(said.contains(shown), "no {shown} in {said}");
    }
    let said = run(&["repos", "delete", "two", "--force"]);
    assert!(said.contains("Deleted Artifacts repo \"two\""), "{said}");
    let gone = told_of(&["repos", "delete", "one", "--force"]);
    assert_eq!(
        gone,
        json!({"deleted": true, "name": "one", "namespace": "wrangler"})
    );
    assert_eq!(told_of(&["repos", "list"]), json!([]));
    let refused = printed(&scratch, &[&["repos", "get", "one"][..], &of].concat());
    assert!(refused.unwrap_err().contains("10200"));
}

#[test]
fn wrangler_lists_all_pages_of_repositories_and_shows_namespaces() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    for number in 0..51 {
        rest.create_repository("wrangler-pages", &format!("r{number}"));
    }
    let list = told(
        &scratch,
        &["repos", "list", "--namespace", "wrangler-pages"],
    );
    assert_eq!(list.as_array().unwrap().len(), 51);

    let namespaces = told(&scratch, &["namespaces", "list"]);
    let is_ours = |shown: &Value| shown["namespace"] == "wrangler-pages";
    assert!(namespaces.as_array().unwrap().iter().any(is_ours));
    let said = printed(&scratch, &["namespaces", "list"]).unwrap();
    assert!(said.contains("wrangler-pages"), "{said}");
    let shown = told(&scratch, &["namespaces", "get", "wrangler-pages"]);
    assert_eq!(shown["repo_count"], 51);
    let said = printed(&scratch, &["namespaces", "get", "wrangler-pages"]).unwrap();
    assert!(said.contains("51") && said.contains("updated_at"), "{said}");
}
