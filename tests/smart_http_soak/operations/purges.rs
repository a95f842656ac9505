//! Purges: unreachable objects are gone at once, and all others stay.

use std::collections::BTreeSet;

use serde_json::json;
use ureq::http::Method;

use super::super::judge;
use super::super::worker::Worker;

pub fn purge(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick_where(|one| !one.left_behind.is_empty()) else {
        return;
    };
    let repository = worker.repositories[place].clone();
    // The request has no key: it may be repeated, and a key of a broken request would stay taken for a
    // minute.
    let (path, body) = (repository.path("/purge-unreachable"), json!({}));
    let known = worker
        .world
        .definitely(Method::POST, &path, Some(&body), "");
    if known.answer.status != 200 {
        return worker.wrong(&format!("a purge of {}", repository.name()), &known);
    }
    worker.repositories[place].left_behind.clear();
    let told = format!(
        "{} (sent {} times before)",
        known.answer.text(),
        known.repeated
    );
    let left_behind: BTreeSet<_> = repository.left_behind.iter().collect();
    for id in left_behind {
        let mut arguments = vec!["rev-list", "--max-count=1", id, "--not"];
        arguments.extend(repository.refs.values().map(String::as_str));
        if worker.objects.run(&arguments).is_empty() {
            continue;
        }
        worker.world.count("commits purged");
        let answer = worker.world.get(&repository.path(&format!("/commit/{id}")));
        if answer.status != 404 {
            let name = repository.name();
            let what = format!("{id} of {name} outlived a purge: {told}");
            worker.world.fault(what);
        }
    }
    judge::clone_is_whole(worker, &repository);
}
