//! The namespace's feed: it has no gaps, contains every acknowledged change, and was delivered.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use serde_json::Value;

use super::support::wait::until_true;
use super::worker::Worker;
use super::world::{NAMESPACE, World};

/// The time that outstanding events may take.
const PATIENCE: Duration = Duration::from_mins(3);

/// The first events precede the webhook, or report its creation.
const BEFORE_THE_HOOK: i64 = 2;

const PUSHED: &str = "cairn.repo.pushed";
const NULL: &str = "0000000000000000000000000000000000000000";

/// A change of a ref: repository, ref, before, after.
type Told = (String, String, String, String);

/// Waits until every event was delivered, and judges the order.
pub fn tell_everything(world: &World, workers: &[Worker<'_>]) {
    let happened = happened(workers);
    world.count_many("acknowledged changes of refs", happened.len() as u64);
    let mut events = Vec::new();
    until_true("every change has its event", PATIENCE, || {
        events = read_all(world);
        let told: HashSet<Told> = events.iter().filter_map(told).collect();
        let missing = happened.iter().filter(|change| !told.contains(*change));
        missing.count() == 0
    });
    world.count_many("events", events.len() as u64);
    have_no_gaps(world, &events);
    let later = events.iter().filter(|event| place(event) > BEFORE_THE_HOOK);
    let ids: Vec<String> = later
        .map(|event| text(&event["metadata"]["eventId"]))
        .collect();
    until_true("the queue has every event", PATIENCE, || {
        world.not_queued(&ids) == 0
    });
    until_true("the webhook has every event", PATIENCE, || {
        world.not_hooked(&ids) == 0
    });
}

fn happened(workers: &[Worker<'_>]) -> Vec<Told> {
    let all = workers
        .iter()
        .flat_map(|worker| worker.repositories.iter().chain(&worker.past));
    let id = |id: &Option<String>| id.clone().unwrap_or_else(|| NULL.to_owned());
    let of = all.flat_map(|repository| {
        repository.changes.iter().map(move |change| {
            let (before, after) = (id(&change.before), id(&change.after));
            (repository.id.clone(), change.name.clone(), before, after)
        })
    });
    of.collect()
}

fn told(event: &Value) -> Option<Told> {
    let payload = &event["payload"];
    let field = |name: &str| match &payload[name] {
        Value::Null => NULL.to_owned(),
        value => text(value),
    };
    (event["type"] == PUSHED).then(|| {
        (
            field("repoId"),
            field("ref"),
            field("before"),
            field("after"),
        )
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn place(event: &Value) -> i64 {
    event["metadata"]["namespaceSequence"].as_i64().unwrap()
}

/// Checks that neither the namespace's order nor any repository's order has a gap.
fn have_no_gaps(world: &World, events: &[Value]) {
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for (number, event) in (1..).zip(events) {
        if place(event) != number {
            return world.fault(format!("event {} stands at {number}", place(event)));
        }
        let repository = text(&event["payload"]["repoId"]);
        // Events about the namespace itself have an order of their own.
        let id = text(&event["metadata"]["eventId"]);
        let source = id
            .rsplit_once('_')
            .map_or(repository, |(source, _)| source.to_owned());
        let sequence = event["metadata"]["sequence"].as_i64().unwrap();
        let before = last.insert(source.clone(), sequence).unwrap_or(0);
        if sequence != before + 1 {
            world.fault(format!("{source}: event {sequence} follows {before}"));
        }
    }
}

fn read_all(world: &World) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), 0);
    loop {
        let path = format!("/api/v1/namespaces/{NAMESPACE}/events?limit=1000&after={after}");
        let mut page = world.get(&path).json();
        events.extend(page["result"].as_array().unwrap().clone());
        let info = page["result_info"].take();
        after = info["after"].as_i64().unwrap();
        if after >= info["newest"].as_i64().unwrap() {
            return events;
        }
    }
}
