//! A few bytes that unfold to many.

use super::support::git::Git;
use super::support::rest::{Hosted, Rest};
use super::support::scratch::Scratch;
use super::support::server::server;

/// Ten names of a tree, ten times over: ten thousand million files in some kilobytes.
fn bomb(source: &Git, name_bytes: usize) -> String {
    let blob = source.run_with(&["hash-object", "-w", "--stdin"], b"boom");
    let mut id = blob.trim().to_owned();
    for level in 0..10 {
        let (mode, kind) = if level == 0 {
            ("100644", "blob")
        } else {
            ("040000", "tree")
        };
        let entry = |name: u8| {
            let name = format!("{name}{}", "n".repeat(name_bytes));
            format!("{mode} {kind} {id}\t{name}\n")
        };
        let entries: String = (0..10).map(entry).collect();
        let tree = source.run_with(&["mktree"], entries.as_bytes());
        tree.trim().clone_into(&mut id);
    }
    id
}

fn hosted_bomb(name: &str, name_bytes: usize) -> (Rest, Hosted, Scratch, String) {
    let rest = server().rest();
    let hosted = rest.create_repository("bombs", name);
    let scratch = Scratch::new();
    let source = scratch.repository("source");
    let tree = bomb(&source, name_bytes);
    let commit = source.run(&["commit-tree", "-m", "bomb", &tree]);
    source.run(&[
        "push",
        &hosted.url(),
        &format!("{}:refs/heads/main", commit.trim()),
    ]);
    rest.patch(&hosted.path(""), &serde_json::json!({ "public": true }))
        .result(200);
    (rest.anonymous(), hosted, scratch, tree)
}

#[test]
fn a_tree_bomb_is_listed_a_page_at_a_time() {
    let (anybody, hosted, _scratch, tree) = hosted_bomb("listed", 100);
    let path = hosted.path(&format!("/tree/{tree}?recursive"));
    let first = anybody.get(&path);
    assert!(first.body.len() < 40 << 20, "{} bytes", first.body.len());
    let info = first.json()["result_info"].clone();
    assert_eq!(info["truncated"], true);
    let cursor = info["cursor"].as_str().unwrap();
    let entries = first.json()["result"].as_array().unwrap().clone();
    let last = entries.last().unwrap()["name"].as_str().unwrap().to_owned();
    let second = anybody.get(&format!("{path}&cursor={cursor}")).json();
    assert_eq!(second["result_info"]["truncated"], true);
    let next = second["result"][0]["name"].as_str().unwrap();
    assert!(next > last.as_str(), "{next} follows {last}");
    let wrong = anybody.get(&format!("{path}&cursor=bm93aGVyZQ"));
    assert_eq!(wrong.error_code(400), 10_100);
}

#[test]
fn a_filter_over_a_tree_bomb_is_told_to_ask_for_less() {
    let (anybody, hosted, scratch, _) = hosted_bomb("filtered", 1);
    let source = scratch.git_in("source");
    let patterns = source.run_with(&["hash-object", "-w", "--stdin"], b"*/*/*/*/*/*/*/*/*/1n\n");
    let patterns = patterns.trim();
    source.run(&[
        "push",
        &hosted.url(),
        &format!("{patterns}:refs/tags/patterns"),
    ]);
    let filter = format!("--filter=sparse:oid={patterns}");
    let said = scratch
        .git()
        .fails(&["clone", "--bare", &filter, &hosted.url(), "bomb"]);
    assert!(said.contains("to look at; ask for less at once"), "{said}");
    assert_eq!(anybody.get(&hosted.path("/refs")).status, 200);
}
