//! Tasks of maintenance, in the middle of all other work.

use serde_json::json;

use super::super::judge;
use super::super::worker::Worker;

pub fn maintain(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let task = ["run", "verify", "snapshot", "rebuild"][worker.random.below(4)];
    let repository = worker.repositories[place].clone();
    if task == "verify" {
        return judge::verifies(worker.world, &repository);
    }
    let known = worker.post(&repository.path("/maintenance"), &json!({"task": task}));
    if known.answer.status != 200 {
        worker.wrong(&format!("{task} of {}", repository.name()), &known);
    }
}
