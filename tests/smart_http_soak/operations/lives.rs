//! Deletions, restores, and repositories that reach their end.

use std::time::{Duration, Instant};

use serde_json::json;
use ureq::http::Method;

use super::super::model::path_of;
use super::super::worker::Worker;
use super::super::world::UNDELETE;

/// How long before its last moment a restore must still succeed.
const MARGIN: Duration = Duration::from_secs(5);

pub fn delete(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let path = worker.repositories[place].path("");
    let at = Instant::now();
    let known = worker.ask(Method::DELETE, &path, None);
    // An earlier sending of the request may have done it.
    if known.answer.status != 202 && (known.repeated == 0 || known.answer.status != 404) {
        return worker.wrong(&format!("a deletion: {path}"), &known);
    }
    worker.repositories[place].deleted = Some(at);
    is_not_there(worker, place);
}

/// Restores a deleted repository while it may, and checks that expired ones are gone.
pub fn restore(worker: &mut Worker<'_>) {
    let over = |worker: &Worker<'_>| {
        worker.repositories.iter().position(|one| {
            let is_late = |at: Instant| at.elapsed() > UNDELETE * 3;
            one.has_ended() || one.deleted.is_some_and(is_late)
        })
    };
    while let Some(place) = over(worker) {
        worker.world.count("ends");
        is_not_there(worker, place);
        worker.forget(place);
    }
    let place = worker
        .repositories
        .iter()
        .position(|one| one.deleted.is_some());
    let Some(place) = place.filter(|_| worker.random.percent(60)) else {
        return;
    };
    let repository = worker.repositories[place].clone();
    let body = json!({"id": repository.id});
    let known = worker.post(&repository.path("/restore-deleted"), &body);
    let until = repository.deleted.unwrap() + UNDELETE;
    match known.answer.status {
        200 | 201 => {
            worker.world.count("restores");
            worker.repositories[place].deleted = None;
        }
        404 if Instant::now() + MARGIN > until => {}
        _ => worker.wrong(&format!("{} is restored", repository.name()), &known),
    }
}

fn is_not_there(worker: &Worker<'_>, place: usize) {
    let name = worker.repositories[place].name();
    let answer = worker.world.get(&path_of(name, ""));
    if answer.status != 404 {
        let what = format!(
            "{name} is over, and there: {} {}",
            answer.status,
            answer.text()
        );
        worker.world.fault(what);
    }
}
