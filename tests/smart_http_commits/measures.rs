//! How long commits by REST take, beside git. They judge the times that have a bar in seconds, and print the
//! rest.

// A clock, in measurements that run by name.
#![allow(clippy::disallowed_methods)]

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Desk;
use crate::support::history::noise;
use crate::support::rest::Rest;
use crate::support::scratch::Scratch;
use crate::support::server::Server;

/// The median of several runs.
fn median(runs: usize, mut run: impl FnMut(usize)) -> Duration {
    let mut times: Vec<Duration> = (0..runs)
        .map(|number| {
            let begun = Instant::now();
            run(number);
            begun.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[runs / 2]
}

#[test]
#[ignore = "a measurement"]
fn a_thousand_files_in_one_commit_take_a_second_at_most() {
    let desk = Desk::new("thousand");
    let bytes = noise(7, 2_000_000);
    let text = |at: usize| {
        let hex = |byte: &u8| format!("{byte:02x}");
        bytes[at * 1000..(at + 1) * 1000]
            .iter()
            .map(hex)
            .collect::<String>()
    };
    let mut took = Vec::new();
    for round in 0..5 {
        let file = |number: usize| {
            let path = format!("d{}/f{number}", number % 20);
            json!({"path": path, "content": format!("{round}{}", text(number))})
        };
        let files: Vec<Value> = (0..1000).map(file).collect();
        let body = json!({"branch": "main", "message": "m", "files": files});
        let begun = Instant::now();
        desk.post(&body).result(201);
        took.push(begun.elapsed());
    }
    took.sort_unstable();
    println!("1,000 files of 2 KB: {took:?}");
    desk.clone("clone");
    assert!(took[2] <= Duration::from_secs(1), "{took:?}");
}

#[test]
#[ignore = "a measurement"]
fn a_commit_of_one_file_takes_half_of_a_shallow_clone_and_a_push_at_most() {
    for files in [400, 24_000] {
        let desk = Desk::new(&format!("size{files}"));
        let source = desk.scratch.repository("source");
        let mut stream =
            b"commit refs/heads/main\ncommitter a <a@x> 1700000000 +0000\ndata 1\nm\n".to_vec();
        for number in 0..files {
            let content = format!("content of {number}, which is like no other\n");
            let path = format!("d{}/e{}/f{number}", number % 50, number % 500);
            stream.extend_from_slice(
                format!("M 644 inline {path}\ndata {}\n{content}\n", content.len()).as_bytes(),
            );
        }
        source.run_with(&["fast-import", "--quiet"], &stream);
        let url = desk.hosted.url();
        source.run(&["push", "--quiet", &url, "main"]);
        let by_rest = median(9, |run| {
            desk.commit("main", &[("d1/e1/new", &format!("{run}"))]);
        });
        let by_git = median(5, |run| {
            let clone = desk.scratch.clone(&url, &format!("c{run}"), &["--depth=1"]);
            clone.write("d1/e1/new", format!("git {run}"));
            clone.commit("by git");
            clone.run(&["push", "--quiet", "origin", "main"]);
        });
        println!("{files} files: by REST {by_rest:?}, by git {by_git:?}");
        assert!(by_rest * 2 <= by_git, "{by_rest:?} of {by_git:?}");
    }
}

/// Objects of the repositories in which a commit is to take the same CPU.
const SIZES: [usize; 3] = [1_000, 50_000, 400_000];

/// Commits of a block, and blocks for each repository, by turns.
const BLOCK: u32 = 30;
const BLOCKS: usize = 7;

/// A repository of so many small files, none of whose directories has more than a hundred entries.
fn of_size(server: &Server, objects: usize) -> (Rest, String) {
    let scratch = Scratch::new();
    let source = scratch.bare_repository("source");
    let mut stream =
        b"commit refs/heads/main\ncommitter a <a@x> 1700000000 +0000\ndata 1\nm\n".to_vec();
    for number in 0..objects {
        let path = format!("d{}/e{}/f{number}", number / 10_000, number / 100);
        let content = format!("of {number}\n");
        let file = format!("M 644 inline {path}\ndata {}\n{content}\n", content.len());
        stream.extend_from_slice(file.as_bytes());
    }
    source.run_with(&["fast-import", "--quiet"], &stream);
    let rest = server.rest();
    let hosted = rest.create_repository("commits-cpu", &format!("size-{objects}"));
    source.run(&["push", "--quiet", &hosted.url(), "main"]);
    (rest.with_bearer(&hosted.token), hosted.path("/commits"))
}

#[test]
#[ignore = "a measurement: it pushes 400,000 objects"]
fn a_commit_of_one_file_takes_the_same_cpu_in_repositories_of_any_size() {
    let server = Server::start_with(&[
        ("CAIRN_SETTLE_SECONDS", "86400"),
        ("CAIRN_RATE_REQUESTS", "0"),
    ]);
    let desks = SIZES.map(|objects| of_size(&server, objects));
    let mut number = 0;
    let mut block = |desk: usize| {
        let (client, path) = &desks[desk];
        let before = server.cpu_time();
        for _ in 0..BLOCK {
            number += 1;
            let files = json!([{"path": "d0/e1/new", "content": format!("{number}")}]);
            let body = json!({"branch": "main", "message": "m", "files": files});
            client.post(path, &body).result(201);
        }
        server.cpu_time().saturating_sub(before) / BLOCK
    };
    let mut spent = SIZES.map(|_| Vec::new());
    for round in 0..=BLOCKS {
        for (desk, spent) in spent.iter_mut().enumerate() {
            let each = block(desk);
            // The first round warms up.
            if round > 0 {
                spent.push(each);
            }
        }
    }
    let medians = spent.map(|mut spent| {
        spent.sort_unstable();
        spent[spent.len() / 2]
    });
    println!("CPU of a commit at {SIZES:?} objects: {medians:.2?}");
    let (most, least) = (medians.iter().max().unwrap(), medians.iter().min().unwrap());
    assert!(
        most.as_secs_f64() <= least.as_secs_f64() * 1.2,
        "{medians:?}"
    );
}
