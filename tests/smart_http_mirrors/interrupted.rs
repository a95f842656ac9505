//! Syncs that are killed, and repositories that are deleted in the middle of a sync.

use serde_json::json;

use super::story::{PATIENCE, Upstream, VARIABLES, ask, follow, over, put, server, show, sync};
use super::support::git::{Git, refs_equal};
use super::support::history::noise;
use super::support::remote::Rules;
use super::support::rest::{Hosted, Rest};
use super::support::server::Server;
use super::support::wait::{until, until_true};

/// A commit whose pack takes a while at the rate of [`slow`].
fn large(source: &Upstream, seed: u64) -> String {
    source.work.write("large", noise(seed, 400_000));
    source.work.commit("large");
    source.work.run(&["push", "--quiet", "origin", "HEAD:main"]);
    source.work.run(&["rev-parse", "HEAD"])
}

fn slow() -> Rules {
    Rules {
        bytes_per_second: Some(150_000),
        ..Rules::default()
    }
}

/// Waits until the sync has received bytes of a pack.
fn await_bytes(rest: &Rest, hosted: &Hosted) {
    until("bytes of a pack", PATIENCE, || {
        let sync = show(rest, hosted)["sync"].clone();
        (sync["progress"]["received_bytes"].as_u64() > Some(50_000)).then_some(())
    });
}

#[test]
fn a_sync_goes_on_after_the_server_was_killed() {
    let mut server = Server::start_with(&VARIABLES);
    let source = Upstream::small();
    let rest = server.rest();
    let hosted = rest.create_repository("killed", "mirror");
    follow(&rest, &hosted, &source.url(), &json!({}));
    let tip = large(&source, 1);
    source.remote.set(slow());
    let id = ask(&rest, &hosted);
    await_bytes(&rest, &hosted);
    server.crash();
    source.remote.set(Rules::default());
    let rest = server.rest();
    let done = over(&rest, &hosted, id);
    assert_eq!(done["state"], "updated", "{done}");
    assert!(done["attempts"].as_u64() > Some(1), "{done}");
    let clone = source.scratch.clone(&hosted.url(), "clone", &["--mirror"]);
    clone.fsck_strict();
    refs_equal(&source.git, &clone);
    assert_eq!(clone.run(&["rev-parse", "main"]), tip);
    let stats = rest.get(&hosted.path("/stats")).result(200);
    assert!(stats["packs"]["quarantined"].as_u64() <= Some(1), "{stats}");
}

#[test]
fn a_repository_that_was_deleted_gets_nothing_more() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("killed", "deleted");
    follow(&rest, &hosted, &source.url(), &json!({}));
    large(&source, 2);
    source.remote.set(slow());
    ask(&rest, &hosted);
    await_bytes(&rest, &hosted);
    assert_eq!(rest.delete(&hosted.path("")).status, 202);
    let empty = rest.create_repository("killed", "deleted");
    until_true("the upstream has ended its answer", PATIENCE, || {
        source.remote.is_idle()
    });
    let stats = rest.get(&empty.path("/stats")).result(200);
    assert_eq!(
        (&stats["packs"]["quarantined"], &stats["refs"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(rest.get(&empty.path("/upstream")).status, 404);
}

#[test]
fn other_settings_end_what_was_under_way() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("killed", "set-again");
    follow(&rest, &hosted, &source.url(), &json!({}));
    large(&source, 3);
    source.remote.set(slow());
    let id = ask(&rest, &hosted);
    await_bytes(&rest, &hosted);
    source.remote.set(Rules::default());
    let refs = ["refs/heads/main:refs/heads/theirs"];
    let body = json!({"url": source.url(), "refs": refs});
    let set = put(&rest, &hosted, &body).result(200);
    let ended = over(&rest, &hosted, id);
    assert_eq!(ended["error"], "the upstream was set again");
    let next = over(&rest, &hosted, set["sync"]["id"].as_i64().unwrap());
    assert_eq!(next["created"], 1, "{next}");
    let theirs = source.git.remote_refs(&hosted.url());
    assert!(theirs.contains_key("refs/heads/theirs"));
}

#[test]
fn who_asks_while_one_runs_gets_another() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("killed", "again");
    follow(&rest, &hosted, &source.url(), &json!({}));
    large(&source, 4);
    source.remote.set(slow());
    let first = ask(&rest, &hosted);
    await_bytes(&rest, &hosted);
    // The running sync may have missed this push.
    let tip = source.commit("meanwhile");
    let (second, third) = (ask(&rest, &hosted), ask(&rest, &hosted));
    assert!(
        second > first && second == third,
        "{first} {second} {third}"
    );
    source.remote.set(Rules::default());
    over(&rest, &hosted, second);
    assert_eq!(
        source.git.remote_refs(&hosted.url())["refs/heads/main"],
        tip
    );
    assert_eq!(sync(&rest, &hosted)["state"], "unchanged");
}

/// Both sides move, and the server is killed again and again: no commit is lost, and each diverged branch
/// is reported.
fn rounds(count: u32) {
    let mut server = Server::start_with(&VARIABLES);
    let source = Upstream::small();
    let rest = server.rest();
    let hosted = rest.create_repository("killed", "rounds");
    let settings = json!({ "policy": "fast_forward" });
    follow(&rest, &hosted, &source.url(), &settings);
    let work = source
        .scratch
        .clone(&hosted.url(), "local", &["--branch", "main"]);
    let mut pushed = Vec::new();
    for round in 0..count {
        // The newest branch sorts first among those that the answer shows.
        let branch = format!("b{:03}", 999 - round);
        let is_apart = round % 2 == 1;
        let there = commit(&source.work, &branch, "main", &format!("there {round}"));
        if !is_apart {
            let id = ask(&server.rest(), &hosted);
            if round % 4 == 0 {
                server.crash();
            }
            over(&server.rest(), &hosted, id);
        }
        // The same branch here, either without upstream's commit or on top of it.
        work.run(&["fetch", "--quiet", "origin"]);
        let ground = if is_apart {
            "main".to_owned()
        } else {
            format!("origin/{branch}")
        };
        let here = commit(&work, &branch, &ground, &format!("here {round}"));
        let id = ask(&server.rest(), &hosted);
        server.crash();
        let rest = server.rest();
        over(&rest, &hosted, id);
        let shown = show(&rest, &hosted)["diverged"].clone();
        let told = json!({"ref": format!("refs/heads/{branch}"), "here": here, "there": there});
        let is_told = shown.as_array().unwrap().iter().any(|shown| {
            let of = |name: &str| shown[name] == told[name];
            of("ref") && of("here") && of("there")
        });
        assert_eq!(is_told, is_apart, "{branch}: {shown}");
        pushed.push((branch, here));
    }
    sync(&server.rest(), &hosted);
    let refs = source.git.remote_refs(&hosted.url());
    for (branch, here) in &pushed {
        let name = format!("refs/heads/{branch}");
        assert_eq!(refs.get(&name), Some(here), "{branch}");
    }
    let clone = source.scratch.clone(&hosted.url(), "whole", &["--mirror"]);
    clone.fsck_strict();
}

/// Commits to a branch that begins at `ground`, and pushes it. Returns the commit.
fn commit(work: &Git, branch: &str, ground: &str, text: &str) -> String {
    work.run(&["checkout", "--quiet", "-B", branch, ground]);
    work.write("file", text);
    work.commit(text);
    work.run(&["push", "--quiet", "origin", branch]);
    work.run(&["rev-parse", "HEAD"])
}

#[test]
fn no_commit_is_lost_however_often_the_server_is_killed() {
    rounds(6);
}

/// By hand: `cargo test --test smart_http_mirrors -- --ignored five_hundred`
#[test]
#[ignore = "takes an hour"]
fn five_hundred_rounds_lose_no_commit() {
    rounds(500);
}
