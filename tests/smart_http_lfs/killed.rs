//! Uploads that nobody ends: killed at each step, or longer than the repository waits for them.

use std::time::Duration;

use serde_json::{Value, json};

use super::client::{Lfs, Object, Upload, message_in};
use super::state::{change, change_account, change_running, lfs_keys, rows, uploads};
use crate::support::rest::{Hosted, Rest};
use crate::support::server::Server;
use crate::support::wait::until_true;

/// How long the server may take for its work in the background.
const BACKGROUND: Duration = Duration::from_secs(30);

/// Objects that are given up go at once.
pub const AT_ONCE: [(&str, &str); 2] = [
    ("CAIRN_R2_GRACE_SECONDS", "0"),
    ("CAIRN_SETTLE_SECONDS", "0"),
];

/// Makes an upload look as if it had begun long ago.
const LONG_AGO: &str = "UPDATE lfs_object SET at = 1 WHERE stored = 0";

fn create(server: &Server, namespace: &str, name: &str) -> (Hosted, Lfs) {
    let hosted = server.rest().create_repository(namespace, name);
    let lfs = Lfs::of(&hosted, server.rest().with_bearer(&hosted.token));
    (hosted, lfs)
}

fn maintain(rest: &Rest, hosted: &Hosted, task: &str) -> Value {
    let path = hosted.path("/maintenance");
    rest.post(&path, &json!({ "task": task })).result(200)
}

/// An upload of which the first half is sent, once its repository knows of it.
fn half_sent(server: &Server, hosted: &Hosted, lfs: &Lfs, object: &Object) -> Upload {
    let token = hosted.token.split('?').next().unwrap();
    let length = format!("Content-Length: {}", object.bytes.len());
    let mut upload = Upload::begin(server, lfs, token, object, &length);
    upload.send(&object.bytes[..object.bytes.len() / 2]);
    until_true("the row of the upload", BACKGROUND, || {
        uploads(server.state()) == 1
    });
    upload
}

/// The names in R2, and how many objects the one repository and its network's account have.
fn left(server: &Server) -> (Vec<String>, i64, i64) {
    let state = server.state();
    let held = "SELECT count(*) FROM pack_holder WHERE r2_key LIKE 'lfs/%'";
    let (own, account) = (
        rows(state, "RepoDo", "SELECT count(*) FROM lfs_object"),
        rows(state, "NetworkDo", held),
    );
    let oid = |key: String| key.rsplit('/').next().unwrap().to_owned();
    (lfs_keys(state).into_iter().map(oid).collect(), own, account)
}

/// Waits until this one repository has only these objects left.
fn nothing_more(server: &Server, objects: &[&Object]) {
    let mut names: Vec<_> = objects.iter().map(|object| object.oid.clone()).collect();
    names.sort();
    let count = i64::try_from(names.len()).unwrap();
    until_true("nothing more is left", BACKGROUND, || {
        let (mut keys, own, account) = left(server);
        keys.sort();
        (keys, own, account) == (names.clone(), count, count)
    });
}

#[test]
fn an_upload_that_was_killed_and_never_repeated_leaves_nothing() {
    let mut server = Server::start_with(&AT_ONCE);
    let (hosted, lfs) = create(&server, "lfs-killed", "repo");
    let (kept, object) = (Object::of("kept"), Object::of_length(500_000, 61));
    assert_eq!(lfs.put(&kept).status, 200);
    let forget = |server: &mut Server| {
        server.restart_after(|state| {
            assert_eq!(change(state, LONG_AGO), 1);
        });
        assert!(!lfs.has(&object));
        maintain(&server.rest(), &hosted, "run");
        nothing_more(server, &[&kept]);
        assert_eq!(maintain(&server.rest(), &hosted, "verify")["ok"], true);
    };
    // Before R2 has the bytes.
    let upload = half_sent(&server, &hosted, &lfs, &object);
    server.crash();
    drop(upload);
    forget(&mut server);
    // Between the row and the network's account.
    let upload = half_sent(&server, &hosted, &lfs, &object);
    server.crash();
    drop(upload);
    server.restart_after(|state| {
        let sql = "DELETE FROM pack_holder WHERE r2_key = ?1";
        assert_eq!(change_account(state, sql, &object.oid), 1);
    });
    forget(&mut server);
    // Between R2's answer and the row.
    assert_eq!(lfs.put(&object).status, 200);
    server.restart_after(|state| {
        let sql = "UPDATE lfs_object SET stored = 0, at = 1 WHERE object_bytes = 500000";
        assert_eq!(change(state, sql), 1);
        let sql = "UPDATE lfs_account SET object_count = 1, object_bytes = 4";
        assert_eq!(change(state, sql), 1);
    });
    forget(&mut server);
    assert_eq!(lfs.put(&object).status, 200);
    assert!(lfs.has(&object) && lfs.has(&kept));
    // A digest opens nothing where it was not uploaded.
    let (_, other) = create(&server, "lfs-killed", "other");
    assert!(!other.has(&object));
}

/// Forgets the upload under way, and waits until R2 was told to remove its object.
fn forget(server: &Server, hosted: &Hosted) {
    assert_eq!(change_running(server.state(), "RepoDo", LONG_AGO), 1);
    maintain(&server.rest(), hosted, "run");
    let removed = "SELECT count(*) FROM doomed_pack WHERE removed_once = 1";
    until_true("the removal of its key", BACKGROUND, || {
        rows(server.state(), "NetworkDo", removed) == 1
    });
}

/// Sends the rest of an upload that was forgotten.
fn is_refused(mut upload: Upload, object: &Object) {
    upload.send(&object.bytes[object.bytes.len() / 2..]);
    let (status, said) = upload.answer();
    assert_eq!(status, 503, "{said}");
    let told = message_in(&said);
    assert!(told.contains("was given up: send it once more"), "{told}");
}

/// Between the two the key was given up: R2's object may have been removed after the earlier one wrote it.
#[test]
fn an_upload_that_was_forgotten_does_not_count_as_the_one_that_began_after_it() {
    let server = Server::start_with(&AT_ONCE);
    let (hosted, lfs) = create(&server, "lfs-late", "again");
    let object = Object::of_length(500_000, 63);
    let early = half_sent(&server, &hosted, &lfs, &object);
    forget(&server, &hosted);
    let mut later = half_sent(&server, &hosted, &lfs, &object);
    is_refused(early, &object);
    assert!(!lfs.has(&object));
    later.send(&object.bytes[object.bytes.len() / 2..]);
    assert_eq!(later.answer().0, 200);
    assert!(lfs.has(&object));
    assert_eq!(maintain(&server.rest(), &hosted, "verify")["ok"], true);
}

#[test]
fn an_upload_that_ends_after_its_row_was_forgotten_is_to_be_repeated_and_leaves_nothing() {
    let server = Server::start_with(&AT_ONCE);
    let (hosted, lfs) = create(&server, "lfs-late", "repo");
    let (first, object) = (Object::of("first"), Object::of_length(500_000, 62));
    assert_eq!(lfs.put(&first).status, 200);
    let late = || {
        let upload = half_sent(&server, &hosted, &lfs, &object);
        forget(&server, &hosted);
        is_refused(upload, &object);
        assert!(!lfs.has(&object));
        let mut keys = lfs_keys(server.state());
        keys.retain(|key| key.ends_with(&object.oid));
        assert_eq!(keys.len(), 1, "R2 has taken the bytes");
    };
    late();
    // Nobody repeats it, and its day is over. Any upload wakes the network's object.
    let over = "UPDATE doomed_pack SET due_at = 1";
    assert_eq!(change_running(server.state(), "NetworkDo", over), 1);
    let second = Object::of("second");
    assert_eq!(lfs.put(&second).status, 200);
    nothing_more(&server, &[&first, &second]);
    // A client that repeats the upload keeps it.
    late();
    assert_eq!(lfs.put(&object).status, 200);
    let doomed = "SELECT count(*) FROM doomed_pack";
    assert_eq!(rows(server.state(), "NetworkDo", doomed), 0);
    assert!(lfs.has(&object));
    nothing_more(&server, &[&first, &second, &object]);
    assert_eq!(maintain(&server.rest(), &hosted, "verify")["ok"], true);
}
