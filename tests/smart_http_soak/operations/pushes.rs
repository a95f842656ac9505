//! Pushes by git: they extend, create, force and delete branches, and create tags.

use super::super::judge;
use super::super::model::Change;
use super::super::worker::Worker;

pub const MAIN: &str = "refs/heads/main";

/// The first push of a repository.
pub fn push_first(worker: &mut Worker<'_>, place: usize) {
    let first = worker.commit(None, "README");
    send(worker, place, vec![change(MAIN, None, Some(first))]);
}

pub fn push(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let changes = any(worker, place).into_iter().collect();
    send(worker, place, changes);
}

/// Several changes in one push: all of them or none.
pub fn push_several(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let mut changes: Vec<Change> = Vec::new();
    for _ in 0..4 {
        if let Some(change) = any(worker, place)
            && changes.iter().all(|other| other.name != change.name)
        {
            changes.push(change);
        }
    }
    send(worker, place, changes);
}

fn change(name: &str, before: Option<&str>, after: Option<String>) -> Change {
    Change {
        name: name.to_owned(),
        before: before.map(str::to_owned),
        after,
    }
}

/// A random change of one ref.
fn any(worker: &mut Worker<'_>, place: usize) -> Option<Change> {
    let repository = worker.repositories[place].clone();
    let main = repository.tip(MAIN)?;
    let topics = repository.topics();
    let topic = match topics.len() {
        0 => None,
        count => Some(topics[worker.random.below(count)].clone()),
    };
    let path = format!("d{}/f{}", worker.random.below(3), worker.random.below(6));
    let roll = worker.random.below(10);
    match (roll, topic) {
        (0, Some(topic)) => Some(change(&topic, repository.tip(&topic), None)),
        (1 | 2, Some(topic)) => {
            let other = worker.commit(Some(main), &path);
            Some(change(&topic, repository.tip(&topic), Some(other)))
        }
        (3 | 4, Some(topic)) => {
            let tip = repository.tip(&topic)?;
            let next = worker.commit(Some(tip), &path);
            Some(change(&topic, Some(tip), Some(next)))
        }
        (5, _) => {
            let name = worker.name("refs/tags/v");
            Some(change(&name, None, Some(main.to_owned())))
        }
        (6, _) => {
            let name = worker.name("refs/heads/topic");
            let tip = worker.commit(Some(main), &path);
            Some(change(&name, None, Some(tip)))
        }
        _ => {
            let middle = worker.commit(Some(main), &path);
            let next = worker.commit(Some(&middle), "log");
            Some(change(MAIN, Some(main), Some(next)))
        }
    }
}

/// Pushes. After a failure, checks whether the server made all changes or none.
fn send(worker: &mut Worker<'_>, place: usize, changes: Vec<Change>) {
    if changes.is_empty() {
        return;
    }
    let url = worker.repositories[place].hosted.url();
    let refspecs = changes.iter().map(|change| {
        let after = change.after.as_deref().unwrap_or_default();
        let force = if after.is_empty() { "" } else { "+" };
        format!("{force}{after}:{}", change.name)
    });
    let refspecs: Vec<_> = refspecs.collect();
    let mut arguments = vec!["push", "--quiet", "--atomic", &url];
    arguments.extend(refspecs.iter().map(String::as_str));
    let since = worker.world.calm();
    let ended = worker.objects.try_run(&arguments, b"");
    if !ended.ok {
        worker.git_failed(&arguments, &ended.stderr, since);
        if !happened(worker, place, &changes) {
            return worker.world.count("pushes that failed");
        }
        worker
            .world
            .count("pushes that were done without an answer");
    }
    for change in changes {
        worker.repositories[place].note(change);
    }
}

/// Whether the server made a push that got no answer.
fn happened(worker: &Worker<'_>, place: usize, changes: &[Change]) -> bool {
    let repository = &worker.repositories[place];
    let refs = judge::refs_now(worker, repository);
    let are = |side: fn(&Change) -> &Option<String>| {
        changes
            .iter()
            .all(|change| refs.get(&change.name) == side(change).as_ref())
    };
    let (after, before) = (are(|change| &change.after), are(|change| &change.before));
    if !after && !before {
        let name = repository.name();
        let what =
            format!("an atomic push to {name} was done in part: {changes:?}, there is {refs:?}");
        worker.world.fault(what);
    }
    after
}

/// The change that an answer of REST reports.
pub fn moved(name: &str, before: Option<&str>, after: &str) -> Change {
    change(name, before, Some(after.to_owned()))
}
