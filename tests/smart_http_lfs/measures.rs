//! Bounds on the costs of batches and transfers: rows, time, heap.

// A clock, in a test.
#![allow(clippy::disallowed_methods)]

use std::time::Instant;

use super::client::{Lfs, Object};
use super::state::note_stored;
use crate::support::rest::Hosted;
use crate::support::server::Server;

/// Objects of a full batch.
const FULL: usize = 1000;

/// Rows that a batch reads beside those of its objects: those of the caller and of the repository.
const ROWS_BESIDE: u64 = 10;

fn create(server: &Server, name: &str) -> (Hosted, Lfs) {
    let hosted = server.rest().create_repository("lfs-measures", name);
    let lfs = Lfs::of(&hosted, server.rest().with_bearer(&hosted.token));
    (hosted, lfs)
}

/// Rows read and written in the repository so far.
fn rows(server: &Server, hosted: &Hosted) -> (u64, u64) {
    let stats = server.rest().get(&hosted.path("/stats")).result(200);
    let count = |what: &str| stats["sql"][what].as_u64().unwrap();
    (count("rows_read"), count("rows_written"))
}

/// Rows read and written by an operation, without those of reading the figures.
fn spent(server: &Server, hosted: &Hosted, operation: impl FnOnce()) -> (u64, u64) {
    let (before, idle) = (rows(server, hosted), rows(server, hosted));
    operation();
    let after = rows(server, hosted);
    let of = |before: u64, idle: u64, after: u64| (after - idle).saturating_sub(idle - before);
    (of(before.0, idle.0, after.0), of(before.1, idle.1, after.1))
}

#[test]
fn a_batch_reads_a_row_an_object_and_an_upload_writes_three() {
    let mut server = Server::start_with(&[("CAIRN_SETTLE_SECONDS", "86400")]);
    let (hosted, lfs) = create(&server, "rows");
    let objects: Vec<_> = (0..FULL)
        .map(|at| Object::of(format!("object {at}")))
        .collect();
    let named: Vec<_> = objects.iter().collect();
    let first = spent(&server, &hosted, || {
        assert_eq!(lfs.put(&objects[0]).status, 200);
    });
    let upload = spent(&server, &hosted, || {
        assert_eq!(lfs.put(&objects[1]).status, 200);
    });
    println!("first upload: {first:?}, upload: {upload:?} rows read and written");
    assert!(upload.1 <= 3, "{upload:?}");
    let again = spent(&server, &hosted, || {
        assert_eq!(lfs.put(&objects[1]).status, 200);
    });
    assert_eq!(again.1, 0, "{again:?}");
    let full = |server: &Server, operation: &str, which: &str| {
        let mut millis = u128::MAX;
        for _ in 0..3 {
            let batch = spent(server, &hosted, || {
                let begun = Instant::now();
                let answer = lfs.batch(operation, &named);
                millis = millis.min(begun.elapsed().as_millis());
                assert_eq!(answer.status, 200);
                assert_eq!(answer.json()["objects"].as_array().unwrap().len(), FULL);
            });
            println!("{operation} of {FULL} {which}: {batch:?} rows read and written, {millis} ms");
            let most = FULL as u64 + ROWS_BESIDE;
            assert!(batch.0 <= most, "{operation}: {batch:?}");
            assert_eq!(batch.1, 0, "{operation}: {batch:?}");
        }
    };
    full(&server, "upload", "that are not here");
    server.restart_after(|state| note_stored(state, &objects));
    full(&server, "upload", "that are here");
    full(&server, "download", "that are here");
}

#[test]
fn bytes_of_objects_stay_out_of_the_heap() {
    let mut server = Server::start();
    let (hosted, lfs) = create(&server, "heap");
    let heap = |server: &Server| {
        let stats = server.rest().get(&hosted.path("/stats")).result(200);
        stats["isolate"]["heap_bytes"].as_u64().unwrap()
    };
    let small = Object::of("small");
    assert_eq!(lfs.put(&small).status, 200);
    server.restart();
    assert!(lfs.has(&small));
    let idle = heap(&server);
    let large = Object::of_length(32 << 20, 12);
    let begun = Instant::now();
    assert_eq!(lfs.put(&large).status, 200);
    let up = begun.elapsed();
    let begun = Instant::now();
    assert!(lfs.get(&large, &[]).body == large.bytes);
    let down = begun.elapsed();
    let grown = heap(&server).saturating_sub(idle);
    println!("32 MiB: up {up:?}, down {down:?}, heap {idle} bytes and {grown} more");
    assert!(grown <= 1 << 20, "{grown} bytes more in the heap");
}
