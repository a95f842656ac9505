//! Repositories get other names, while clients go on with the old ones.

// The lints of wire data: here every surprise is a failed test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(
    clippy::disallowed_methods,
    reason = "a program of the host: it may wait"
)]

use cairn_test_support as support;

mod measured;
mod steps;

use std::time::Duration;

use serde_json::{Value, json};
use support::git::refs_equal;
use support::rest::{Answer, Hosted, Rest};
use support::scratch::Scratch;
use support::server::{Server, server};
use support::wait::until;
use ureq::http::Method;

const MOVED: u64 = 10_202;
const NOT_FOUND: u64 = 10_200;
const ALREADY_EXISTS: u64 = 10_201;
const UNAUTHORIZED: u64 = 10_000;

/// How long the server may take for its work in the background.
const BACKGROUND: Duration = Duration::from_secs(20);

/// Gives a repository another name, and perhaps another namespace.
fn rename(rest: &Rest, hosted: &Hosted, to: &Value) -> Hosted {
    let shown = rest.post(&hosted.path("/rename"), to).result(200);
    let text = |field: &str| shown[field].as_str().unwrap().to_owned();
    let namespace = to["namespace"].as_str().unwrap_or(&hosted.namespace);
    Hosted {
        namespace: namespace.to_owned(),
        name: text("name"),
        remote: text("remote"),
        token: hosted.token.clone(),
    }
}

/// The name that a repository is to get.
fn to(name: &str) -> Value {
    json!({ "name": name })
}

/// The names in a namespace's list.
fn listed(rest: &Rest, namespace: &str) -> Vec<String> {
    rest.repository_names(namespace, "sort=name")
}

/// Git's first request.
fn info_refs(rest: &Rest, hosted: &Hosted) -> Answer {
    let path = hosted.git_path("info/refs?service=git-upload-pack");
    rest.with_bearer(&hosted.token).get(&path)
}

#[test]
fn git_follows_a_renamed_repository_and_so_do_rest_and_tokens() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (old, work) = scratch.pushed(&rest, "rename-git", "Widget");
    let new = rename(&rest, &old, &to("Gadget"));
    assert!(
        new.remote.ends_with("/git/rename-git/Gadget.git"),
        "{}",
        new.remote
    );

    let answer = info_refs(&rest, &old);
    assert_eq!(answer.status, 301, "{}", answer.text());
    let place = format!("{}/info/refs?service=git-upload-pack", new.remote);
    assert_eq!(answer.header("location"), place);
    assert!(
        answer.text().contains("rename-git/Gadget"),
        "{}",
        answer.text()
    );

    // A fetch that began by the old name is told in-band.
    let path = "/git/rename-git/widget.git/git-upload-pack";
    let kind = [("content-type", "application/x-git-upload-pack-request")];
    let holder = rest.with_bearer(&old.token);
    let late = holder.send(Method::POST, path, &kind, b"0014command=ls-refs\n0000");
    let told = "ERR the repository has moved to rename-git/Gadget";
    assert!(
        late.status == 200 && late.text().contains(told),
        "{}",
        late.text()
    );

    // Git follows the first answer and stays there.
    let clone = scratch.clone(&old.url(), "old", &[]);
    clone.write("more", "by the old name\n");
    clone.commit("by the old name");
    clone.run(&["push", "--quiet", "origin", "HEAD:refs/heads/old"]);
    work.run(&["push", "--quiet", &new.url(), "HEAD:refs/heads/new"]);
    let refs = clone.remote_refs(&old.url());
    assert_eq!(refs, clone.remote_refs(&new.url()));
    refs_equal(
        &scratch.clone(&old.url(), "a.git", &["--mirror"]),
        &scratch.clone(&new.url(), "b.git", &["--mirror"]),
    );

    // REST redirects reads and writes.
    let read = rest.get(&old.path("/log?limit=1"));
    assert_eq!((read.status, read.error_code(301)), (301, MOVED));
    assert!(read.header("location").ends_with(&new.path("/log?limit=1")));
    assert_eq!(read.json()["errors"][0]["details"]["name"], "Gadget");
    let written = rest.patch(&old.path(""), &json!({ "description": "x" }));
    assert_eq!(written.status, 308);
    assert!(written.header("location").ends_with(&new.path("")));

    // KV knows this token by the old name.
    holder.get(&new.path("/log")).result(200);
    assert_eq!(listed(&rest, "rename-git"), ["Gadget"]);
    assert_eq!(rest.get(&new.path("")).result(200)["name"], "Gadget");
}

#[test]
fn who_may_not_read_a_repository_does_not_learn_its_new_name() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (old, _) = scratch.pushed(&rest, "rename-secret", "widget");
    let other = rest.create_repository("rename-secret", "other");
    rename(&rest, &old, &to("gadget"));
    let stranger = rest.anonymous().get(&old.path("/log"));
    assert_eq!(stranger.error_code(401), UNAUTHORIZED);
    let stranger = rest.with_bearer(&other.token).get(&old.path("/log"));
    assert_eq!(stranger.error_code(403), UNAUTHORIZED);
    assert!(!stranger.text().contains("gadget"), "{}", stranger.text());
    let never = rest.get("/api/v1/namespaces/rename-secret/repos/never");
    assert_eq!(never.error_code(404), NOT_FOUND);
}

#[test]
fn the_name_that_a_repository_left_can_be_taken_and_both_live_on() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (old, work) = scratch.pushed(&rest, "rename-taken", "widget");
    let moved = rename(&rest, &old, &to("gadget"));
    let second = rest.create_repository("rename-taken", "Widget");
    work.write("second", "another repository\n");
    work.commit("second");
    work.run(&["push", "--quiet", &second.url(), "main"]);
    let tip = work.run(&["rev-parse", "main"]);
    let refs = |hosted: &Hosted| work.remote_refs(&hosted.url());
    assert_ne!(refs(&second), refs(&moved));
    assert!(
        work.run(&["ls-remote", &second.url(), "main"])
            .starts_with(tip.trim())
    );
    assert_eq!(listed(&rest, "rename-taken"), ["gadget", "Widget"]);

    // Neither can have the other's name.
    for (one, name) in [(&moved, "WIDGET"), (&second, "gadget")] {
        let refused = rest.post(&one.path("/rename"), &to(name));
        assert_eq!(refused.error_code(409), ALREADY_EXISTS);
    }
    // The tokens are each repository's own.
    let wrong = Hosted {
        token: old.token.clone(),
        ..second.clone()
    };
    assert_eq!(info_refs(&rest, &wrong).status, 401);

    // The first repository's object belongs to the name that the second one has now. Its data is
    // wiped, and the name still leads to the second one.
    rest.delete(&moved.path("?purge=true")).result(202);
    assert_eq!(rest.get(&moved.path("")).error_code(404), NOT_FOUND);
    until("the first one is gone", BACKGROUND, || {
        let third = rest.post("/api/v1/namespaces/rename-taken/repos", &to("gadget"));
        (third.status == 201).then_some(())
    });
    assert!(
        work.run(&["ls-remote", &second.url(), "main"])
            .starts_with(tip.trim())
    );
    rest.delete(&second.path("")).result(202);
    assert_eq!(rest.get(&second.path("")).error_code(404), NOT_FOUND);
    let third = rest.create_repository("rename-taken", "widget");
    assert_eq!(work.run(&["ls-remote", &third.url()]), "");
}

#[test]
fn a_repository_wanders_and_comes_home() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (first, work) = scratch.pushed(&rest, "rename-home", "one");
    let second = rename(&rest, &first, &to("two"));
    let third = rename(&rest, &second, &to("three"));
    for former in [&first, &second] {
        let answer = info_refs(&rest, former);
        assert!(
            answer.header("location").starts_with(&third.remote),
            "{}",
            answer.text()
        );
    }
    // A name that it only passed through is free.
    let taken = rest.create_repository("rename-home", "two");
    assert_eq!(work.run(&["ls-remote", &taken.url()]), "");
    let home = rename(&rest, &third, &to("ONE"));
    assert_eq!(
        work.remote_refs(&home.url()),
        work.remote_refs(&first.url())
    );
    assert!(
        info_refs(&rest, &third)
            .header("location")
            .starts_with(&home.remote)
    );
    assert_eq!(listed(&rest, "rename-home"), ["ONE", "two"]);
    // A rename may change the case alone, or nothing.
    let home = rename(&rest, &home, &to("One"));
    let again = rename(&rest, &home, &to("One"));
    assert_eq!((home.name.as_str(), &again.remote), ("One", &home.remote));
    assert_eq!(listed(&rest, "rename-home"), ["One", "two"]);

    let events = rest
        .get(&home.path("/events?types=cairn.repo.renamed&after=0"))
        .json();
    let names: Vec<_> = events["result"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| {
            let event = &event["payload"];
            (event["from"]["repoName"].clone(), event["repoName"].clone())
        })
        .collect();
    let told = [
        ("one", "two"),
        ("two", "three"),
        ("three", "ONE"),
        ("ONE", "One"),
    ];
    let told = told.map(|(from, to)| (json!(from), json!(to)));
    assert_eq!(names, told, "{events}");
}

#[test]
fn a_fork_of_a_renamed_repository_and_a_fork_that_is_renamed() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (old, work) = scratch.pushed(&rest, "rename-fork", "source");
    let source = rename(&rest, &old, &to("origin"));
    let fork = |source: &Hosted, name: &str| {
        let made = rest.post(&source.path("/fork"), &to(name));
        Hosted::made("rename-fork", &made)
    };
    let renamed = rename(&rest, &fork(&source, "copy"), &to("duplicate"));
    // Two more forks take the names that the fork and its source had before.
    let (again, at_source) = (fork(&source, "copy"), fork(&renamed, "source"));
    let refs = work.remote_refs(&source.url());
    for fork in [&renamed, &again, &at_source] {
        assert_eq!(work.remote_refs(&fork.url()), refs);
        scratch
            .clone(&fork.url(), &fork.token, &["--mirror"])
            .fsck_strict();
    }
    for one in [&source, &renamed, &again, &at_source] {
        rest.delete(&one.path("")).result(202);
        assert_eq!(rest.get(&one.path("")).error_code(404), NOT_FOUND);
    }
    assert_eq!(listed(&rest, "rename-fork").len(), 0);
}

#[test]
fn the_operator_transfers_a_repository() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (old, work) = scratch.pushed(&rest, "rename-from", "widget");
    let admin = |namespace: &str| {
        let made = rest.make_token(namespace, &json!({ "scope": "admin" }));
        rest.with_bearer(&made.plaintext)
    };
    rest.create_repository("rename-to", "widget");
    let (here, there) = (admin("rename-from"), admin("rename-to"));
    let whereto = json!({ "name": "gadget", "namespace": "Rename-To" });
    let refused = here.post(&old.path("/rename"), &whereto);
    assert_eq!(refused.error_code(403), UNAUTHORIZED);
    let taken = json!({ "name": "widget", "namespace": "rename-to" });
    let refused = rest.post(&old.path("/rename"), &taken);
    assert_eq!(refused.error_code(409), ALREADY_EXISTS);

    let new = rename(&rest, &old, &whereto);
    assert_eq!(work.remote_refs(&new.url()), work.remote_refs(&old.url()));
    there.get(&new.path("")).result(200);
    assert_eq!(here.get(&new.path("")).error_code(403), UNAUTHORIZED);
    // The former namespace's tokens do not learn where it went.
    let former = here.get(&old.path(""));
    assert_eq!(former.status, 401, "{}", former.text());
    assert!(listed(&rest, "rename-from").is_empty());
    assert_eq!(listed(&rest, "rename-to"), ["gadget", "widget"]);
    let log = rest.with_bearer(&old.token).get(&new.path("/log"));
    log.result(200);
    let successor = here.post("/api/v1/namespaces/rename-from/repos", &to("widget"));
    successor.result(201);
    assert_eq!(listed(&rest, "rename-from"), ["widget"]);
    work.run(&["push", "--quiet", &new.url(), "HEAD:refs/heads/there"]);
}

#[test]
fn a_transferred_repository_stands_as_its_new_namespace_does_and_stays_revoked() {
    let (rest, scratch) = (server().rest(), Scratch::new());
    let (old, work) = scratch.pushed(&rest, "rename-leaked", "widget");
    let namespace = "/api/v1/namespaces/rename-leaked";
    rest.post(&format!("{namespace}/tokens/revoke-all"), &json!({}))
        .result(200);
    rest.create_repository("rename-calm", "other");
    let calm = "/api/v1/namespaces/rename-calm";
    rest.patch(calm, &json!({ "read_only": true })).result(200);
    let whereto = json!({ "name": "widget", "namespace": "rename-calm" });
    let new = rename(&rest, &old, &whereto);
    // KV may still have the token, under the old name.
    assert_eq!(info_refs(&rest, &new).status, 401, "its token leaked");
    let leaked = rest.with_bearer(&old.token).get(&new.path("/log"));
    assert_eq!(leaked.error_code(401), UNAUTHORIZED);
    let asked = json!({ "repo": "widget", "scope": "write" });
    let token = rest.make_token("rename-calm", &asked).plaintext;
    let new = Hosted { token, ..new };
    assert_eq!(info_refs(&rest, &new).status, 200);
    work.write("more", "and more\n");
    work.commit("more");
    let refused = work.fails(&["push", &new.url(), "main"]);
    assert!(refused.contains("read-only"), "{refused}");
    rest.patch(calm, &json!({ "read_only": false })).result(200);
    until("the repository has heard of it", BACKGROUND, || {
        let pushed = work.try_run(&["push", "--quiet", &new.url(), "main"], b"");
        pushed.ok.then_some(())
    });
}

#[test]
fn a_rename_that_is_killed_at_any_moment_happens_or_does_not() {
    let mut server = Server::start();
    let (rest, scratch) = (server.rest(), Scratch::new());
    let (first, work) = scratch.pushed(&rest, "rename-killed", "name0");
    let refs = work.remote_refs(&first.url());
    let mut now = first;
    for round in 1..=4_u64 {
        let wanted = Hosted {
            name: format!("name{round}"),
            ..now.clone()
        };
        let remote = now.remote.replace(&now.name, &wanted.name);
        let wanted = Hosted { remote, ..wanted };
        let (began, ended) = std::sync::mpsc::channel();
        let asking = {
            let (rest, path, body) = (rest.clone(), now.path("/rename"), to(&wanted.name));
            std::thread::spawn(move || {
                began.send(()).unwrap();
                let body = body.to_string();
                let _ = rest.try_send(Method::POST, &path, &[], body.as_bytes());
            })
        };
        ended.recv().unwrap();
        // A rename takes some 10 ms; each round kills it a little later.
        for _ in 0..round.saturating_mul(2) {
            assert_eq!(rest.get("/healthz").status, 200);
        }
        server.crash();
        asking.join().unwrap();
        // One of the two names has the repository, and the other leads there or to nothing.
        let shown = rest.get(&wanted.path(""));
        let has_moved = shown.status == 200;
        assert!(
            has_moved || rest.get(&now.path("")).status == 200,
            "{}",
            shown.text()
        );
        // The client asks again, by the name that it knows.
        let again = rest.post(&now.path("/rename"), &to(&wanted.name));
        match again.status {
            200 => assert!(!has_moved),
            308 => assert!(again.header("location").ends_with(&wanted.path("/rename"))),
            _ => panic!("{}", again.text()),
        }
        rest.post(&wanted.path("/rename"), &to(&wanted.name))
            .result(200);
        assert_eq!(work.remote_refs(&wanted.url()), refs);
        assert_eq!(info_refs(&rest, &now).status, 301);
        until("the list is right", BACKGROUND, || {
            (listed(&rest, "rename-killed") == [wanted.name.clone()]).then_some(())
        });
        now = wanted;
    }
}
