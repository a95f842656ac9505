//! The facts that must hold at the end of a storm.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::followers::{namespace_feed, namespace_sequence, read_all, sequence};
use super::ledger::{Entry, Told, Update};
use super::receivers::{Arrival, Receivers};
use super::storm::Shared;
use super::support::rest::{Hosted, Rest};

const NULL: &str = "0000000000000000000000000000000000000000";
const PUSHED: &str = "cairn.repo.pushed";

/// Both feeds as they are at the end.
pub struct Feeds {
    pub namespace: Vec<Value>,
    /// By the number of the repository.
    pub repositories: Vec<Vec<Value>>,
}

impl Feeds {
    pub fn read(shared: &Shared<'_>) -> Self {
        let read = |hosted: &Hosted| read_all(&shared.rest, &hosted.path("/events"));
        let repositories = shared.hosted.iter().map(read).collect();
        let namespace = read_all(&shared.rest, &namespace_feed(&shared.size.name));
        Self {
            namespace,
            repositories,
        }
    }

    /// Every event stands in both feeds, once and in its order.
    pub fn agree(&self, shared: &Shared<'_>) {
        gap_free(
            self.namespace.iter().map(namespace_sequence),
            "the namespace",
        );
        let mut by_name: HashMap<&str, Vec<Value>> = HashMap::new();
        for event in &self.namespace {
            let mut event_there = event.clone();
            let metadata = event_there["metadata"].as_object_mut().unwrap();
            metadata.remove("namespaceSequence");
            let name = event["source"]["repoName"].as_str().unwrap_or_default();
            by_name.entry(name).or_default().push(event_there);
        }
        for (hosted, feed) in shared.hosted.iter().zip(&self.repositories) {
            gap_free(feed.iter().map(sequence), &hosted.name);
            let there = by_name.remove(&*hosted.name).unwrap_or_default();
            assert_eq!(feed.len(), there.len(), "{} in both feeds", hosted.name);
            for (here, there) in feed.iter().zip(&there) {
                assert_eq!(here, there, "{} in both feeds", hosted.name);
            }
        }
        by_name.remove("");
        assert!(by_name.is_empty(), "events of {:?}", by_name.keys());
        let ids = self
            .namespace
            .iter()
            .map(|event| &event["metadata"]["eventId"]);
        let ids: BTreeSet<_> = ids.map(|id| id.as_str().unwrap()).collect();
        assert_eq!(ids.len(), self.namespace.len(), "ids are unique");
    }

    /// Every change that happened has one event, and no other has any.
    pub fn tell_what_happened(&self, shared: &Shared<'_>) {
        for (number, hosted) in shared.hosted.iter().enumerate() {
            let events = pushes(&self.repositories[number]);
            let told = shared.ledger.of(number);
            each_once(&hosted.name, &events, &told);
            chained(&hosted.name, &events, &refs_of(&shared.rest, hosted));
            let mut logged = reflog_of(&shared.rest, hosted);
            let mut sorted = events;
            logged.sort();
            sorted.sort();
            assert_eq!(sorted, logged, "{} beside its reflog", hosted.name);
        }
    }
}

/// Whether an event tells of an administrative act, such as a new webhook.
pub fn is_audited(event: &Value) -> bool {
    event["type"] == "cairn.namespace.audited"
}

/// 1, 2, 3, …
fn gap_free(sequences: impl Iterator<Item = i64>, whose: &str) {
    for (expected, found) in (1..).zip(sequences) {
        assert_eq!(found, expected, "the sequence of {whose}");
    }
}

/// The changes of refs that events tell of, in order.
fn pushes(events: &[Value]) -> Vec<Update> {
    let id = |value: &Value| {
        let id = value.as_str().filter(|id| *id != NULL);
        id.map(str::to_owned)
    };
    let pushed = events.iter().filter(|event| event["type"] == PUSHED);
    pushed
        .map(|event| Update {
            name: event["payload"]["ref"].as_str().unwrap().to_owned(),
            before: id(&event["payload"]["before"]),
            after: id(&event["payload"]["after"]),
        })
        .collect()
}

fn each_once(name: &str, events: &[Update], told: &[Entry]) {
    let mut counts: HashMap<&Update, usize> = HashMap::new();
    for event in events {
        *counts.entry(event).or_default() += 1;
    }
    let mut known = BTreeSet::new();
    for line in told {
        let count = counts.get(&line.update).copied().unwrap_or(0);
        let fits = match line.told {
            Told::Done | Told::Found => count == 1,
            Told::Refused | Told::Absent => count == 0,
            Told::Lost => count <= 1,
        };
        assert!(fits, "{name}: {count} events of {line:?}");
        known.insert(&line.update);
    }
    for event in counts.keys() {
        assert!(known.contains(event), "{name}: nobody pushed {event:?}");
    }
}

/// Each event of a ref begins where the one before it ended; the last one where the ref is.
fn chained(name: &str, events: &[Update], refs: &BTreeMap<String, String>) {
    let mut at: BTreeMap<&str, &str> = BTreeMap::new();
    for event in events {
        let before = at.get(&*event.name).copied();
        assert_eq!(before, event.before.as_deref(), "{name}: {event:?}");
        match &event.after {
            Some(id) => at.insert(&event.name, id),
            None => at.remove(&*event.name),
        };
    }
    let at: BTreeMap<_, _> = at
        .into_iter()
        .map(|(name, id)| (name.to_owned(), id.to_owned()))
        .collect();
    assert_eq!(&at, refs, "the refs of {name}");
}

fn refs_of(rest: &Rest, hosted: &Hosted) -> BTreeMap<String, String> {
    let listed = rest.get(&hosted.path("/refs?limit=1000&prefix=refs/"));
    let listed = listed.result(200);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed = listed.as_array().unwrap().iter();
    let listed = listed.filter(|entry| entry["name"] != "HEAD");
    listed
        .map(|entry| (text(&entry["name"]), text(&entry["target"])))
        .collect()
}

fn reflog_of(rest: &Rest, hosted: &Hosted) -> Vec<Update> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (mut updates, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = rest.get(&hosted.path(&format!("/reflog?limit=1000&cursor={cursor}")));
        for entry in page.result(200).as_array().unwrap() {
            updates.push(Update {
                name: text(&entry["ref"]).unwrap(),
                before: text(&entry["old"]),
                after: text(&entry["new"]),
            });
        }
        text(&page.json()["result_info"]["cursor"])
            .unwrap()
            .clone_into(&mut cursor);
        if cursor.is_empty() {
            return updates;
        }
    }
}

/// A follower saw the feed up to the last event of the storm, each event once.
pub fn followed(seen: &[Value], feed: &[Value], who: &str) {
    for (seen, event) in seen.iter().zip(feed) {
        assert_eq!(seen, event, "{who}");
    }
    let last = seen.last().map(|event| &event["type"]);
    assert_eq!(
        last,
        Some(&Value::from("cairn.repo.updated")),
        "{who} saw the end"
    );
}

/// A hook took each of these events, and none before those that precede it in its repository.
pub fn delivered<'a>(receivers: &Receivers, path: &str, expected: impl Iterator<Item = &'a Value>) {
    let expected: Vec<_> = expected.collect();
    let arrivals = receivers.arrivals(path);
    let mut by_repository: BTreeMap<&str, Vec<&Arrival>> = BTreeMap::new();
    for arrival in arrivals
        .iter()
        .filter(|arrival| !is_audited(&arrival.event))
    {
        let repository = arrival.event["source"]["repoName"].as_str();
        let repository = repository.unwrap_or_default();
        by_repository.entry(repository).or_default().push(arrival);
    }
    let mut wanted: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for event in expected {
        let repository = event["source"]["repoName"].as_str().unwrap_or_default();
        wanted.entry(repository).or_default().push(event);
    }
    for (repository, wanted) in &wanted {
        let arrived = by_repository.remove(repository).unwrap_or_default();
        in_order(path, repository, wanted, &arrived);
    }
    assert!(by_repository.is_empty(), "{path} got {by_repository:?}");
}

fn in_order(path: &str, repository: &str, wanted: &[&Value], arrived: &[&Arrival]) {
    let mut next = 0;
    // Whether the event that is due was taken already, and only its answer may have been lost.
    let mut was_taken = false;
    for arrival in arrived {
        let place = |number: usize| wanted.get(number).map(|event| sequence(event));
        let found = Some(sequence(&arrival.event));
        if was_taken && found == place(next + 1) {
            (next, was_taken) = (next + 1, false);
        }
        assert_eq!(
            found,
            place(next),
            "{path}: what comes next of {repository}"
        );
        assert_eq!(
            &arrival.event, wanted[next],
            "{path}: an event of {repository}"
        );
        let id = wanted[next]["metadata"]["eventId"].as_str();
        assert_eq!(Some(&*arrival.event_id), id, "{path}: its id");
        was_taken |= arrival.taken;
    }
    let taken = next + usize::from(was_taken);
    assert_eq!(taken, wanted.len(), "{path}: events taken of {repository}");
}
