//! Uploads that break off, come twice, meet a kill, a deletion or an R2 that refuses.

// Threads, in a test.
#![allow(clippy::disallowed_methods)]

use std::thread;
use std::time::Duration;

use super::client::{Lfs, Object, Upload, message};
use super::state::{change, change_bucket, uploads};
use crate::support::rest::Hosted;
use crate::support::server::{Server, server};
use crate::support::wait::until_true;

/// Makes the local R2 refuse every write.
const REFUSE: &str = "CREATE TRIGGER refuse BEFORE INSERT ON _mf_objects
    BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";

const CHUNKED: &str = "Transfer-Encoding: chunked";

fn bare(hosted: &Hosted) -> &str {
    hosted.token.split('?').next().unwrap()
}

/// A repository on a server of its own.
fn create(server: &Server, name: &str) -> (Hosted, Lfs) {
    let hosted = server.rest().create_repository("lfs-broken", name);
    let lfs = Lfs::of(&hosted, server.rest().with_bearer(&hosted.token));
    (hosted, lfs)
}

/// An upload of which the first 300,000 bytes are sent.
fn half_sent(server: &Server, hosted: &Hosted, lfs: &Lfs, object: &Object) -> Upload {
    let length = format!("Content-Length: {}", object.bytes.len());
    let mut upload = Upload::begin(server, lfs, bare(hosted), object, &length);
    upload.send(&object.bytes[..300_000]);
    upload
}

/// Waits until a repository has the row of an upload.
fn wait_for_row(server: &Server) {
    until_true("the row of the upload", Duration::from_secs(10), || {
        uploads(server.state()) == 1
    });
}

#[test]
fn a_body_in_chunks_is_as_long_as_the_path_says() {
    let (hosted, lfs) = Lfs::create("lfs-broken", "chunked");
    let object = Object::of_length(400_000, 4);
    let begin = || Upload::begin(server(), &lfs, bare(&hosted), &object, CHUNKED);
    let mut short = begin();
    short.chunk(&object.bytes[..399_999]);
    short.chunk(b"");
    let (status, said) = short.answer();
    assert_eq!(status, 400, "{said}");
    assert!(said.contains("has not the 400000 bytes"), "{said}");
    let mut long = begin();
    long.chunk(&object.bytes);
    long.chunk(b"x");
    long.chunk(b"");
    let (status, said) = long.answer();
    assert_eq!(status, 400, "{said}");
    assert!(!lfs.has(&object));
    let mut whole = begin();
    for piece in object.bytes.chunks(70_000) {
        whole.chunk(piece);
    }
    whole.chunk(b"");
    assert_eq!(whole.answer().0, 200);
    assert!(lfs.has(&object));
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing_and_is_sent_once_more() {
    let server = Server::start();
    let (hosted, lfs) = create(&server, "broken-off");
    let object = Object::of_length(500_000, 5);
    drop(half_sent(&server, &hosted, &lfs, &object));
    assert!(!lfs.has(&object));
    assert_eq!(server.r2_objects(), 0);
    assert_eq!(lfs.put(&object).status, 200);
    assert!(lfs.has(&object));
    assert_eq!(server.r2_objects(), 1);
}

#[test]
fn a_kill_in_the_middle_of_an_upload_is_repaired_by_the_next() {
    let mut server = Server::start();
    let (hosted, lfs) = create(&server, "killed");
    let object = Object::of_length(500_000, 6);
    let upload = half_sent(&server, &hosted, &lfs, &object);
    wait_for_row(&server);
    server.crash();
    drop(upload);
    assert!(!lfs.has(&object));
    // As a kill between R2's answer and the row leaves it: the bytes are there, the row says no.
    assert_eq!(lfs.put(&object).status, 200);
    server.restart_after(|state| {
        assert_eq!(change(state, "UPDATE lfs_object SET stored = 0"), 1);
    });
    assert!(!lfs.has(&object));
    assert_eq!(lfs.put(&object).status, 200);
    assert!(lfs.has(&object));
}

#[test]
fn several_uploads_of_one_object_at_once() {
    let (hosted, lfs) = Lfs::create("lfs-broken", "at-once");
    let object = Object::of_length(600_000, 7);
    let length = format!("Content-Length: {}", object.bytes.len());
    let mut uploads: Vec<_> = (0..4)
        .map(|_| Upload::begin(server(), &lfs, bare(&hosted), &object, &length))
        .collect();
    for upload in &mut uploads {
        upload.send(&object.bytes[..300_000]);
    }
    // One of them sends something else.
    uploads[0].send(&vec![0; 300_000]);
    for upload in &mut uploads[1..] {
        upload.send(&object.bytes[300_000..]);
    }
    let answers = uploads
        .into_iter()
        .map(|upload| thread::spawn(|| upload.answer().0));
    let answers: Vec<_> = answers.collect();
    let statuses: Vec<_> = answers
        .into_iter()
        .map(|answer| answer.join().unwrap())
        .collect();
    // One that comes when another is done is not looked at.
    assert!([200, 400].contains(&statuses[0]), "{statuses:?}");
    assert_eq!(statuses[1..], [200; 3]);
    assert!(lfs.has(&object));
}

#[test]
fn an_upload_that_r2_turns_away_counts_where_another_has_brought_the_object() {
    let server = Server::start();
    let (hosted, lfs) = create(&server, "turned-away");
    let object = Object::of_length(600_000, 10);
    let mut slow = half_sent(&server, &hosted, &lfs, &object);
    wait_for_row(&server);
    assert_eq!(lfs.put(&object).status, 200);
    change_bucket(server.state(), REFUSE);
    slow.send(&object.bytes[300_000..]);
    let (status, said) = slow.answer();
    assert_eq!(status, 200, "{said}");
    assert!(lfs.has(&object));
}

#[test]
fn a_repository_that_is_deleted_beside_an_upload_stays_away() {
    let (hosted, lfs) = Lfs::create("lfs-broken", "deleted");
    let object = Object::of_length(500_000, 8);
    let mut upload = half_sent(server(), &hosted, &lfs, &object);
    let deleted = server().rest().delete(&hosted.path(""));
    assert!([200, 202].contains(&deleted.status), "{}", deleted.text());
    upload.send(&object.bytes[300_000..]);
    let (status, said) = upload.answer();
    assert!([401, 404].contains(&status), "{said}");
    let (_, again) = Lfs::create("lfs-broken", "deleted");
    assert!(!again.has(&object));
}

#[test]
fn an_r2_that_refuses_is_told_as_such_and_leaves_nothing() {
    let mut server = Server::start();
    let (_, lfs) = create(&server, "refused");
    let (first, second) = (Object::of("first"), Object::of_length(200_000, 9));
    assert_eq!(lfs.put(&first).status, 200);
    server.restart_after(|state| change_bucket(state, REFUSE));
    let told = message(&lfs.put(&second), 502);
    assert!(
        told.starts_with("the storage did not take the object"),
        "{told}"
    );
    assert!(!told.contains("disk"), "{told}");
    assert!(!lfs.has(&second));
    assert!(lfs.has(&first));
    server.restart_after(|state| change_bucket(state, "DROP TRIGGER refuse"));
    assert_eq!(lfs.put(&second).status, 200);
    assert!(lfs.has(&second));
    // R2 loses its objects.
    server.restart_after(|state| change_bucket(state, "DELETE FROM _mf_objects"));
    let told = message(&lfs.get(&second, &[]), 502);
    assert!(
        told.starts_with("the storage did not give the object"),
        "{told}"
    );
}
