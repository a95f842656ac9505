//! Complete and partial clones: each has exactly the refs of the model, and all their objects.

use super::super::judge;
use super::super::worker::Worker;

pub fn clone(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    judge::clone_is_whole(worker, &worker.repositories[place]);
}

/// Clones with a depth, or without blobs.
pub fn clone_in_part(worker: &mut Worker<'_>) {
    let Some(place) = worker.pick() else { return };
    let option = ["--depth=1", "--filter=blob:none", "--depth=3"][worker.random.below(3)];
    let name = worker.name("part");
    let url = worker.repositories[place].hosted.url();
    let since = worker.world.calm();
    let arguments = ["clone", "--quiet", "--bare", option, &url, &name];
    let ended = worker.scratch.git().try_run(&arguments, b"");
    if ended.ok {
        let git = worker.scratch.git_in(&name);
        git.run(&["fsck", "--strict", "--no-dangling", "--no-progress"]);
    } else {
        worker.git_failed(&arguments, &ended.stderr, since);
    }
    let _ = std::fs::remove_dir_all(worker.scratch.join(&name));
}
