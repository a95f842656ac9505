//! Pushes to a repository reach its downstreams.

use serde_json::{Value, json};

use super::story::{Downstream, PATIENCE, There, fate, server, to};
use super::support::git::refs_equal;
use super::support::history::{History, noise};
use super::support::wait::until_true;

fn kinds(rest: &super::support::rest::Rest, hosted: &super::support::rest::Hosted) -> Vec<Value> {
    let events = rest.get(&hosted.path("/events?limit=100")).json();
    let events = events["result"].as_array().unwrap().clone();
    let is_ours = |event: &Value| {
        let kind = event["type"].as_str().unwrap_or_default();
        kind.starts_with("cairn.repo.downstream.")
    };
    events.into_iter().filter(is_ours).collect()
}

#[test]
fn a_whole_history_and_then_each_push_gets_there() {
    let (there, rest) = (There::new(), server().rest());
    let hosted = rest.create_repository("out", "story");
    let work = there.scratch.repository("work");
    History::small(701).make(&work);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let downstream = Downstream::add(&rest, &hosted, &to(&there.url()));
    let first = downstream.idle();
    assert_eq!(first["outcome"], "pushed", "{first}");
    refs_equal(&work, &there.git);
    there.git.fsck_strict();

    // A commit by Git.
    work.write("new.txt", "one line\n");
    let commit = work.commit("one more");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    there.until("refs/heads/main", &commit);
    // A commit by REST, and a branch that is created and deleted.
    let body = json!({"branch": "main", "message": "by REST",
        "files": [{"path": "other.txt", "content": "another line\n"}]});
    let made = rest.post(&hosted.path("/commits"), &body).result(201);
    there.until("refs/heads/main", made["commit"].as_str().unwrap());
    work.run(&[
        "push",
        "--quiet",
        &hosted.url(),
        "main~1:refs/heads/passing",
    ]);
    there.until("refs/heads/passing", &work.run(&["rev-parse", "main~1"]));
    work.run(&["push", "--quiet", &hosted.url(), ":refs/heads/passing"]);
    // Without `prune`, a deletion here changes nothing there.
    let last = downstream.idle();
    assert_eq!(
        fate(&last, "refs/heads/passing")["status"],
        "created",
        "{last}"
    );
    assert!(!there.target("refs/heads/passing").is_empty());
    let pruning = json!({"prune": true});
    rest.patch(&downstream.path(""), &pruning).result(200);
    there.until("refs/heads/passing", "");
    let last = downstream.idle();
    assert_eq!(
        fate(&last, "refs/heads/passing")["status"],
        "deleted",
        "{last}"
    );
    there.git.fsck_strict();

    let shown = rest.get(&hosted.path("")).result(200);
    assert_eq!(shown["downstreams"][0]["id"], downstream.id, "{shown}");
    assert_eq!(shown["downstreams"][0]["last_error"], Value::Null);
    let told = kinds(&rest, &hosted);
    assert_eq!(told.len(), downstream.pushes().len(), "{told:?}");
    let payload = &told.last().unwrap()["payload"];
    assert_eq!(payload["downstreamId"], downstream.id, "{payload}");
    assert_eq!(payload["refs"][0]["status"], "deleted", "{payload}");
}

#[test]
fn a_commit_costs_what_git_sends_and_a_few_rows() {
    let (there, rest) = (There::new(), server().rest());
    let hosted = rest.create_repository("out", "bytes");
    let work = there.scratch.repository("work");
    History::small(702).make(&work);
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let downstream = Downstream::add(&rest, &hosted, &to(&there.url()));
    downstream.idle();
    // Git pushes the same change, from the same state, to another server.
    let by_git = There::new();
    work.run(&["push", "--quiet", "--mirror", &by_git.url()]);
    let lines: Vec<_> = (0..400)
        .map(|line| format!("line {line} of a file\n"))
        .collect();
    let text = lines.concat();
    let last = |there: &There| *there.pushed_bytes().last().unwrap();
    let (mut ours, mut gits) = (0, 0);
    for round in 0..3 {
        work.write("large.txt", format!("{round}\n{text}"));
        work.write("dir/small.txt", format!("{round}\n"));
        let commit = work.commit("a change");
        work.run(&["push", "--quiet", &by_git.url(), "main"]);
        work.run(&["push", "--quiet", &hosted.url(), "main"]);
        there.until("refs/heads/main", &commit);
        gits += last(&by_git);
        ours += last(&there);
    }
    println!("a push mirror sends {ours} bytes where git sends {gits}");
    assert!(
        ours * 10 <= gits * 11,
        "{ours} bytes, where git sends {gits}"
    );
    downstream.idle();
    let pushes = downstream.pushes();
    assert_eq!(pushes[0]["sent_bytes"], last(&there), "{}", pushes[0]);
    // Rows of a requested push, without those of the push here: the request, the attempt, its end, and
    // the record.
    let rows = || {
        rest.get(&hosted.path("/stats")).result(200)["sql"]["rows_written"]
            .as_u64()
            .unwrap()
    };
    let before = rows();
    rest.post(&downstream.path("/push"), &json!({})).result(202);
    downstream.pushed(pushes.len() + 1);
    downstream.idle();
    let written = rows() - before;
    println!("a push that is asked for writes {written} rows");
    assert!(written <= 8, "{written} rows");
    let pushes = downstream.pushes();
    // A push sends two requests; one request suffices if the refs agree.
    let seen = there.remote.seen();
    assert_eq!(seen.len(), 2 * pushes.len() - 1, "{seen:?}");
}

#[test]
fn a_large_push_is_streamed_and_a_second_one_is_small() {
    let (there, rest) = (There::new(), server().rest());
    let hosted = rest.create_repository("out", "large");
    let work = there.scratch.repository("work");
    work.write("noise", noise(1, 3 << 20));
    let commit = work.commit("large");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    let downstream = Downstream::add(&rest, &hosted, &to(&there.url()));
    there.until("refs/heads/main", &commit);
    downstream.idle();
    let posts: Vec<_> = there
        .remote
        .seen()
        .into_iter()
        .filter(|seen| seen.method == "POST")
        .collect();
    // As git does, Cairn asks with a small request before it sends a large one.
    assert_eq!(
        (posts.len(), posts[0].bytes, posts[0].is_chunked),
        (2, 4, false)
    );
    assert!(posts[1].is_chunked && posts[1].bytes > 3 << 20);
    work.write("small", "x\n");
    let commit = work.commit("small");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    there.until("refs/heads/main", &commit);
    let last = there.remote.seen().pop().unwrap();
    assert!(!last.is_chunked && last.bytes < 1000, "{}", last.bytes);
    there.git.fsck_strict();
}

#[test]
fn refs_go_where_refspecs_say_and_nothing_is_lost_without_force() {
    let (there, rest) = (There::new(), server().rest());
    let hosted = rest.create_repository("out", "refspecs");
    let work = there.scratch.repository("work");
    let base = work.commit("base");
    work.run(&[
        "push",
        "--quiet",
        &there.url(),
        "main:refs/heads/theirs",
        "main:refs/heads/mirror/main",
    ]);
    let theirs = there
        .scratch
        .clone(&there.url(), "theirs", &["--branch", "theirs"]);
    let foreign = theirs.commit("only there");
    theirs.run(&["push", "--quiet", "origin", "theirs:refs/heads/mirror/main"]);
    work.commit("only here");
    work.run(&["branch", "private/x"]);
    work.run(&["tag", "v1"]);
    work.run(&["push", "--quiet", "--all", &hosted.url()]);
    work.run(&["push", "--quiet", "--tags", &hosted.url()]);
    let body = json!({"url": there.url(), "prune": true, "refs":
        ["refs/heads/*:refs/heads/mirror/*", "^refs/heads/private/*", "refs/tags/*:refs/tags/here/*"]});
    let downstream = Downstream::add(&rest, &hosted, &body);
    let first = downstream.idle();
    assert_eq!(first["outcome"], "refused", "{first}");
    let fate_of_main = fate(&first, "refs/heads/mirror/main");
    assert_eq!(fate_of_main["status"], "rejected");
    assert!(
        fate_of_main["reason"]
            .as_str()
            .unwrap()
            .contains("not here"),
        "{first}"
    );
    assert_eq!(fate(&first, "refs/tags/here/v1")["source"], "refs/tags/v1");
    assert_eq!(there.target("refs/heads/mirror/main"), foreign);
    // `prune` spares refs that no refspec reaches.
    assert_eq!(there.target("refs/heads/theirs"), base);
    assert_eq!(there.target("refs/heads/mirror/private/x"), "");
    // Each divergence writes an event.
    let told = kinds(&rest, &hosted);
    assert_eq!(told[0]["type"], "cairn.repo.downstream.failed", "{told:?}");

    rest.patch(&downstream.path(""), &json!({"force": true}))
        .result(200);
    there.until("refs/heads/mirror/main", &work.run(&["rev-parse", "main"]));
    let last = downstream.idle();
    assert_eq!(
        fate(&last, "refs/heads/mirror/main")["status"],
        "forced",
        "{last}"
    );
}

#[test]
fn cairn_itself_is_pushed_to_with_a_token() {
    let rest = server().rest();
    let from = rest.create_repository("out", "from");
    let other = rest.create_repository("out", "other-cairn");
    let scratch = super::support::scratch::Scratch::new();
    let work = scratch.repository("work");
    History::small(703).make(&work);
    work.run(&["push", "--quiet", "--mirror", &from.url()]);
    let body = json!({"url": other.remote, "credentials": {"token": other.token}, "atomic": true});
    let downstream = Downstream::add(&rest, &from, &body);
    let first = downstream.idle();
    assert_eq!(first["outcome"], "pushed", "{first}");
    let shown = downstream.show();
    assert_eq!(shown["credentials"], "token", "{shown}");
    assert!(!shown.to_string().contains(&other.token));
    let mirror = scratch.clone(&other.url(), "mirror", &["--mirror"]);
    refs_equal(&work, &mirror);
    // A chain of mirrors: a push by one mirror goes on to the next.
    let third = There::new();
    let next = Downstream::add(&rest, &other, &to(&third.url()));
    next.idle();
    let commit = work.commit("through two");
    work.run(&["push", "--quiet", &from.url(), "main"]);
    third.until("refs/heads/main", &commit);
}

#[test]
fn many_refs_there_cost_one_that_changed() {
    let (there, rest) = (There::new(), server().rest());
    let hosted = rest.create_repository("out", "many");
    let work = there.scratch.repository("work");
    let commit = work.commit("base");
    let updates: Vec<_> = (0..6000)
        .map(|tag| format!("create refs/tags/t{tag} {commit}\n"))
        .collect();
    let updates = updates.concat();
    work.run_with(&["update-ref", "--stdin"], updates.as_bytes());
    work.run(&["push", "--quiet", "--mirror", &hosted.url()]);
    let downstream = Downstream::add(&rest, &hosted, &to(&there.url()));
    let first = downstream.idle();
    // The push has more changes than one request takes.
    assert_eq!(first["ref_count"], 6001, "{first}");
    assert_eq!(first["refs"].as_array().unwrap().len(), 100);
    assert_eq!(there.pushed_bytes().len(), 2);
    refs_equal(&work, &there.git);
    let commit = work.commit("one more");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    there.until("refs/heads/main", &commit);
    let last = *there.pushed_bytes().last().unwrap();
    assert!(last < 600, "{last} bytes");
}

#[test]
fn a_push_is_asked_for_and_idle_ones_cost_nothing() {
    let (there, rest) = (There::new(), server().rest());
    let (hosted, _) = there.scratch.pushed(&rest, "out", "asked");
    let downstream = Downstream::add(&rest, &hosted, &to(&there.url()));
    let first = downstream.idle();
    assert_eq!(first["id"], 1, "{first}");
    let asked = rest.post(&downstream.path("/push"), &json!({}));
    assert_eq!(asked.status, 202, "{}", asked.text());
    // The requested push is on record, although it changed no ref.
    let second = downstream.pushed(2);
    assert_eq!(
        (&second["id"], &second["ref_count"]),
        (&json!(2), &json!(0)),
        "{second}"
    );
    // Another user changes a ref there, and the next push sees it.
    let base = there.target("refs/heads/main");
    there.git.run(&["update-ref", "-d", "refs/heads/main"]);
    rest.post(&downstream.path("/push"), &json!({})).result(202);
    there.until("refs/heads/main", &base);
    rest.patch(&downstream.path(""), &json!({"active": false}))
        .result(200);
    until_true("an inactive downstream", PATIENCE, || {
        downstream.show()["state"] == "inactive"
    });
    assert_eq!(rest.post(&downstream.path("/push"), &json!({})).status, 409);
    let page = rest.get(&downstream.path("/pushes?limit=2"));
    let cursor = page.json()["result_info"]["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let rest_of_it = rest.get(&downstream.path(&format!("/pushes?limit=2&cursor={cursor}")));
    assert_eq!(rest_of_it.result(200)[0]["id"], 1);
    assert_eq!(rest.delete(&downstream.path("")).status, 200);
    assert_eq!(rest.get(&downstream.path("")).status, 404);
    let shown = rest.get(&hosted.path("")).result(200);
    assert_eq!(shown["downstreams"], json!([]));
}
