//! Stories that take long or measure something: they run by hand.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::Server;
use super::support::wait::until_true;
use super::{listed, pushed, restore, secure, undeleting, until};

/// Does something with each number below a thousand, eight at a time.
fn for_a_thousand(work: impl Fn(usize) + Sync) {
    let work = &work;
    thread::scope(|scope| {
        for first in 0..8 {
            scope.spawn(move || (first..1000).step_by(8).for_each(work));
        }
    });
}

#[test]
#[ignore = "it takes minutes"]
fn a_thousand_expired_forks_are_gone_a_minute_after_their_time() {
    let server = Server::start_with(&[
        ("CAIRN_R2_GRACE_SECONDS", "0"),
        ("CAIRN_SETTLE_SECONDS", "1"),
        ("CAIRN_RATE_REQUESTS", "0"),
        ("CAIRN_UNDELETE_SECONDS", "1000"),
    ]);
    let (rest, scratch) = (server.rest(), Scratch::new());
    let body = json!({"name": "source"});
    let (source, _) = pushed(&rest, &scratch, "thousand", &body, 9);
    secure(&rest, &source);
    until("the source's record", || server.r2_objects() >= 2);
    let before = server.r2_objects();
    for_a_thousand(|number| {
        let body = json!({"name": format!("fork-{number}"), "ttl_seconds": 3600});
        let fork = Hosted::made("thousand", &rest.post(&source.path("/fork"), &body));
        if number % 10 == 0 {
            let commit = json!({"branch": "main", "message": "mine",
                "files": [{"path": "mine", "content": format!("{number}")}]});
            rest.post(&fork.path("/commits"), &commit).result(201);
            secure(&rest, &fork);
        }
    });
    assert!(server.r2_objects() > before + 100);
    let begun = Instant::now();
    let end = json!({"ttl_seconds": 60});
    for_a_thousand(|number| {
        let fork = format!("/api/v1/namespaces/thousand/repos/fork-{number}");
        rest.patch(&fork, &end).result(200);
    });
    let set = begun.elapsed();
    eprintln!("all ends were set after {set:?}");
    // The last one ends 60 seconds after it was set, and a minute later nothing is left.
    let patience = Duration::from_mins(2);
    until_true("R2 as before", patience, || server.r2_objects() == before);
    eprintln!(
        "R2 was as before {:?} after the last end was set",
        begun.elapsed().saturating_sub(set)
    );
    assert_eq!(listed(&rest, "thousand").len(), 1);
    let purge = source.path("?purge=true");
    rest.delete(&purge).result(202);
    until("an empty R2", || server.r2_objects() == 0);
}

#[test]
#[ignore = "a measurement: SOURCE names a bundle"]
fn a_large_repository_is_restored_at_once() {
    let (server, scratch) = (undeleting("1000"), Scratch::new());
    let rest = server.rest();
    let bundle = std::env::var("SOURCE").unwrap();
    let work = scratch.repository("work");
    work.run(&[
        "fetch",
        "--quiet",
        &bundle,
        "+refs/*:refs/*",
        "--update-head-ok",
    ]);
    let made = rest.create_repository("restore-large", "large");
    work.run(&["push", "--quiet", "--mirror", &made.url()]);
    for _ in 0..3 {
        let begun = Instant::now();
        rest.delete(&made.path("")).result(202);
        let gone = begun.elapsed();
        let begun = Instant::now();
        restore(&rest, &made, &json!({})).result(200);
        let restored = begun.elapsed();
        eprintln!("deleted in {gone:?}, restored in {restored:?}");
        assert!(restored < Duration::from_millis(500), "{restored:?}");
    }
    work.run(&["ls-remote", &made.url()]);
}
