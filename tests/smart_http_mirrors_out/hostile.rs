//! Servers that refuse, lie, are slow, or behave oddly.

use serde_json::{Value, json};

use super::story::{Downstream, There, fate, server, to};
use super::support::remote::{PushRule, Rules};
use super::support::rest::{Hosted, Rest};

fn pushing(rule: PushRule) -> Rules {
    Rules {
        push: Some(rule),
        ..Rules::default()
    }
}

/// A repository with one commit, and a downstream whose server follows these rules from the beginning.
fn begun<'a>(there: &There, rest: &'a Rest, hosted: &'a Hosted, rules: Rules) -> Downstream<'a> {
    there.remote.set(rules);
    Downstream::add(rest, hosted, &to(&there.url()))
}

fn error(push: &Value) -> &str {
    push["error"].as_str().unwrap_or_default()
}

#[test]
fn a_hook_refuses_one_ref_and_the_others_pass() {
    let (there, rest) = (There::new(), server().rest());
    there.hook(
        "update",
        "#!/bin/sh\n[ \"$1\" != refs/heads/locked ] || { echo 'frozen until friday' >&2; exit 1; }\n",
    );
    let (hosted, work) = there.scratch.pushed(&rest, "out-hostile", "hook");
    work.run(&["push", "--quiet", &hosted.url(), "main:refs/heads/locked"]);
    let downstream = begun(&there, &rest, &hosted, Rules::default());
    let first = downstream.pushed(1);
    assert_eq!(first["outcome"], "refused", "{first}");
    assert_eq!(fate(&first, "refs/heads/main")["status"], "created");
    assert_eq!(fate(&first, "refs/heads/locked")["reason"], "hook declined");
    assert!(
        first["messages"]
            .as_str()
            .unwrap()
            .contains("frozen until friday"),
        "{first}"
    );
    // The retry pushes only that ref.
    there.hook("update", "#!/bin/sh\n");
    let second = downstream.pushed(2);
    assert_eq!(
        (&second["outcome"], &second["attempt"]),
        (&json!("pushed"), &json!(2))
    );
    assert_eq!(second["ref_count"], 1, "{second}");
    downstream.idle();
}

#[test]
fn all_or_nothing_where_it_is_wanted() {
    let (there, rest) = (There::new(), server().rest());
    there.hook("update", "#!/bin/sh\n[ \"$1\" != refs/heads/locked ]\n");
    let (hosted, work) = there.scratch.pushed(&rest, "out-hostile", "atomic");
    work.run(&["push", "--quiet", &hosted.url(), "main:refs/heads/locked"]);
    let body = json!({"url": there.url(), "atomic": true});
    let downstream = Downstream::add(&rest, &hosted, &body);
    let first = downstream.pushed(1);
    assert_eq!(first["rejected_count"], 2, "{first}");
    assert_eq!(there.target("refs/heads/main"), "");
}

#[test]
fn statuses_are_told_and_tried_again() {
    let (there, rest) = (There::new(), server().rest());
    let (hosted, work) = there.scratch.pushed(&rest, "out-hostile", "status");
    let commit = work.run(&["rev-parse", "main"]);
    let downstream = begun(&there, &rest, &hosted, pushing(PushRule::Status(500, "")));
    let first = downstream.pushed(1);
    assert_eq!(first["outcome"], "failed", "{first}");
    assert!(error(&first).contains("status 500"), "{first}");
    let shown = downstream.until("a failure", |shown| shown["state"] == "waiting");
    assert_eq!(shown["failures"], 1, "{shown}");
    assert!(shown["next_attempt_at"].is_string());
    for (rule, words) in [
        (PushRule::Status(401, ""), "credentials"),
        (PushRule::Status(403, ""), "credentials"),
        (PushRule::Status(413, ""), "413"),
        (PushRule::Status(302, "Location: /elsewhere\r\n"), "302"),
        (PushRule::Status(503, "Retry-After: 3600\r\n"), "503"),
    ] {
        there.remote.set(pushing(rule));
        let count = downstream.pushes().len();
        // A request does not wait for the next attempt.
        rest.post(&downstream.path("/push"), &json!({})).result(202);
        let push = downstream.pushed(count + 1);
        assert!(error(&push).contains(words), "{push}");
    }
    let shown = downstream.until("patience", |shown| shown["state"] == "waiting");
    let last = &shown["last_push"];
    let (ended, next) = (
        last["ended_at"].as_str().unwrap(),
        shown["next_attempt_at"].as_str().unwrap(),
    );
    // The next attempt lies in another hour.
    assert_ne!(ended[11..13], next[11..13], "{shown}");
    there.remote.set(Rules::default());
    rest.post(&downstream.path("/push"), &json!({})).result(202);
    there.until("refs/heads/main", &commit);
    downstream.idle();
}

#[test]
fn a_remote_that_is_no_git_server_is_told() {
    let (there, rest) = (There::new(), server().rest());
    let (hosted, _) = there.scratch.pushed(&rest, "out-hostile", "page");
    let web_page = Rules {
        is_web_page: true,
        ..Rules::default()
    };
    let downstream = begun(&there, &rest, &hosted, web_page);
    assert!(error(&downstream.pushed(1)).contains("does not speak git"));
    there.remote.set(Rules {
        redirect: Some((
            "/there.git".to_owned(),
            "http://10.0.0.1:1/there.git".to_owned(),
        )),
        ..Rules::default()
    });
    // Cairn follows a redirect to another path.
    there.remote.set(Rules {
        redirect: Some((
            "/there.git/info".to_owned(),
            format!("{}/info", there.remote.url("moved.git")),
        )),
        ..Rules::default()
    });
    let moved = there.scratch.bare_repository("remotes/moved.git");
    moved.run(&["config", "http.receivepack", "true"]);
    rest.post(&downstream.path("/push"), &json!({})).result(202);
    downstream.idle();
    assert!(!moved.run(&["for-each-ref"]).is_empty());
}

#[test]
fn reports_that_lie_or_are_broken_lose_nothing() {
    let (there, rest) = (There::new(), server().rest());
    let (hosted, work) = there.scratch.pushed(&rest, "out-hostile", "liar");
    let commit = work.run(&["rev-parse", "main"]);
    let bands = |report: &str| {
        let inner = format!("{:04x}\u{1}{report}0000", report.len() + 5);
        pushing(PushRule::Report(inner.into_bytes()))
    };
    let line = |text: &str| format!("{:04x}{text}\n", text.len() + 5);
    let ok = format!("{}{}0000", line("unpack ok"), line("ok refs/heads/main"));
    let downstream = begun(&there, &rest, &hosted, bands(&ok));
    // The server reports success.
    let first = downstream.pushed(1);
    assert_eq!(first["outcome"], "pushed", "{first}");
    assert_eq!(there.target("refs/heads/main"), "");
    let cases = [
        (
            bands(&format!("{}0000", line("unpack ok"))),
            "says nothing of it",
        ),
        (
            bands(&format!("{}0000", line("unpack index-pack failed"))),
            "index-pack failed",
        ),
        (bands(&line("unpack ok")), "ended before its report"),
        (
            pushing(PushRule::Report(b"zzzz".to_vec())),
            "bad line length",
        ),
        (
            pushing(PushRule::Report(b"000e\x03no space\n".to_vec())),
            "no space",
        ),
        (
            pushing(PushRule::Report(Vec::new())),
            "ended before its report",
        ),
    ];
    for (rules, words) in cases {
        there.remote.set(rules);
        let count = downstream.pushes().len();
        rest.post(&downstream.path("/push"), &json!({})).result(202);
        let push = downstream.pushed(count + 1);
        assert!(push.to_string().contains(words), "{words}: {push}");
        assert_ne!(push["outcome"], "pushed", "{push}");
    }
    // The next push sees the server's real refs.
    there.remote.set(Rules::default());
    rest.post(&downstream.path("/push"), &json!({})).result(202);
    there.until("refs/heads/main", &commit);
}

#[test]
fn an_answer_that_is_lost_is_no_second_push() {
    let (there, rest) = (There::new(), server().rest());
    let (hosted, work) = there.scratch.pushed(&rest, "out-hostile", "lost");
    let commit = work.run(&["rev-parse", "main"]);
    let downstream = begun(&there, &rest, &hosted, pushing(PushRule::Lost));
    let first = downstream.pushed(1);
    assert_eq!(first["outcome"], "failed", "{first}");
    there.until("refs/heads/main", &commit);
    let before = there.pushed_bytes().len();
    rest.post(&downstream.path("/push"), &json!({})).result(202);
    downstream.idle();
    assert_eq!(
        there.pushed_bytes().len(),
        before,
        "nothing differs any more"
    );
}

#[test]
fn one_that_hangs_holds_up_neither_the_other_nor_a_push() {
    let (slow, quick, rest) = (There::new(), There::new(), server().rest());
    let (hosted, work) = quick.scratch.pushed(&rest, "out-hostile", "slow");
    let hanging = begun(&slow, &rest, &hosted, pushing(PushRule::Hang));
    hanging.until("a push under way", |shown| shown["state"] == "pushing");
    let other = Downstream::add(&rest, &hosted, &to(&quick.url()));
    other.idle();
    for round in 0..3 {
        work.write("round", format!("{round}\n"));
        let commit = work.commit("on");
        work.run(&["push", "--quiet", &hosted.url(), "main"]);
        quick.until("refs/heads/main", &commit);
    }
    assert_eq!(slow.target("refs/heads/main"), "");
    // Once the server goes on, one push brings all changes.
    slow.remote.set(Rules::default());
    slow.until("refs/heads/main", &work.run(&["rev-parse", "main"]));
    hanging.idle();
}

#[test]
fn an_old_server_without_reports_or_side_bands_will_do() {
    let (there, rest) = (There::new(), server().rest());
    for (key, value) in [
        ("receive.advertiseAtomic", "false"),
        ("repack.usedeltabaseoffset", "false"),
    ] {
        there.git.run(&["config", key, value]);
    }
    let (hosted, work) = there.scratch.pushed(&rest, "out-hostile", "old");
    let downstream = begun(&there, &rest, &hosted, Rules::default());
    downstream.idle();
    work.write("a", "1\n");
    let commit = work.commit("on");
    work.run(&["push", "--quiet", &hosted.url(), "main"]);
    there.until("refs/heads/main", &commit);
    there.git.fsck_strict();
    rest.patch(&downstream.path(""), &json!({"atomic": true}))
        .result(200);
    let last = downstream.until("a failure", |shown| shown["last_push"]["error"].is_string());
    assert!(error(&last["last_push"]).contains("'atomic'"), "{last}");
}
