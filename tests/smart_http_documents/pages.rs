//! The commands of all other pages: the test pastes each, or lists it with the reason why it cannot.

use std::collections::BTreeMap;

use serde_json::json;
use ureq::http::Method;

use super::pasted::{Shell, blocks};
use super::support::git::Git;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::{ADMIN_KEY, Server};
use super::support::source::files;

/// Pages whose commands need something that a test lacks, or that have tests of their own.
const ELSEWHERE: [(&str, &str); 8] = [
    (
        "artifacts",
        "tests/smart_http_artifacts does every command of wrangler",
    ),
    (
        "clients",
        "tests/smart_http_generators runs the generators, tests/smart_http_dist packs the clients",
    ),
    ("first-platform", "a story of its own"),
    (
        "lfs",
        "tests/smart_http_git_lfs: git-lfs is not on every machine",
    ),
    ("metrics", "it makes a secret at Cloudflare"),
    ("mirror-credentials", "it makes secrets at Cloudflare"),
    (
        "releases",
        "tests/smart_http_dist serves and deploys a release",
    ),
    ("writing", "a story of its own"),
];

/// Commands that the test does not paste, by a part of their block.
const LEFT_OUT: [(&str, &str); 12] = [
    ("/recover", "tests/smart_http_recover: nothing is lost here"),
    ("/relist", "tests/smart_http_recover: nothing is lost here"),
    ("tokens/0123456789abcdef", "there is no such token"),
    ("scripts/wrangler", "it changes a Cloudflare account"),
    ("wrangler r2 bucket", "it changes a Cloudflare account"),
    (
        "make ",
        "tests/smart_http_serve and tests/smart_http_state run the commands of make",
    ),
    ("github.com/tokio-rs", "it imports from the internet"),
    (
        "github.com/acme",
        "tests/smart_http_mirrors and tests/smart_http_mirrors_out: it needs another host",
    ),
    ("git lfs fetch", "git-lfs is not on every machine"),
    ("wait=30", "it waits for what does not happen"),
    (
        "\"jurisdiction\": \"eu\"",
        "the server here has no bucket of a jurisdiction",
    ),
    (
        "transfer.bundleURI",
        "tests/smart_http_bundle_uri: there is a bundle only once the repository has settled",
    ),
];

/// Repositories that pages name, beside `demo/hello`.
const REPOSITORIES: [(&str, &str); 4] = [
    ("demo", "app"),
    ("acme", "widget"),
    ("acme", "site"),
    ("acme", "app"),
];

/// Pages whose variable `TOKEN` is the operator's key; on all others it is a repository's token.
const OPERATORS: [&str; 2] = ["admission-hook", "tokens"];

#[test]
fn the_commands_of_every_page_are_pasted_or_known() {
    let pages: BTreeMap<String, Vec<String>> = files("docs", "md")
        .into_iter()
        .filter(|file| !file.starts_with("docs/adr/"))
        .map(|file| {
            let commands = blocks(&file)
                .into_iter()
                .filter(|block| block.language == "sh");
            let page = file
                .trim_start_matches("docs/")
                .trim_end_matches(".md")
                .to_owned();
            (page, commands.map(|block| block.text).collect())
        })
        .collect();
    for (page, why) in ELSEWHERE {
        assert!(!pages[page].is_empty(), "{page} has no commands: {why}");
    }
    let all: Vec<&String> = pages.values().flatten().collect();
    for (part, why) in LEFT_OUT {
        assert!(all.iter().any(|text| text.contains(part)), "{part}: {why}");
    }
    assert!(all.len() > 40, "the pages are not read: {}", all.len());
}

/// Each page meets repositories of its own names, unchanged.
#[test]
fn the_commands_of_the_other_pages_work() {
    let (server, scratch) = (Server::start(), Scratch::new());
    let rest = server.rest();
    let source = scratch.repository("source");
    source.write("README.md", "# Hello\n");
    source.commit("Begin");
    fresh(&rest, &source, "acme", "app");
    let mut pasted = 0;
    for file in files("docs", "md") {
        let page = file
            .trim_start_matches("docs/")
            .trim_end_matches(".md")
            .to_owned();
        if page.starts_with("adr/") || ELSEWHERE.iter().any(|(known, _)| *known == page) {
            continue;
        }
        let mut commands = blocks(&file);
        commands.retain(|block| {
            let is_left_out = LEFT_OUT.iter().any(|(part, _)| block.text.contains(part));
            block.language == "sh" && !is_left_out
        });
        if commands.is_empty() {
            continue;
        }
        let text: String = commands.iter().map(|block| block.text.as_str()).collect();
        for (namespace, name) in REPOSITORIES {
            let named = [
                format!("{namespace}/repos/{name}"),
                format!("{namespace}/{name}.git"),
            ];
            if named.iter().any(|named| text.contains(named)) {
                fresh(&rest, &source, namespace, name);
            }
        }
        let hello = fresh(&rest, &source, "demo", "hello");
        let clone = scratch.clone(&hello.url(), &format!("{page}-clone"), &["--quiet"]);
        let token = if OPERATORS.contains(&page.as_str()) {
            ADMIN_KEY
        } else {
            &hello.token
        };
        let shell = Shell::new(&server, &scratch, clone.folder())
            .ending_at_refusals()
            .with("TOKEN", token)
            .with("API", &format!("{}/api/v1", server.url()))
            .with("H", &format!("Authorization: Bearer {ADMIN_KEY}"));
        shell.paste(&commands);
        pasted += commands.len();
        // Undoes a page's settings of the whole namespace, for the next page.
        let open = json!({ "bytes_max": null, "repos_max": null, "issuers": [] });
        rest.patch("/api/v1/namespaces/demo", &open).result(200);
    }
    assert!(pasted >= 15, "{pasted}");
}

/// A repository of this name with one commit, although an earlier page may have changed it.
fn fresh(rest: &Rest, source: &Git, namespace: &str, name: &str) -> Hosted {
    let path = format!("/api/v1/namespaces/{namespace}/repos/{name}?purge=true");
    rest.send(Method::DELETE, &path, &[], b"");
    let made = rest.create_repository(namespace, name);
    source.run(&["push", "--quiet", &made.url(), "main"]);
    made
}
