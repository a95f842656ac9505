//! The policies for refs that change on both sides.

use serde_json::{Value, json};

use super::story::{Upstream, follow, server, show, sync, told};
use super::support::git::Git;
use super::support::rest::Hosted;

/// Commits on a clone of the repository here. Returns the clone.
fn local(source: &Upstream, hosted: &Hosted, name: &str, text: &str) -> Git {
    let work = source
        .scratch
        .clone(&hosted.url(), name, &["--branch", "main"]);
    work.write("local", format!("{text}\n"));
    work.commit(text);
    work
}

#[test]
fn a_read_only_mirror_refuses_pushes_to_what_is_mirrored() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("policies", "read-only");
    follow(&rest, &hosted, &source.url(), &json!({}));
    let work = local(&source, &hosted, "local", "here");
    let refused = work.fails(&["push", "origin", "main"]);
    assert!(
        refused.contains("mirrored from the repository's upstream"),
        "{refused}"
    );
    for name in ["refs/heads/new", "refs/tags/v1"] {
        let refused = work.fails(&["push", "origin", &format!("HEAD:{name}")]);
        assert!(refused.contains("read-only"), "{refused}");
    }
    // Refs outside upstream's refspecs stay free.
    work.run(&["push", "--quiet", "origin", "HEAD:refs/notes/own"]);
    let commit =
        json!({"branch": "main", "message": "m", "files": [{"path": "f", "content": "c"}]});
    let refused = rest.post(&hosted.path("/commits"), &commit);
    assert_eq!(refused.error_code(403), 10_320);
    assert_eq!(refused.json()["errors"][0]["details"]["rule"], "mirrored");
    let asked = json!({"ref": "refs/heads/main", "op": "update"});
    let judged = rest.post(&hosted.path("/rules/test"), &asked).result(200);
    assert_eq!(
        (&judged["allowed"], &judged["rule"]),
        (&json!(false), &json!("mirrored"))
    );
    let tip = source.commit("there");
    assert_eq!(sync(&rest, &hosted)["updated"], 1);
    assert_eq!(
        source.git.remote_refs(&hosted.url())["refs/heads/main"],
        tip
    );
}

#[test]
fn a_branch_that_went_different_ways_is_reported_and_left() {
    let source = Upstream::small();
    source.git.run(&["branch", "other", "main"]);
    let rest = server().rest();
    let hosted = rest.create_repository("policies", "diverged");
    follow(
        &rest,
        &hosted,
        &source.url(),
        &json!({ "policy": "fast_forward" }),
    );
    let work = local(&source, &hosted, "local", "here");
    work.run(&["push", "--quiet", "origin", "main"]);
    let here = work.run(&["rev-parse", "main"]);

    // A commit that exists only here is no divergence, and the sync fetches nothing for it.
    let fetches = source.fetches();
    let ahead = sync(&rest, &hosted);
    assert_eq!(
        (&ahead["state"], &ahead["diverged"]),
        (&json!("unchanged"), &json!(0))
    );
    assert_eq!(source.fetches(), fetches);

    let there = source.commit("there");
    source
        .work
        .run(&["push", "--quiet", "origin", "HEAD:other"]);
    let apart = sync(&rest, &hosted);
    assert_eq!(
        (&apart["updated"], &apart["diverged"]),
        (&json!(1), &json!(1)),
        "{apart}"
    );
    let refs = source.git.remote_refs(&hosted.url());
    assert_eq!(
        (&refs["refs/heads/main"], &refs["refs/heads/other"]),
        (&here, &there)
    );
    let expect = |shown: &Value| {
        let shown = shown["diverged"].as_array().unwrap();
        assert_eq!(shown.len(), 1, "{shown:?}");
        assert_eq!(shown[0]["ref"], "refs/heads/main");
        assert_eq!(
            (&shown[0]["here"], &shown[0]["there"]),
            (&json!(here), &json!(there))
        );
    };
    expect(&show(&rest, &hosted));
    let events = told(&rest, &hosted, "cairn.repo.upstream.diverged");
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0]["refs"],
        json!([{"ref": "refs/heads/main", "here": here, "there": there}])
    );

    // While neither side moves, no event repeats the divergence and no sync fetches it again.
    let fetches = source.fetches();
    assert_eq!(sync(&rest, &hosted)["diverged"], 1);
    assert_eq!(source.fetches(), fetches);
    expect(&show(&rest, &hosted));
    assert_eq!(
        told(&rest, &hosted, "cairn.repo.upstream.diverged").len(),
        1
    );

    // A user merges both, and pushes the merge to the upstream.
    let folder = source.git.folder().display().to_string();
    work.run(&["fetch", "--quiet", &folder, "main"]);
    work.run(&["merge", "--quiet", "-m", "both", "FETCH_HEAD"]);
    work.run(&["push", "--quiet", "origin", "main"]);
    work.run(&["push", "--quiet", &folder, "main"]);
    assert_eq!(sync(&rest, &hosted)["diverged"], 0);
    assert_eq!(show(&rest, &hosted)["diverged"], json!([]));
}

#[test]
fn where_upstream_wins_what_was_here_is_told_and_can_be_had_back() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("policies", "force");
    let settings = json!({ "policy": "force", "prune": true });
    follow(&rest, &hosted, &source.url(), &settings);
    let work = local(&source, &hosted, "local", "here");
    work.run(&["push", "--quiet", "origin", "main", "HEAD:own"]);
    let here = work.run(&["rev-parse", "main"]);
    let there = source.commit("there");
    let forced = sync(&rest, &hosted);
    assert_eq!(
        (&forced["forced"], &forced["deleted"]),
        (&json!(1), &json!(1)),
        "{forced}"
    );
    assert_eq!(forced["refs"][0]["old"], json!(here));
    let refs = source.git.remote_refs(&hosted.url());
    assert_eq!(refs.get("refs/heads/main"), Some(&there));
    assert_eq!(refs.get("refs/heads/own"), None);
    let back = json!({"updates": [{"name": "refs/saved/own", "new": here, "old": null}]});
    let saved = rest.post(&hosted.path("/refs"), &back);
    assert_eq!(saved.status, 200, "{}", saved.text());
}

#[test]
fn the_repositorys_own_rules_hold_for_its_upstream_too() {
    let source = Upstream::small();
    source.git.run(&["branch", "kept", "main"]);
    let rest = server().rest();
    let hosted = rest.create_repository("policies", "rules");
    follow(&rest, &hosted, &source.url(), &json!({ "prune": true }));
    let rules = json!({"ref_rules": [["refs/heads/kept", ["no-delete"]]]});
    rest.patch(&hosted.path(""), &rules).result(200);
    source.git.run(&["branch", "-D", "kept"]);
    let tip = source.commit("more");
    let judged = sync(&rest, &hosted);
    assert_eq!(
        (&judged["updated"], &judged["rejected"]),
        (&json!(1), &json!(1)),
        "{judged}"
    );
    let rejected = judged["refs"].as_array().unwrap();
    let rejected = rejected
        .iter()
        .find(|told| told["result"] == "rejected")
        .unwrap();
    assert!(
        rejected["reason"].as_str().unwrap().contains("no-delete"),
        "{rejected}"
    );
    let refs = source.git.remote_refs(&hosted.url());
    assert_eq!(refs["refs/heads/main"], tip);
    assert!(refs.contains_key("refs/heads/kept"));

    rest.patch(&hosted.path(""), &json!({"read_only": true}))
        .result(200);
    source.commit("unseen");
    let refused = sync(&rest, &hosted);
    assert_eq!(refused["state"], "failed");
    assert!(
        refused["error"].as_str().unwrap().contains("read-only"),
        "{refused}"
    );
}

#[test]
fn an_upstream_that_lists_nothing_empties_no_mirror() {
    let source = Upstream::small();
    let rest = server().rest();
    let hosted = rest.create_repository("policies", "emptied");
    follow(&rest, &hosted, &source.url(), &json!({ "prune": true }));
    source.git.run(&["update-ref", "-d", "refs/heads/main"]);
    assert_eq!(sync(&rest, &hosted)["state"], "unchanged");
    let refs = source.git.remote_refs(&hosted.url());
    assert!(refs.contains_key("refs/heads/main"));
}
