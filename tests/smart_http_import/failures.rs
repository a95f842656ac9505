//! Imports that break: retries, failures, and the rows that are left.

use serde_json::{Value, json};

use super::story::{
    PATIENCE, PRIVATE, Source, ask, begin, failed, ready, server, show, unlisted, until,
};
use super::support::git::refs_equal;
use super::support::history::History;
use super::support::remote::Rules;
use super::support::rest::Rest;
use super::support::server::Server;
use super::support::wait::until_true;

const ALREADY_EXISTS: u64 = 10_201;
const IMPORT_IN_PROGRESS: u64 = 10_302;

/// A history whose pack takes some seconds at the rate of [`slow`].
fn large(seed: u64) -> History {
    History {
        commits: 120,
        blob_bytes_max: 60_000,
        ..History::small(seed)
    }
}

fn slow() -> Rules {
    Rules {
        bytes_per_second: Some(100_000),
        ..Rules::default()
    }
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again() {
    let source = Source::new(&large(531));
    source.remote.set(Rules {
        cuts: Some((2, 30_000)),
        ..Rules::default()
    });
    let rest = server().rest();
    let hosted = begin(&rest, "import", "cut", &json!({ "url": source.url() }));
    ready(&rest, &hosted);
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);
    let stats = rest.get(&hosted.path("/stats")).result(200);
    assert_eq!(stats["packs"]["quarantined"], 0, "{stats}");
}

#[test]
fn a_broken_remote_fails_and_frees_the_name() {
    let source = Source::new(&History::small(532));
    let rest = server().rest();
    // An object that git refuses to take: nothing is made better by asking again.
    let tree = source.git.run(&["rev-parse", "main^{tree}"]);
    let text = format!("tree {tree}\nauthor a\n\nbad\n");
    let bad = source.git.run_with(
        &[
            "hash-object",
            "-w",
            "-t",
            "commit",
            "--literally",
            "--stdin",
        ],
        text.as_bytes(),
    );
    source.git.run(&["update-ref", "refs/heads/bad", &bad]);
    let hosted = begin(
        &rest,
        "import-broken",
        "broken",
        &json!({ "url": source.url() }),
    );
    let reason = failed(&rest, &hosted);
    assert!(
        reason.contains("its import failed") && reason.contains(&bad),
        "{reason}"
    );
    // Its token is worth nothing, its name is nobody's.
    let git = source.scratch.git();
    git.fails(&["ls-remote", &hosted.url()]);
    unlisted(&rest, "import-broken");

    source.git.run(&["update-ref", "-d", "refs/heads/bad"]);
    let again = begin(
        &rest,
        "import-broken",
        "broken",
        &json!({ "url": source.url() }),
    );
    ready(&rest, &again);
    git.fails(&["ls-remote", &hosted.url()]);
    let mirror = source.scratch.clone(&again.url(), "mirror", &["--mirror"]);
    refs_equal(&source.git, &mirror);
}

#[test]
fn a_remote_that_stays_away_is_given_up() {
    let source = Source::new(&large(533));
    let rest = server().rest();
    source.remote.set(slow());
    let hosted = begin(
        &rest,
        "import-fail",
        "away",
        &json!({ "url": source.url() }),
    );
    source.remote.set(Rules {
        status: Some(404),
        cuts: Some((9, 0)),
        ..Rules::default()
    });
    let reason = failed(&rest, &hosted);
    assert!(reason.contains("its import failed"), "{reason}");
    rest.create_repository("import-fail", "away");
    assert_eq!(show(&rest, &hosted).result(200)["source"], json!(null));
}

/// The status of the repository `busy` in the list of the namespace.
fn listed_status(rest: &Rest) -> Value {
    let list = rest.get("/api/v1/namespaces/import/repos?search=busy");
    list.result(200)[0]["status"].clone()
}

#[test]
fn while_it_runs_git_is_asked_to_wait() {
    let source = Source::new(&large(534));
    source.remote.set(slow());
    let rest = server().rest();
    let body = json!({ "url": source.url() });
    let hosted = begin(&rest, "import", "busy", &body);
    let shown = until(&rest, &hosted, |answer| {
        answer.result(200)["import"]["received_bytes"].as_u64() > Some(0)
    });
    let shown = shown.result(200);
    assert_eq!(
        (&shown["status"], &shown["object_count"]),
        (&json!("importing"), &json!(0))
    );
    assert_eq!(shown["import"]["phase"], "receiving");
    assert!(
        shown["import"]["total_objects"].as_u64() > Some(0),
        "{shown}"
    );

    assert_eq!(listed_status(&rest), "importing");

    let bearer = rest.with_bearer(hosted.token.split('?').next().unwrap());
    let refs = bearer.get("/git/import/busy.git/info/refs?service=git-upload-pack");
    assert_eq!(refs.status, 503, "{}", refs.text());
    assert!(refs.header("retry-after").parse::<u32>().unwrap() > 0);
    assert!(refs.text().contains("being imported"), "{}", refs.text());
    for content in ["/refs", "/log", "/file?path=a", "/bundle"] {
        let answer = bearer.get(&hosted.path(content));
        assert_eq!(answer.error_code(409), IMPORT_IN_PROGRESS, "{content}");
    }
    assert_eq!(
        ask(&rest, "import", "Busy", &body).error_code(409),
        IMPORT_IN_PROGRESS
    );

    source.remote.set(Rules::default());
    ready(&rest, &hosted);
    assert_eq!(listed_status(&rest), "ready");
    assert_eq!(
        ask(&rest, "import", "busy", &body).error_code(409),
        ALREADY_EXISTS
    );
}

#[test]
fn deleting_ends_an_import() {
    let source = Source::new(&large(535));
    source.remote.set(slow());
    let rest = server().rest();
    let hosted = begin(&rest, "import", "deleted", &json!({ "url": source.url() }));
    until(&rest, &hosted, |answer| {
        answer.result(200)["import"]["received_bytes"].as_u64() > Some(0)
    });
    assert_eq!(rest.delete(&hosted.path("")).status, 202);
    let empty = rest.create_repository("import", "deleted");
    // The rest of the old answer reaches nobody.
    until_true("the remote has ended its answer", PATIENCE, || {
        source.remote.is_idle()
    });
    let stats = rest.get(&empty.path("/stats")).result(200);
    assert_eq!(
        (&stats["packs"]["quarantined"], &stats["refs"]),
        (&json!(0), &json!(0))
    );
    let shown = show(&rest, &empty).result(200);
    assert_eq!(
        (&shown["status"], &shown["source"]),
        (&json!("ready"), &json!(null))
    );
}

#[test]
fn an_import_goes_on_after_the_server_was_killed() {
    let mut server = Server::start_with(&[PRIVATE]);
    let source = Source::new(&large(536));
    source.remote.set(slow());
    let rest = server.rest();
    let hosted = begin(&rest, "import", "killed", &json!({ "url": source.url() }));
    until(&rest, &hosted, |answer| {
        answer.result(200)["import"]["received_bytes"].as_u64() > Some(50_000)
    });
    server.crash();
    source.remote.set(Rules::default());
    let rest = server.rest();
    ready(&rest, &hosted);
    let mirror = source.scratch.clone(&hosted.url(), "mirror", &["--mirror"]);
    mirror.fsck_strict();
    refs_equal(&source.git, &mirror);
}

#[test]
fn an_import_with_credentials_fails_when_the_server_was_killed() {
    let mut server = Server::start_with(&[PRIVATE]);
    let source = Source::new(&large(537));
    let rules = Rules {
        credentials: Some("me:secret".to_owned()),
        ..slow()
    };
    source.remote.set(rules);
    let rest = server.rest();
    let url = source.remote.url_with("me:secret", "source.git");
    let body = json!({ "url": url });
    let hosted = begin(&rest, "import", "forgotten", &body);
    until(&rest, &hosted, |answer| {
        answer.result(200)["import"]["received_bytes"].as_u64() > Some(0)
    });
    server.crash();
    let rest = server.rest();
    let reason = failed(&rest, &hosted);
    assert!(reason.contains("credentials are not stored"), "{reason}");
    source.remote.set(Rules {
        credentials: Some("me:secret".to_owned()),
        ..Rules::default()
    });
    let again = begin(&rest, "import", "forgotten", &body);
    ready(&rest, &again);
}
