//! The hook that is asked before a push is published.

mod setting;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::support::receiver::{Received, Receiver, Says};
use super::{Pushing, server};

/// The id that stands for no object.
const NONE: &str = "0000000000000000000000000000000000000000";

/// Sets the hook of a repository; gives its secret.
fn set(pushing: &Pushing, receiver: &Receiver, more: &Value) -> String {
    let mut hook = json!({"url": receiver.url("/judge?key=a")});
    if let (Value::Object(hook), Value::Object(more)) = (&mut hook, more) {
        hook.extend(more.clone());
    }
    let change = json!({"pre_receive": hook});
    let changed = pushing.rest.patch(&pushing.hosted.path(""), &change);
    let secret = changed.result(200)["pre_receive"]["secret"].take();
    secret.as_str().unwrap_or_default().to_owned()
}

fn says(status: u16, body: &Value) -> Says {
    let kind = ("content-type", "application/json".to_owned());
    Says::Answer(status, vec![kind], body.to_string().into_bytes())
}

/// Pushes; gives whether git succeeded, and its output.
fn push(pushing: &Pushing, options: &[&str], to: &[&str]) -> (bool, String) {
    let url = pushing.hosted.url();
    let mut arguments = vec!["push"];
    arguments.extend(options);
    arguments.push(&url);
    arguments.extend(to);
    let ended = pushing.source.try_run(&arguments, b"");
    (ended.ok, ended.stderr)
}

fn quarantined(pushing: &Pushing) -> Value {
    let stats = pushing.rest.get(&pushing.hosted.path("/stats")).result(200);
    stats["packs"].clone()
}

#[test]
fn a_hook_is_asked_before_a_push_is_published() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "asked", "app");
    let secret = set(&pushing, &receiver, &json!({}));
    let (rest, refs) = (pushing.rest.clone(), pushing.hosted.path("/refs"));
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let log = Arc::clone(&seen);
    receiver.answers(move |_| {
        log.lock().unwrap().push(rest.get(&refs).result(200));
        Says::status(204)
    });
    pushing.source.write("docs/read me.md", "1");
    let first = pushing.source.commit("first");
    pushing.source.write("src/é.rs", "2");
    let second = pushing.source.commit("second");
    let main = ["-o", "ci.skip", "--quiet"];
    let (ok, told) = push(&pushing, &main, &["HEAD:refs/heads/main"]);
    assert!(ok && told.is_empty(), "{told}");
    assert_eq!(*seen.lock().unwrap(), [json!([])], "nothing was visible");
    let got = &receiver.received()[0];
    assert_eq!(got.target, "POST /judge?key=a");
    assert!(got.is_signed_by(&secret));
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(got.header("user-agent"), format!("Cairn-Hooks/{version}"));
    let question = got.json();
    assert_eq!(question["type"], "pre_receive");
    assert_eq!(question["repository"]["namespace"], "asked");
    assert_eq!(question["actor"]["kind"], "token");
    assert_eq!(question["pushOptions"], json!(["ci.skip"]));
    let update = &question["updates"][0];
    assert_eq!(update["ref"], "refs/heads/main");
    assert_eq!(
        (&update["before"], &update["after"]),
        (&json!(NONE), &json!(second))
    );
    let commits: Vec<_> = update["commits"].as_array().unwrap().iter().collect();
    let ids: Vec<_> = commits.iter().map(|commit| &commit["id"]).collect();
    assert_eq!(ids, [&json!(first), &json!(second)]);
    assert_eq!(
        update["changedPaths"],
        json!(["docs/read me.md", "src/é.rs"])
    );
    assert_eq!(update["changedPathsTruncated"], false);
    // An update names the paths that differ from its old commit, a new branch those that its commits
    // change, and a deletion none.
    pushing.source.write("src/é.rs", "3");
    let third = pushing.source.commit("third");
    assert!(
        push(
            &pushing,
            &[],
            &["HEAD:refs/heads/main", "HEAD:refs/heads/other"]
        )
        .0
    );
    let updates = receiver.received()[1].json()["updates"].take();
    assert_eq!(updates[0]["before"], second);
    for at in [0, 1] {
        assert_eq!(updates[at]["after"], third);
        assert_eq!(updates[at]["changedPaths"], json!(["src/é.rs"]));
    }
    assert!(push(&pushing, &[], &[":refs/heads/other"]).0);
    let update = receiver.received()[2].json()["updates"][0].take();
    assert_eq!(
        (&update["before"], &update["after"]),
        (&json!(third), &json!(NONE))
    );
    assert_eq!(update["changedPaths"], json!([]));
    assert_eq!(update["changedPathsTruncated"], false);
}

#[test]
fn a_question_is_bounded_and_says_so() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "bounded", "app");
    set(&pushing, &receiver, &json!({}));
    for number in 0..1001 {
        pushing.source.write(&format!("d/{number}"), "x");
    }
    pushing.push("many");
    let update = receiver.received()[0].json()["updates"][0].take();
    assert_eq!(update["changedPaths"].as_array().unwrap().len(), 1000);
    assert_eq!(update["changedPathsTruncated"], true);
    // A hook gets up to 100 commits, an event 20.
    let mut stream = String::new();
    let parent = pushing.source.run(&["rev-parse", "HEAD"]);
    for number in 0..101 {
        let from = format!("from {}\n", parent.trim());
        let from = if number == 0 { from } else { String::new() };
        let commit = "commit refs/heads/long\ncommitter A <a@b>";
        stream += &[commit, &format!(" {number} +0000\ndata 0\n{from}\n")].concat();
    }
    pushing
        .source
        .run_with(&["fast-import", "--quiet"], stream.as_bytes());
    assert!(push(&pushing, &[], &["long"]).0);
    let update = receiver.received()[1].json()["updates"][0].take();
    assert_eq!(update["commits"].as_array().unwrap().len(), 100);
    assert_eq!(update["totalCommitsCount"], 101);
    assert_eq!(update["commitsTruncated"], true);
    let events = pushing.rest.get(&pushing.hosted.path("/events?limit=100"));
    let events = events.result(200);
    let last = events.as_array().unwrap().last().unwrap();
    assert_eq!(last["payload"]["commits"].as_array().unwrap().len(), 20);
    assert_eq!(last["payload"]["commitsTruncated"], true);
}

#[test]
fn a_refusal_stands_in_gits_report_and_by_rest() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "refusing", "app");
    pushing.push("main");
    let before = quarantined(&pushing);
    set(&pushing, &receiver, &json!({"on_failure": "accept"}));
    pushing.source.write("a", "1");
    let new = pushing.source.commit("new");
    let to = ["HEAD:refs/heads/main"];
    let plain = Says::Answer(
        403,
        vec![("content-type", "text/plain; charset=utf-8".to_owned())],
        b"no pushes on Friday\n".to_vec(),
    );
    let refuse = json!({"refuse": "no pushes on Friday"});
    for answer in [says(200, &refuse), says(422, &refuse), plain] {
        receiver.answers(move |_| answer.clone());
        let (ok, told) = push(&pushing, &[], &to);
        assert!(!ok, "{told}");
        let expect = "main (pre-receive hook declined: no pushes on Friday)";
        assert!(told.contains(expect), "{told}");
    }
    receiver.answers(move |_| says(200, &json!({"refuse": "first\nand \u{1b}[2Jsecond"})));
    let (_, told) = push(&pushing, &[], &to);
    assert!(told.contains("remote: first"), "{told}");
    assert!(told.contains("remote: and [2Jsecond"), "{told}");
    assert!(told.contains("declined: first and [2Jsecond)"), "{told}");
    // REST refuses one ref and several.
    let body = json!({"branch": "main", "message": "m", "files": [{"path": "b", "content": "x"}]});
    let refused = pushing.rest.post(&pushing.hosted.path("/commits"), &body);
    assert_eq!(refused.error_code(403), 10_320);
    let error = &refused.json()["errors"][0];
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("declined: first and")
    );
    assert_eq!(error["details"]["rule"], "pre_receive", "{error}");
    let body = json!({"updates": [{"name": "refs/heads/x", "new": "refs/heads/main"}]});
    let answer = pushing.rest.post(&pushing.hosted.path("/refs"), &body);
    assert!(
        answer.text().contains("pre-receive hook declined"),
        "{}",
        answer.text()
    );
    let branches = pushing
        .rest
        .get(&pushing.hosted.path("/refs?prefix=refs/heads/"));
    assert_eq!(branches.result(200).as_array().unwrap().len(), 1);
    assert_eq!(quarantined(&pushing), before, "nothing is left");
    let log = pushing
        .rest
        .get(&pushing.hosted.path(&format!("/commit/{new}")));
    assert_eq!(log.error_code(404), 10_200);
}

#[test]
fn a_hook_judges_its_refs_alone_and_an_atomic_push_as_a_whole() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "judging", "app");
    set(
        &pushing,
        &receiver,
        &json!({"refs": ["refs/heads/main", "refs/tags/*"]}),
    );
    receiver.answers(|_| says(200, &json!({"refuse": "no"})));
    pushing.push("topic");
    assert!(receiver.received().is_empty());
    let to = [
        "HEAD:refs/heads/main",
        "HEAD:refs/heads/other",
        "HEAD:refs/tags/v1",
    ];
    let (ok, told) = push(&pushing, &["--atomic"], &to);
    assert!(
        !ok && told.contains("other (atomic push failure)"),
        "{told}"
    );
    let (ok, told) = push(&pushing, &[], &to);
    assert!(!ok && told.contains("-> other\n"), "{told}");
    assert!(
        told.contains("main (pre-receive hook declined: no)"),
        "{told}"
    );
    assert!(
        told.contains("v1 (pre-receive hook declined: no)"),
        "{told}"
    );
    let updates = receiver.received()[1].json()["updates"].take();
    let names = updates.as_array().unwrap().iter();
    let names: Vec<_> = names.map(|update| update["ref"].clone()).collect();
    assert_eq!(names, ["refs/heads/main", "refs/tags/v1"]);
    // The hook is not asked about a push that a setting refuses.
    pushing
        .rest
        .patch(&pushing.hosted.path(""), &json!({"deny_deletes": true}))
        .result(200);
    let (ok, _) = push(&pushing, &[], &[":refs/heads/topic"]);
    assert!(!ok && receiver.received().len() == 2);
}

#[test]
fn a_hook_that_fails_refuses_or_accepts_as_the_setting_says() {
    let (receiver, elsewhere) = (Receiver::start(), Receiver::start());
    let pushing = Pushing::to(server(), "unsure", "app");
    let redirect = Says::Answer(302, vec![("location", elsewhere.url("/"))], Vec::new());
    let long = Says::Answer(200, Vec::new(), vec![b' '; (64 << 10) + 1]);
    let malformed = Says::Answer(200, Vec::new(), b"{\"refuse\": \"no".to_vec());
    let cut = Says::BreakOff(b"HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\n{}");
    let stalled = Says::Stall(b"HTTP/1.1 200 x\r\ncontent-length: 9\r\n\r\n{");
    let failing = [
        (stalled, "it gave no answer within 300 ms"),
        (Says::status(500), "it answered with status 500"),
        (redirect, "it answered with status 302"),
        (Says::Hang, "it gave no answer within 300 ms"),
        (Says::HangUp, "it cannot be reached"),
        (cut, "its answer broke off"),
        (long, "its answer has more than 65536 bytes"),
        (malformed, "its answer has status 200 and malformed JSON"),
    ];
    for (number, (answer, why)) in failing.into_iter().enumerate() {
        let branch = format!("HEAD:refs/heads/b{number}");
        pushing.source.commit(&branch);
        receiver.answers(move |_| answer.clone());
        set(
            &pushing,
            &receiver,
            &json!({"timeout_ms": 300, "on_failure": "refuse"}),
        );
        let (ok, told) = push(&pushing, &[], &[&branch]);
        let expect = format!("(pre-receive hook failed: {why})");
        assert!(!ok && told.contains(&expect), "{told}");
        set(
            &pushing,
            &receiver,
            &json!({"timeout_ms": 300, "on_failure": "accept"}),
        );
        let (ok, told) = push(&pushing, &[], &[&branch]);
        let expect = format!("warning: the pre-receive hook did not judge this push: {why}");
        assert!(ok && told.contains(&expect), "{told}");
    }
    assert!(elsewhere.received().is_empty(), "a redirect was followed");
    set(
        &pushing,
        &receiver,
        &json!({"timeout_ms": 300, "on_failure": "refuse"}),
    );
    let body = json!({"branch": "new", "message": "m", "base": "refs/heads/b0",
        "files": [{"path": "b", "content": "x"}]});
    let refused = pushing.rest.post(&pushing.hosted.path("/commits"), &body);
    assert_eq!(refused.error_code(502), 10_401);
}

/// Makes the hook do something, once, before it answers.
fn meanwhile(receiver: &Receiver, act: impl FnOnce() + Send + 'static) {
    let mut act = Some(act);
    receiver.answers(move |_: &Received| {
        if let Some(act) = act.take() {
            act();
        }
        Says::status(204)
    });
}

#[test]
fn a_hook_may_call_back_and_everything_is_judged_again_behind_it() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "calling", "app");
    let first = pushing.push("main");
    set(
        &pushing,
        &receiver,
        &json!({"refs": ["refs/heads/main"], "timeout_ms": 10_000}),
    );
    let (rest, path) = (pushing.rest.clone(), pushing.hosted.path("/commits"));
    // The hook writes to the repository whose push it holds.
    let body = json!({"branch": "by-hook", "base": first, "message": "m",
        "files": [{"path": "b", "content": "x"}]});
    meanwhile(&receiver, move || {
        rest.post(&path, &body).result(201);
    });
    let second = pushing.push("main");
    let branches = pushing
        .rest
        .get(&pushing.hosted.path("/refs?prefix=refs/heads/"));
    assert_eq!(branches.result(200).as_array().unwrap().len(), 2);
    // The ref moves under the push. The hook is removed first, or it would be asked about that too.
    let (rest, hosted) = (pushing.rest.clone(), pushing.hosted.path(""));
    let undo = json!({"updates": [{"name": "refs/heads/main", "new": first}]});
    meanwhile(&receiver, move || {
        rest.patch(&hosted, &json!({"pre_receive": null}))
            .result(200);
        rest.post(&format!("{hosted}/refs"), &undo).result(200);
    });
    pushing.source.commit("third");
    let to = ["HEAD:refs/heads/main"];
    let (ok, told) = push(&pushing, &[], &to);
    assert!(
        !ok && told.contains(&format!("stale info: is at {first}")),
        "{told}"
    );
    set(
        &pushing,
        &receiver,
        &json!({"refs": ["refs/heads/main"], "timeout_ms": 10_000}),
    );
    // A force push is forbidden meanwhile.
    pushing.source.run(&["reset", "--quiet", "--hard", &second]);
    let last = pushing.push("main");
    pushing.source.run(&["reset", "--quiet", "--hard", &first]);
    pushing.source.commit("aside");
    let (rest, path) = (pushing.rest.clone(), pushing.hosted.path(""));
    meanwhile(&receiver, move || {
        let change = json!({"deny_non_fast_forwards": true});
        rest.patch(&path, &change).result(200);
    });
    let (ok, told) = push(&pushing, &["--force"], &to);
    assert!(!ok && told.contains("(non-fast-forward)"), "{told}");
    // The pusher's token is revoked meanwhile.
    pushing.source.run(&["reset", "--quiet", "--hard", &last]);
    pushing.source.commit("fourth");
    let tokens = pushing
        .rest
        .get(&pushing.hosted.path("/tokens"))
        .result(200);
    let id = tokens[0]["id"].as_str().unwrap();
    let (rest, path) = (
        pushing.rest.clone(),
        format!("/api/v1/namespaces/calling/tokens/{id}"),
    );
    meanwhile(&receiver, move || {
        rest.delete(&path).result(200);
    });
    let (ok, told) = push(&pushing, &[], &to);
    assert!(!ok && told.contains("expired or was revoked"), "{told}");
}

#[test]
fn others_are_served_while_a_hook_thinks() {
    let receiver = Receiver::start();
    let pushing = Pushing::to(server(), "thinking", "app");
    pushing.push("other");
    set(&pushing, &receiver, &json!({"refs": ["refs/heads/main"]}));
    let (asked, is_asked) = std::sync::mpsc::channel();
    let (go, may_go) = std::sync::mpsc::channel();
    receiver.answers(move |_| {
        asked.send(()).unwrap();
        may_go.recv_timeout(Duration::from_secs(4)).unwrap();
        Says::status(200)
    });
    pushing.source.commit("new");
    std::thread::scope(|scope| {
        let held = scope.spawn(|| push(&pushing, &[], &["HEAD:refs/heads/main"]));
        is_asked.recv_timeout(Duration::from_secs(30)).unwrap();
        let url = pushing.hosted.url();
        let refs = pushing.source.remote_refs(&url);
        assert!(!format!("{refs:?}").contains("refs/heads/main"), "{refs:?}");
        assert!(push(&pushing, &[], &["HEAD~0:refs/heads/other"]).0);
        go.send(()).unwrap();
        let (ok, told) = held.join().unwrap();
        assert!(ok, "{told}");
    });
}
