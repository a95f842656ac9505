//! Commits and refs by REST: the server does each once, however often a worker requests it.

use serde_json::json;

use super::super::worker::Worker;
use super::pushes::{MAIN, moved};

pub fn commit(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let repository = worker.repositories[place].clone();
    let Some(tip) = repository.tip(MAIN) else {
        return;
    };
    let path = format!("d{}/f{}", worker.random.below(3), worker.random.below(6));
    let body = json!({
        "branch": "main", "message": "by REST", "expected_head": tip,
        "files": [{"path": path, "content": format!("{}\n", worker.random.next())}],
    });
    let known = worker.post(&repository.path("/commits"), &body);
    if known.answer.status != 201 {
        return worker.wrong(
            &format!("a commit on {tip} of {}", repository.name()),
            &known,
        );
    }
    let made = known.answer.json()["result"]["commit"]
        .as_str()
        .unwrap()
        .to_owned();
    worker.repositories[place].note(moved(MAIN, Some(tip), &made));
    worker.take_over(place, &made);
}

/// Creates or deletes a branch.
pub fn move_refs(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let repository = worker.repositories[place].clone();
    let Some(tip) = repository.tip(MAIN) else {
        return;
    };
    let topics = repository.topics();
    let mut change = match topics.len() {
        0..3 => moved(&worker.name("refs/heads/topic"), None, tip),
        count => {
            let name = &topics[worker.random.below(count)];
            moved(name, repository.tip(name), tip)
        }
    };
    if change.before.is_some() && worker.random.percent(50) {
        change.after = None;
    }
    let update = json!({"name": change.name, "old": change.before, "new": change.after});
    let known = worker.post(&repository.path("/refs"), &json!({"updates": [update]}));
    if known.answer.status != 200 {
        return worker.wrong(&format!("{change:?} of {}", repository.name()), &known);
    }
    if change.before != change.after {
        worker.repositories[place].note(change);
    }
}
