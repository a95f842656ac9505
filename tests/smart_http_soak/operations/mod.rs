//! The operations of a worker.
//!
//! A new kind of operation is a file here and a line of [`OPERATIONS`]. Mirrors, for example, would set
//! an upstream or a downstream on another repository of the worker, and expect its refs there after a
//! `sync`.

mod clones;
mod commits;
mod forks;
mod large_files;
mod lives;
mod maintenance;
mod merges;
mod purges;
mod pushes;
mod renames;
pub mod repositories;

use super::worker::Worker;

type Operation = fn(&mut Worker<'_>);

/// Each operation with its frequency and its name.
const OPERATIONS: [(usize, &str, Operation); 17] = [
    (22, "pushes", pushes::push),
    (6, "pushes of several refs", pushes::push_several),
    (8, "clones", clones::clone),
    (6, "partial clones", clones::clone_in_part),
    (14, "commits by REST", commits::commit),
    (6, "changes of refs by REST", commits::move_refs),
    (7, "merges", merges::merge),
    (3, "merges of forks", merges::merge_fork),
    (5, "forks", forks::fork),
    (7, "large files", large_files::put),
    (4, "repositories", repositories::create),
    (3, "changes of settings", repositories::change),
    (2, "deletions", lives::delete),
    (5, "restores and ends", lives::restore),
    (2, "renames", renames::rename),
    (3, "purges", purges::purge),
    (8, "maintenance", maintenance::maintain),
];

/// Runs one operation.
pub fn one(worker: &mut Worker<'_>) {
    let sum: usize = OPERATIONS.iter().map(|(often, ..)| often).sum();
    let mut place = worker.random.below(sum);
    for (often, name, operation) in OPERATIONS {
        if place < often {
            worker.world.count(name);
            return operation(worker);
        }
        place -= often;
    }
}
