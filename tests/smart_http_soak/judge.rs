//! The checks of a repository: its refs, every object that they reach, and its large files.

use std::collections::BTreeMap;

use serde_json::json;
use ureq::http::Method;

use super::model::Repository;
use super::worker::Worker;
use super::world::World;

/// The refs that a repository has on the server.
pub fn refs_now(worker: &Worker<'_>, repository: &Repository) -> BTreeMap<String, String> {
    let url = repository.hosted.url();
    let listed = worker.git_definitely(&worker.objects, &["ls-remote", "--refs", &url]);
    let lines = listed.lines().filter_map(|line| line.split_once('\t'));
    lines
        .map(|(id, name)| (name.to_owned(), id.to_owned()))
        .collect()
}

/// After a restart: checks that every ref of every repository is where the server acknowledged it.
pub fn refs_are_there(worker: &Worker<'_>) {
    for repository in worker.repositories.iter().filter(|one| one.is_usable()) {
        let found = refs_now(worker, repository);
        if found != repository.refs {
            let what = format!(
                "{}: {found:?} in place of {:?}",
                repository.name(),
                repository.refs
            );
            worker.world.fault(what);
        }
    }
}

/// Checks that a mirror clone has the refs of the model and passes `fsck --strict`. Returns whether the
/// clone succeeded.
pub fn clone_is_whole(worker: &Worker<'_>, repository: &Repository) -> bool {
    let since = worker.world.calm();
    let (url, name) = (repository.hosted.url(), format!("mirror-{}", repository.id));
    let arguments = ["clone", "--quiet", "--mirror", &url, &name];
    let ended = worker.scratch.git().try_run(&arguments, b"");
    if ended.ok {
        let mirror = worker.scratch.git_in(&name);
        let (found, expected) = (mirror.refs(), repository.shown_refs("refs/heads/main"));
        if found != expected {
            let what = format!(
                "a clone of {} has {found:?}, not {expected:?}",
                repository.name()
            );
            worker.world.fault(what);
        }
        let fsck = [
            "fsck",
            "--strict",
            "--full",
            "--no-dangling",
            "--no-progress",
        ];
        let judged = mirror.try_run(&fsck, b"");
        if !judged.ok {
            let what = format!("fsck of {}: {}", repository.name(), judged.stderr);
            worker.world.fault(what);
        }
    } else {
        worker.git_failed(&arguments, &ended.stderr, since);
    }
    let _ = std::fs::remove_dir_all(worker.scratch.join(&name));
    ended.ok
}

/// Checks that the server returns a large file as it was uploaded.
pub fn large_file_is_there(world: &World, repository: &Repository, oid: &str) {
    let path = repository
        .hosted
        .git_path(&format!("info/lfs/objects/{oid}"));
    let answer = world.get(&path);
    if answer.status != 200 || answer.body != repository.large[oid] {
        let (name, status, bytes) = (repository.name(), answer.status, answer.body.len());
        world.fault(format!("{oid} of {name}: {status}, {bytes} bytes"));
    }
}

/// Checks that verification finds no fault. While R2 fails, it may report unreadable objects.
pub fn verifies(world: &World, repository: &Repository) {
    let since = world.calm();
    let body = json!({"task": "verify"});
    let path = repository.path("/maintenance");
    let known = world.definitely(Method::POST, &path, Some(&body), "");
    let is_well = known.answer.status == 200 && known.answer.json()["result"]["ok"] == true;
    if !is_well && (known.answer.status != 200 || world.was_calm(since)) {
        let what = format!("verify of {}: {}", repository.name(), known.answer.text());
        world.fault(what);
    }
}

/// At the end: checks everything that a worker owns.
pub fn all_is_there(worker: &Worker<'_>) {
    refs_are_there(worker);
    for repository in worker.repositories.iter().filter(|one| one.is_usable()) {
        worker.world.count("repositories at the end");
        clone_is_whole(worker, repository);
        for oid in repository.large.keys() {
            large_file_is_there(worker.world, repository, oid);
        }
        verifies(worker.world, repository);
    }
}
