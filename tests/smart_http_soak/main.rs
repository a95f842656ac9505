//! Everything at once, for as long as one likes: workers push, clone, commit, merge, fork, delete and restore,
//! while the server is killed, its disk is full, and R2 and the queue fail. A model knows what was
//! acknowledged; all of that must be there after each restart and at the end.
//!
//! `make soak MINUTES=30 SEED=7` runs it; `make test` runs it for a minute.
//!
//! | file | what |
//! |---|---|
//! | `plan` | how long, and which seed |
//! | `world` | the server, and what all threads share |
//! | `caller` | requests that are repeated until their answer is known |
//! | `faults` | what befalls the server |
//! | `model` | a repository as it must be |
//! | `worker` | one who works on repositories of its own |
//! | `operations` | what a worker does, a file each |
//! | `disk` | a disk that is full for a while |
//! | `judge`, `feeds`, `remains` | what must hold at the end: content; events and deliveries; R2 |
//! | `report` | what is printed |

// The lints of wire data: here every surprise is a failed test. Threads and clocks, in a test.
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
