//! Pushes and REST change the same ref at the same time.

use std::sync::Barrier;
use std::thread;

use super::*;

#[test]
fn when_a_push_and_a_write_race_one_wins_and_the_other_is_told() {
    let desk = Desk::new("race");
    let [first, second] = [0, 1].map(|number| desk.commits[number].clone());
    for round in 0..6 {
        let name = format!("refs/heads/race-{round}");
        desk.update(&json!([{"name": name, "new": desk.commits[2]}]));
        let barrier = Barrier::new(2);
        let lease = format!("--force-with-lease={name}:{}", desk.commits[2]);
        let refspec = format!("{first}:{name}");
        let url = desk.hosted.url();
        let arguments = ["push", "--quiet", &lease, &url, &refspec];
        let body = json!({"updates": [{"name": name, "new": second, "old": desk.commits[2]}]});
        let (pushed, written) = thread::scope(|scope| {
            let push = scope.spawn(|| {
                barrier.wait();
                desk.source.try_run(&arguments, b"")
            });
            barrier.wait();
            let written = desk.post(&body);
            (push.join().unwrap(), written)
        });
        let is_pushed = pushed.ok;
        assert_ne!(is_pushed, written.status == 200, "{}", pushed.stderr);
        if is_pushed {
            let error = refused(&written, 409, CONFLICT, "/updates/0/old");
            assert_eq!(error["details"]["actual"], first);
        }
        let winner = if is_pushed { &first } else { &second };
        assert_eq!(desk.find(&name).as_ref(), Some(winner));
    }
}

#[test]
fn each_success_of_many_writers_of_one_ref_is_one_entry() {
    let desk = Desk::new("crowd");
    let wins: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..16)
            .map(|writer: usize| {
                let desk = &desk;
                scope.spawn(move || {
                    let new = &desk.commits[writer % 2];
                    let body = json!({"updates":
                        [{"name": "refs/heads/main", "new": new, "old": desk.commits[2]}]});
                    usize::from(desk.post(&body).status == 200)
                })
            })
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .sum()
    });
    assert_eq!(wins, 1);
    assert_eq!(desk.entries().len(), 2);
}

#[test]
fn equal_writes_with_one_key_at_the_same_time_are_done_once() {
    let desk = Desk::new("same");
    let body = json!({"branch": "main", "message": "m", "allow_empty": true});
    let answers: Vec<Answer> = thread::scope(|scope| {
        let writers: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| desk.keyed("/commits", "same", &body)))
            .collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap())
            .collect()
    });
    for answer in &answers {
        if answer.status != 201 {
            assert_eq!(answer.error_code(409), 10_301);
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    let again = desk.keyed("/commits", "same", &body);
    let made = answers.iter().filter(|answer| answer.status == 201);
    assert!(made.clone().count() > 0);
    assert!(made.into_iter().all(|answer| answer.body == again.body));
    assert_eq!(desk.entries().len(), 2, "one push, one commit");
}
