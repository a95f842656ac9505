//! Many writers at once.

use std::collections::BTreeSet;
use std::thread;

use serde_json::json;

use crate::support::history::noise;
use crate::support::server::server;
use crate::support::wait::until_true;
use crate::{CONFLICT, Desk};

#[test]
fn every_acknowledged_commit_of_64_writers_is_in_the_history_once() {
    let desk = Desk::new("writers");
    desk.commit("main", &[("start", "x")]);
    let path = desk.hosted.path("/commits");
    let acknowledged: Vec<String> = thread::scope(|scope| {
        let writers: Vec<_> = (0..64)
            .map(|number| {
                let (path, desk) = (&path, &desk);
                scope.spawn(move || {
                    let client = server().rest().with_bearer(&desk.hosted.token);
                    let mut head = None;
                    loop {
                        let body = json!({"branch": "main", "message": format!("w{number}"),
                            "expected_head": head.clone().unwrap_or_else(|| "0".repeat(39) + "1"),
                            "files": [{"path": format!("w/{number}"), "content": "x"}]});
                        let answer = client.post(path, &body);
                        match answer.status {
                            201 => {
                                return answer.result(201)["commit"].as_str().unwrap().to_owned();
                            }
                            409 => {
                                let error = &answer.json()["errors"][0];
                                assert_eq!(error["code"], CONFLICT, "{error}");
                                head = error["details"]["actual"].as_str().map(str::to_owned);
                            }
                            429 | 503 => {}
                            _ => panic!("{}", answer.text()),
                        }
                    }
                })
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    });
    let clone = desk.clone("clone");
    let history = clone.run(&["rev-list", "HEAD"]);
    let history: Vec<&str> = history.lines().collect();
    assert_eq!(history.len(), 65);
    let history: BTreeSet<&str> = history.into_iter().collect();
    for commit in &acknowledged {
        assert!(history.contains(commit.as_str()), "{commit}");
    }
    assert_eq!(acknowledged.iter().collect::<BTreeSet<_>>().len(), 64);
    assert_eq!(
        clone
            .run(&["ls-tree", "--name-only", "HEAD:w"])
            .lines()
            .count(),
        64
    );
}

#[test]
fn writers_without_a_guard_build_on_each_other() {
    let desk = Desk::new("unguarded");
    desk.commit("main", &[("start", "x")]);
    thread::scope(|scope| {
        for number in 0..6 {
            let desk = &desk;
            scope.spawn(move || desk.commit("main", &[(&format!("w{number}"), "x")]));
        }
    });
    let clone = desk.clone("clone");
    assert_eq!(clone.run(&["rev-list", "--count", "HEAD"]), "7");
    assert_eq!(
        clone
            .run(&["ls-tree", "--name-only", "HEAD"])
            .lines()
            .count(),
        7
    );
}

#[test]
fn a_push_that_comes_while_lines_arrive_wins_and_the_commit_leaves_nothing() {
    use std::io::{Read as _, Write as _};

    let desk = Desk::new("overtaken");
    let first = desk.commit("main", &[("a", "1")]);
    let clone = desk.clone("clone");
    let metadata = json!({"branch": "main", "message": "m", "expected_head": first["commit"],
        "files": [{"path": "b", "content_id": "b"}]});
    let chunks = [
        crate::chunk("b", noise(8, 1_000_000), false),
        crate::chunk("b", noise(9, 1_000_000), true),
    ];
    let body = crate::lines(&metadata, &chunks);
    let (begin, end) = body.split_at(body.len() - 100_000);
    let before = desk.traces();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server().port())).unwrap();
    let path = desk.hosted.path("/commits");
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {}\r\n\
         content-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n",
        desk.hosted.token,
        body.len()
    )
    .unwrap();
    stream.write_all(begin).unwrap();
    // The guard was found good, and something is in quarantine.
    let patience = std::time::Duration::from_secs(20);
    until_true("the body is taken", patience, || desk.traces() != before);
    clone.write("p", "x");
    let pushed = clone.commit("by git");
    clone.run(&["push", "--quiet", "origin", "main"]);
    stream.write_all(end).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 409"), "{answer}");
    assert!(
        answer.contains(&format!("\"actual\":\"{pushed}\"")),
        "{answer}"
    );
    assert_eq!(desk.stats()["packs"]["quarantined"], 0);
    assert_eq!(desk.stats()["reflog_rows"], 2);
    desk.clone("after");
}

#[test]
fn of_a_push_and_a_commit_that_race_one_wins() {
    let desk = Desk::new("push-race");
    desk.commit("main", &[("a", "1")]);
    let (mut pushed, mut committed) = (0, 0);
    for round in 0..8 {
        let clone = desk
            .scratch
            .clone(&desk.hosted.url(), &format!("c{round}"), &[]);
        let head = clone.run(&["rev-parse", "HEAD"]);
        clone.write("p", format!("{round}"));
        let by_git = clone.commit("by git");
        let body = json!({"branch": "main", "message": "by REST", "expected_head": head,
            "files": [{"path": "r", "content": format!("{round}")}]});
        let (push, answer) = thread::scope(|scope| {
            let push = scope.spawn(|| clone.try_run(&["push", "origin", "main"], b""));
            let answer = desk.post(&body);
            (push.join().unwrap(), answer)
        });
        let is_made = answer.status == 201;
        assert_ne!(push.ok, is_made, "{}\n{}", push.stderr, answer.text());
        let tip = clone.run(&["ls-remote", "origin", "refs/heads/main"]);
        if is_made {
            committed += 1;
            assert!(tip.starts_with(answer.result(201)["commit"].as_str().unwrap()));
        } else {
            pushed += 1;
            assert_eq!(answer.error_code(409), CONFLICT);
            assert!(tip.starts_with(&by_git), "{tip}");
        }
    }
    desk.clone("whole");
    println!("{pushed} pushes won, {committed} commits");
}
