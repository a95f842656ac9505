//! Times both compressors natively over contents from standard input; `compare.mjs` calls it.

#![allow(missing_docs, reason = "a benchmark")]
#![allow(clippy::print_stdout, reason = "the figures")]
#![allow(clippy::disallowed_methods, reason = "it takes the time")]

use std::io::Read as _;
use std::time::Instant;

mod compressors;

use compressors::{compressed_bytes, contents};

const RUNS: u32 = 15;

/// A line for each level: the level, bytes of all streams, the least time in milliseconds.
fn main() {
    let mut frames = Vec::new();
    if std::io::stdin().read_to_end(&mut frames).is_err() {
        return;
    }
    let contents = contents(&frames);
    // By turns, so that a slow moment of the machine slows them all.
    let mut least = [f64::INFINITY; 4];
    let mut bytes = [0; 4];
    for _ in 0..RUNS {
        for (level, (least, bytes)) in (0..).zip(least.iter_mut().zip(&mut bytes)) {
            let begun = Instant::now();
            *bytes = compressed_bytes(&contents, level);
            *least = least.min(begun.elapsed().as_secs_f64() * 1000.0);
        }
    }
    for (level, (least, bytes)) in least.iter().zip(bytes).enumerate() {
        println!("{level} {bytes} {least:.2}");
    }
}
