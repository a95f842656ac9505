//! Disturbances of the server while the workers work: kills, a full disk, and failing services.

use std::time::Duration;

use serde_json::json;

use super::caller::pass;
use super::support::history::Random;
use super::support::server::Server;
use super::world::World;

/// The time after a disturbance in which an object may still pause before its next try.
const RECOVERY: Duration = Duration::from_secs(2);

/// The time between two looks at the heap.
const LOOK: Duration = Duration::from_secs(2);

/// Disturbs the server until the time is over.
pub fn befall(world: &World, server: &mut Server) {
    let mut random = Random(world.plan.seed ^ 0xfa17);
    while !world.left().is_zero() && !world.is_over() {
        stay_calm(world, seconds(&mut random, 4, 10));
        match random.below(10) {
            0..5 => kill(world, server, "kills"),
            5 | 6 => services(world, &mut random, "R2 faults", &json!({"r2": 40})),
            7 => services(world, &mut random, "queue faults", &json!({"queue": 70})),
            8 => {
                world.disturb();
                fail(world, &json!({"r2": 40, "queue": 40}));
                pass(seconds(&mut random, 1, 3));
                crash(world, server, "kills during faults of R2");
            }
            _ => full_disk(world, &mut random),
        }
    }
    world.end();
}

fn seconds(random: &mut Random, from: usize, to: usize) -> Duration {
    Duration::from_secs((from + random.below(to - from)) as u64)
}

fn stay_calm(world: &World, time: Duration) {
    let mut left = time;
    while !left.is_zero() && !world.is_over() {
        world.look_at_heap();
        let step = left.min(LOOK);
        pass(step);
        left -= step;
    }
}

fn kill(world: &World, server: &mut Server, what: &str) {
    world.disturb();
    crash(world, server, what);
}

/// Kills the server, and ends the disturbance.
fn crash(world: &World, server: &mut Server, what: &str) {
    world.count(what);
    // The server writes a new log file after the start.
    world.note_log(server);
    server.crash();
    world.note_restart();
    pass(RECOVERY);
    world.disturb();
}

fn services(world: &World, random: &mut Random, what: &str, failing: &serde_json::Value) {
    world.count(what);
    world.disturb();
    fail(world, failing);
    pass(seconds(random, 3, 7));
    fail(world, &json!({}));
    pass(RECOVERY);
    world.disturb();
}

fn fail(world: &World, failing: &serde_json::Value) {
    let answer = world.rest.post("/_faults", failing);
    assert_eq!(answer.status, 200, "{}", answer.text());
}

fn full_disk(world: &World, random: &mut Random) {
    world.count("full disks");
    world.disturb();
    world.disk.fill();
    pass(seconds(random, 2, 5));
    world.disk.free();
    pass(RECOVERY);
    world.disturb();
}
