//! Merges by REST, of a branch and of a fork.

use serde_json::{Value, json};

use super::super::worker::Worker;
use super::super::world::NAMESPACE;
use super::pushes::{MAIN, moved};

const MERGE_CONFLICT: u64 = 10_311;

pub fn merge(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick_where(|one| !one.topics().is_empty()) else {
        return;
    };
    let topics = worker.repositories[place].topics();
    let topic = &topics[worker.random.below(topics.len())];
    merge_from(worker, place, &json!(topic));
}

/// Merges the main branch of another repository.
pub fn merge_fork(worker: &mut Worker<'_>) {
    let (Some(place), Some(other)) = (worker.pick(), worker.pick()) else {
        return;
    };
    if place == other || worker.repositories[other].tip(MAIN).is_none() {
        return;
    }
    let other = worker.repositories[other].name();
    let from = json!({"repository": format!("{NAMESPACE}/{other}"), "ref": MAIN});
    merge_from(worker, place, &from);
}

fn merge_from(worker: &mut Worker<'_>, place: usize, from: &Value) {
    let repository = worker.repositories[place].clone();
    let Some(tip) = repository.tip(MAIN) else {
        return;
    };
    let body = json!({"into": "main", "from": from, "expected_head": tip});
    let known = worker.post(&repository.path("/merge"), &body);
    let answer = known.answer.json();
    let code = answer["errors"][0]["code"].as_u64();
    let has_nothing_in_common = answer["errors"][0]["source"]["pointer"] == "/from";
    match known.answer.status {
        201 => {
            let made = answer["result"]["newHead"].as_str().unwrap();
            worker.repositories[place].note(moved(MAIN, Some(tip), made));
            worker.take_over(place, made);
        }
        200 => {}
        409 if code == Some(MERGE_CONFLICT) || has_nothing_in_common => {
            worker.world.count("merges with conflicts");
        }
        _ => worker.wrong(&format!("{from} merged into {}", repository.name()), &known),
    }
}
