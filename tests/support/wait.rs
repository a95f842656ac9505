//! Waiting for another process, without guessing how long it takes.

use std::time::{Duration, Instant};

/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Calls `look` until it gives something, and returns that. A wait longer than `patience` fails the
/// test, whose message says `what` it waited for.
pub fn until<T>(what: &str, patience: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        std::thread::sleep(PAUSE);
    }
}

/// The same for a condition.
pub fn until_true(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    until(what, patience, || holds().then_some(()));
}
