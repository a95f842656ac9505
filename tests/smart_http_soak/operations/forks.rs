//! Forks; many of them have an end of their own.

use std::time::{Duration, Instant};

use serde_json::json;

use super::super::model::Repository;
use super::super::support::rest::Hosted;
use super::super::worker::Worker;
use super::super::world::NAMESPACE;
use super::pushes::MAIN;

/// Repositories that a worker has at once, of any kind.
const THERE_MAX: usize = 10;

pub fn fork(worker: &mut Worker<'_>) {
    if worker.repositories.len() >= THERE_MAX {
        return;
    }
    let Some(place) = worker.pick_where(|one| one.tip(MAIN).is_some()) else {
        return;
    };
    let source = worker.repositories[place].clone();
    let name = worker.name("fork");
    let is_of_one = worker.random.percent(30);
    let life = worker
        .random
        .percent(60)
        .then(|| 20 + worker.random.below(40) as u64);
    let mut body = json!({"name": name, "default_branch_only": is_of_one});
    if let Some(seconds) = life {
        body["ttl_seconds"] = json!(seconds);
    }
    let from = Instant::now();
    let known = worker.post(&source.path("/fork"), &body);
    if known.answer.status != 201 {
        return worker.wrong(&format!("a fork of {}", source.name()), &known);
    }
    let hosted = Hosted::made(NAMESPACE, &known.answer);
    let id = known.answer.json()["result"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let mut fork = Repository::new(hosted, id);
    fork.refs = source.refs.clone();
    fork.large = source.large.clone();
    if is_of_one {
        fork.refs.retain(|name, _| name == MAIN);
        fork.large.clear();
    }
    fork.ends = life.map(|seconds| {
        let life = Duration::from_secs(seconds);
        (from + life, Instant::now() + life)
    });
    worker.repositories.push(fork);
}
