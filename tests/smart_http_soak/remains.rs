//! R2 keeps no unreferenced object: when every repository is gone, R2 is empty.

use std::time::Duration;

use ureq::http::Method;

use super::model::path_of;
use super::support::server::Server;
use super::support::wait::until_true;
use super::worker::Worker;
use super::world::{NAMESPACE, UNDELETE, World};

const PATIENCE: Duration = Duration::from_mins(3);

/// Deletes the remaining repositories for good, and checks that R2 is empty.
pub fn nothing_in_r2(world: &World, server: &Server, workers: Vec<Worker<'_>>) {
    world.count_many(
        "R2 objects before the end",
        server.r2_objects().unsigned_abs(),
    );
    for worker in workers {
        for repository in &worker.repositories {
            let path = match repository.deleted {
                None => repository.path("?purge=true"),
                Some(_) => format!("/api/v1/namespaces/{NAMESPACE}/deleted/{}", repository.id),
            };
            let known = world.definitely(Method::DELETE, &path, None, "");
            if ![200, 202, 204, 404].contains(&known.answer.status) {
                worker.wrong(&path, &known);
            }
        }
    }
    world.definitely(Method::DELETE, &path_of("first", "?purge=true"), None, "");
    until_true("an empty R2", UNDELETE + PATIENCE, || {
        server.r2_objects() == 0
    });
}
