//! Ports that nobody else is given.
//!
//! A port that the kernel picked may be picked for somebody else's connection as soon as it is free, for a
//! moment even. The ports here lie below those that kernels pick from (32,768 on Linux, 49,152 elsewhere).

use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};

/// The first of the ports.
const FIRST: u32 = 20_000;

/// How many there are.
const COUNT: u32 = 12_000;

/// How many a process tries before it comes to those at which the next process begins.
const EACH: u32 = 40;

/// A port on which nobody listens, which this process is not given again and no other one is likely to be.
pub fn free() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(EACH);
    for _ in 0..COUNT {
        let next = GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + begin.wrapping_add(next) % COUNT;
        let port = u16::try_from(port).expect("it is below 32,768");
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free between {FIRST} and {}", FIRST + COUNT)
}
