//! All kinds of work at once, for any time: workers push, clone, commit, merge, fork, delete and restore.
//! Meanwhile the server is killed, its disk is full, and R2 and the queue fail. A model records every
//! acknowledged change. All of them must be there after each restart and at the end.
//!
//! `make soak MINUTES=30 SEED=7` runs it; `make test` runs it for a minute.
//!
//! | file | what |
//! |---|---|
//! | `plan` | the duration and the seed |
//! | `world` | the server, and the state that all threads share |
//! | `caller` | requests that a worker repeats until it knows the answer |
//! | `faults` | disturbances of the server |
//! | `model` | the expected state of a repository |
//! | `worker` | a worker with repositories of its own |
//! | `operations` | the operations of a worker, a file each |
//! | `disk` | a disk that is full for a while |
//! | `judge`, `feeds`, `remains` | the checks at the end: content; events and deliveries; R2 |
//! | `report` | the printed report |

// Exempts this test from the lints of wire data, threads and clocks: every surprise fails the test.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
#![allow(clippy::disallowed_methods)]
#![allow(clippy::print_stdout, reason = "the report")]

use cairn_test_support as support;

mod caller;
mod disk;
mod faults;
mod feeds;
mod judge;
mod model;
mod operations;
mod plan;
mod remains;
mod report;
mod worker;
mod world;

use std::thread;

use plan::Plan;
use worker::Worker;
use world::World;

#[test]
fn what_was_acknowledged_survives_everything() {
    let plan = Plan::from_environment();
    println!("{plan}");
    let (mut server, world) = World::start(&plan);
    let workers = thread::scope(|scope| {
        let world = &world;
        let working: Vec<_> = (0..plan.workers)
            .map(|number| scope.spawn(move || Worker::new(world, number).work()))
            .collect();
        faults::befall(world, &mut server);
        let ended = working.into_iter().map(thread::ScopedJoinHandle::join);
        ended.map(Result::unwrap).collect::<Vec<_>>()
    });
    world.note_log(&server);
    world.report_faults();
    for worker in &workers {
        judge::all_is_there(worker);
    }
    feeds::tell_everything(&world, &workers);
    let bytes = world.heap_bytes_peak();
    remains::nothing_in_r2(&world, &server, workers);
    world.note_log(&server);
    report::print(&world, bytes);
    world.report_faults();
}
