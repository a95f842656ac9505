//! Imports that take objects of Git LFS, and are slow, killed or deleted; and how long many objects take.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::lfs::{given, has_all, lfs, objects, reason, source};
use super::story::{PRIVATE, begin, ready, server, until};
use super::support::lfs_files::{Gives, LfsFiles, oid};
use super::support::remote::Rules;
use super::support::rest::Hosted;
use super::support::scratch::Scratch;
use super::support::server::Server;

#[test]
fn objects_that_are_slow_or_too_many_are_given_up() {
    let server = Server::start_with(&[
        PRIVATE,
        ("CAIRN_IMPORT_LFS_OBJECT_MS", "300"),
        ("CAIRN_IMPORT_LFS_BYTES_MAX", "100000"),
    ]);
    let mut objects = objects(3);
    objects.push(vec![0; 200_000]);
    let source = source(&objects);
    let mut files = LfsFiles::of(&objects);
    files.set(&objects[1], Gives::Stall(objects[1].len()));
    source.remote.set(lfs(files));
    let rest = server.rest();
    let hosted = begin(&rest, "import-lfs", "slow", &json!({ "url": source.url() }));
    let report = ready(&rest, &hosted)["lfs_import"].clone();
    assert_eq!(report["objects"], 2, "{report}");
    let told = reason(&report, &objects[1]);
    assert!(told.contains("too slowly"), "{told}");
    let told = reason(&report, &objects[3]);
    assert!(told.contains("at most 100000 bytes"), "{told}");
}

/// An import of five objects, killed when four of them are here. The remote answers well from then on;
/// gives the repository as shown in the end, and how many objects were taken after the kill.
fn killed(credentials: Option<&str>, objects: &[Vec<u8>]) -> (Server, Hosted, Value, usize) {
    let mut server = Server::start_with(&[PRIVATE]);
    let source = source(objects);
    let mut files = LfsFiles::of(objects);
    files.set(&objects[2], Gives::Stall(objects[2].len()));
    let rules = |files| Rules {
        credentials: credentials.map(str::to_owned),
        ..lfs(files)
    };
    source.remote.set(rules(files));
    let rest = server.rest();
    let url = match credentials {
        Some(credentials) => source.remote.url_with(credentials, "source.git"),
        None => source.url(),
    };
    let hosted = begin(&rest, "import-lfs", "killed", &json!({ "url": url }));
    let shown = until(&rest, &hosted, |answer| {
        answer.json()["result"]["import"]["lfs_objects"] == 4
    });
    let shown = shown.result(200);
    let import = &shown["import"];
    assert_eq!(
        (&shown["status"], &import["phase"]),
        (&json!("importing"), &json!("lfs"))
    );
    assert_eq!(import["total_lfs_objects"], 5, "{shown}");
    server.crash();
    source.remote.set(rules(LfsFiles::of(objects)));
    let before = source.remote.seen().len();
    let rest = server.rest();
    let shown = ready(&rest, &hosted);
    let seen = source.remote.seen();
    let taken = seen[before..].iter().filter(|seen| seen.method == "GET");
    (server, hosted, shown["lfs_import"].clone(), taken.count())
}

#[test]
fn taking_objects_goes_on_after_the_server_was_killed() {
    let objects = objects(5);
    let (server, hosted, report, taken) = killed(None, &objects);
    assert_eq!(report["objects"], 5, "{report}");
    assert_eq!(taken, 1, "what was here was not taken again");
    has_all(&server.rest(), &hosted, &objects);
}

#[test]
fn without_its_credentials_a_killed_import_keeps_its_objects() {
    let objects = objects(5);
    let (server, hosted, report, taken) = killed(Some("me:secret"), &objects);
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("credentials are not stored"), "{report}");
    assert_eq!(
        (&report["objects"], &report["missing"]["count"]),
        (&json!(4), &json!(1))
    );
    assert_eq!((taken, reason(&report, &objects[2])), (0, ""));
    has_all(
        &server.rest(),
        &hosted,
        &[objects[0].clone(), objects[4].clone()],
    );
    Scratch::new()
        .clone(&hosted.url(), "clone", &[])
        .fsck_strict();
}

#[test]
fn deleting_ends_an_import_that_takes_objects() {
    let objects = objects(2);
    let source = source(&objects);
    let mut files = LfsFiles::of(&objects);
    files.set(&objects[1], Gives::Stall(objects[1].len()));
    source.remote.set(lfs(files));
    let rest = server().rest();
    let hosted = begin(
        &rest,
        "import-lfs",
        "deleted",
        &json!({ "url": source.url() }),
    );
    until(&rest, &hosted, |answer| {
        answer.json()["result"]["import"]["lfs_objects"] == 1
    });
    assert_eq!(rest.delete(&hosted.path("")).status, 202);
    let empty = rest.create_repository("import-lfs", "deleted");
    assert_eq!(given(&rest, &empty, &oid(&objects[0])), None);
}

/// How long a thousand small objects take, and how many requests: `cargo test --test
/// smart_http_import -- --ignored --nocapture thousand`.
#[test]
#[ignore = "a measurement"]
fn a_thousand_objects_are_timed() {
    let objects = objects(1000);
    let source = source(&objects);
    source.remote.set(lfs(LfsFiles::of(&objects)));
    let rest = server().rest();
    for wanted in [false, true] {
        let before = source.remote.seen().len();
        let began = Instant::now();
        let body = json!({ "url": source.url(), "lfs": wanted });
        let hosted = begin(&rest, "import-lfs", &format!("thousand-{wanted}"), &body);
        let shown = ready(&rest, &hosted);
        let took = began.elapsed();
        let seen = source.remote.seen().split_off(before);
        let count = |end: &str| seen.iter().filter(|seen| seen.path.ends_with(end)).count();
        let gets = seen
            .iter()
            .filter(|seen| seen.path.contains("/info/lfs/objects/"))
            .count();
        println!(
            "lfs {wanted}: {took:?}, {} batches, {} objects; {}",
            count("/objects/batch"),
            gets - count("/objects/batch"),
            shown["lfs_import"]
        );
        // From the last object of a page to the question for the next one: another alarm.
        let pairs = seen.windows(2);
        let pages = pairs.filter(|pair| pair[1].path.ends_with("/objects/batch"));
        let between = pages.map(|pair| pair[1].at - pair[0].at);
        println!("between pages: {:?}", between.sum::<Duration>());
        assert!(took < Duration::from_mins(2));
    }
}
