//! Refs under `refs/ephemeral/`: no clone shows them, and they go by themselves.

use std::time::Duration;

use super::support::wait;
use super::*;

const PREVIEW: &str = "refs/ephemeral/preview";

/// The names of refs as REST lists them.
fn listed(desk: &Desk, prefix: &str) -> Vec<String> {
    let path = desk.hosted.path(&format!("/refs?prefix={prefix}"));
    let refs = desk.client.get(&path).result(200);
    let names = refs.as_array().unwrap().iter();
    names
        .map(|found| found["name"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn ephemeral_refs_are_hidden_from_clones_and_fetched_by_name() {
    let desk = Desk::new("ephemeral");
    let url = desk.hosted.url();
    desk.source.write("file", "preview\n");
    let commit = desk.source.commit("preview");
    let commit = commit.trim();
    let to = format!("HEAD:{PREVIEW}");
    desk.source
        .run(&["push", "--quiet", &url, &to, "HEAD~1:refs/zeta/behind"]);
    // Neither version of the protocol shows it, nor does a bundle or a list.
    for version in [0, 2] {
        let git = desk
            .scratch
            .repository(&format!("version-{version}"))
            .protocol(version);
        let shown = format!("{:?}", git.remote_refs(&url));
        assert!(
            !shown.contains(PREVIEW) && shown.contains("refs/zeta/behind"),
            "{shown}"
        );
        git.run(&[
            "fetch",
            "--quiet",
            "--update-head-ok",
            &url,
            "+refs/*:refs/*",
        ]);
        assert!(!format!("{:?}", git.refs()).contains(PREVIEW));
        git.fails(&["cat-file", "-e", commit]);
    }
    let bundle = desk.client.get(&desk.hosted.path("/bundle"));
    let head = String::from_utf8_lossy(&bundle.body[..200]).into_owned();
    assert!(
        !head.contains(PREVIEW) && head.contains("refs/zeta/behind"),
        "{head}"
    );
    assert_eq!(
        listed(&desk, ""),
        ["HEAD", "refs/heads/main", "refs/zeta/behind"]
    );
    assert_eq!(
        listed(&desk, "refs/"),
        ["refs/heads/main", "refs/zeta/behind"]
    );
    assert_eq!(listed(&desk, "refs/ephemeral/"), [PREVIEW]);
    let page = desk
        .client
        .get(&desk.hosted.path("/refs?prefix=refs/&limit=1"));
    let cursor = page.json()["result_info"]["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let next = desk
        .hosted
        .path(&format!("/refs?prefix=refs/&limit=1&cursor={cursor}"));
    let next = desk.client.get(&next).json();
    assert_eq!(next["result"][0]["name"], "refs/zeta/behind");
    assert_eq!(next["result_info"]["cursor"], "");
    // A fork takes over the refs that clones show.
    let forked = server().rest().post(
        &desk.hosted.path("/fork"),
        &json!({"name": "ephemeral-fork"}),
    );
    assert!(forked.status < 300, "{}", forked.text());
    let fork = forked.json()["result"]["clone_url"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = format!("{:?}", desk.source.remote_refs(&fork));
    assert!(shown.contains("refs/zeta/behind"), "{shown}");
    desk.source.fails(&["fetch", "--quiet", &fork, PREVIEW]);
    // A fetch by name gets it, and a fetch of all ephemeral refs too.
    for (number, refspec) in [PREVIEW, "+refs/ephemeral/*:refs/ephemeral/*"]
        .iter()
        .enumerate()
    {
        let git = desk.scratch.repository(&format!("asking-{number}"));
        git.run(&["fetch", "--quiet", &url, refspec]);
        assert_eq!(git.run(&["rev-parse", "FETCH_HEAD"]).trim(), commit);
    }
}

#[test]
fn a_push_sees_ephemeral_refs_and_moves_them_by_their_old_ids() {
    let desk = Desk::new("moved");
    let url = desk.hosted.url();
    let [first, second, _] = [0, 1, 2].map(|number| desk.commits[number].clone());
    let push = |from: &str, option: &str| {
        let to = format!("{from}:{PREVIEW}");
        desk.source
            .try_run(&["push", "--quiet", option, &url, &to], b"")
    };
    assert!(push(&second, "--atomic").ok);
    let refused = push(&first, "--atomic");
    assert!(
        !refused.ok && refused.stderr.contains("non-fast-forward"),
        "{}",
        refused.stderr
    );
    assert!(push(&first, "--force").ok);
    assert_eq!(listed(&desk, "refs/ephemeral/"), [PREVIEW]);
    assert!(push("", "--atomic").ok);
    assert!(listed(&desk, "refs/ephemeral/").is_empty());
}

#[test]
fn an_ephemeral_ref_goes_when_its_time_has_come() {
    let desk = Desk::new("expiring");
    let url = desk.hosted.url();
    let repository = || server().rest().get(&desk.hosted.path("")).result(200);
    let to = "main:refs/ephemeral/later";
    desk.source.run(&["push", "--quiet", &url, to]);
    for wrong in ["0", "1h", "7776001"] {
        let option = format!("cairn.ttl={wrong}");
        let refused = desk
            .source
            .fails(&["push", "-o", &option, &url, &format!("main:{PREVIEW}")]);
        let expect = format!("cairn.ttl must be 1 to 7776000 seconds, this is '{wrong}'");
        assert!(refused.contains(&expect), "{refused}");
    }
    // REST takes the option too, and its error names it.
    let body = |ttl: &str| {
        json!({"updates": [{"name": PREVIEW, "new": desk.commits[0]}],
            "push_options": [format!("cairn.ttl={ttl}")]})
    };
    let refused = desk.post(&body("x")).text();
    assert!(refused.contains("cairn.ttl must be"), "{refused}");
    desk.post(&body("1")).result(200);
    desk.source.run(&[
        "push",
        "--quiet",
        "-o",
        "cairn.ttl=1",
        &url,
        "main:refs/ephemeral/second",
    ]);
    let pushed_at = repository()["last_push_at"].clone();
    wait::until_true("the refs are gone", Duration::from_secs(30), || {
        listed(&desk, "refs/ephemeral/") == ["refs/ephemeral/later"]
    });
    assert_eq!(repository()["last_push_at"], pushed_at);
    let events = desk
        .client
        .get(&desk.hosted.path("/events?limit=100"))
        .result(200);
    let gone = events
        .as_array()
        .unwrap()
        .iter()
        .rfind(|event| event["payload"]["ref"] == PREVIEW);
    let gone = gone.unwrap();
    assert_eq!(gone["type"], "cairn.repo.pushed");
    assert_eq!(gone["payload"]["before"], desk.commits[0]);
    assert_eq!(gone["payload"]["after"], "0".repeat(40));
    let entry = desk
        .entries()
        .into_iter()
        .find(|entry| entry["ref"] == PREVIEW)
        .unwrap();
    assert_eq!(
        (&entry["old"], &entry["new"]),
        (&json!(desk.commits[0]), &Value::Null)
    );
}
