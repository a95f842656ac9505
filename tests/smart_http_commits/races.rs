//! Many writers at once.

use std::collections::BTreeSet;
use std::thread;

use serde_json::json;

use crate::support::server::server;
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
