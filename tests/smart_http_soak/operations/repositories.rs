//! Creates repositories, and changes their settings.

use serde_json::json;
use ureq::http::Method;

use super::super::model::{Repository, path_of};
use super::super::support::rest::Hosted;
use super::super::worker::Worker;
use super::super::world::NAMESPACE;

/// Repositories in use at once.
const USED_MAX: usize = 6;

/// Creates a repository with one commit, unless there are enough.
pub fn create(worker: &mut Worker<'_>) {
    let usable = worker.repositories.iter().filter(|one| one.is_usable());
    if usable.count() >= USED_MAX {
        return;
    }
    let name = worker.name("repo");
    let known = worker.post(
        &format!("/api/v1/namespaces/{NAMESPACE}/repos"),
        &json!({"name": name}),
    );
    if known.answer.status != 201 {
        return worker.wrong(&format!("{name} is made"), &known);
    }
    let hosted = Hosted::made(NAMESPACE, &known.answer);
    let id = known.answer.json()["result"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    worker.repositories.push(Repository::new(hosted, id));
    let place = worker.repositories.len() - 1;
    super::pushes::push_first(worker, place);
}

/// Changes the description.
pub fn change(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let name = worker.repositories[place].name().to_owned();
    let text = format!("{}", worker.random.next());
    let known = worker.ask(
        Method::PATCH,
        &path_of(&name, ""),
        Some(&json!({"description": text})),
    );
    if known.answer.status != 200 {
        return worker.wrong(&format!("{name} is changed"), &known);
    }
    let shown = worker.world.get(&path_of(&name, ""));
    if shown.status != 200 || shown.json()["result"]["description"] != text {
        let what = format!(
            "{name} has not the description that it got: {}",
            shown.text()
        );
        worker.world.fault(what);
    }
}
