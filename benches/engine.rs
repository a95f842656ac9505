//! The engine by itself, native: `cargo bench`. The same operations as wasm are timed by
//! `benches/wasm.mjs` and counted by `tests/engine_instructions`. `make bench` measures the cost of the whole
//! server, `make profile` shows where its time goes.

// A benchmark that fails panics.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code
)]

#[path = "../tests/engine_maintenance/hosted.rs"]
mod hosted;
mod operations;

use std::rc::Rc;

use divan::Bencher;
use divan::counter::BytesCount;
use hosted::{Source, created, push_pack};
use operations::OPERATIONS;

/// Commits of the history that is pushed to SQLite: three objects each.
const COMMITS: usize = 2_000;

fn main() {
    divan::main();
}

/// Runs the operations on records in memory, so that only the engine's time counts.
#[divan::bench(args = OPERATIONS.map(|(name, _)| name))]
fn engine(bencher: Bencher<'_, '_>, name: &str) {
    let operation = OPERATIONS.iter().find(|(other, _)| *other == name);
    bencher.bench_local(operation.unwrap().1());
}

/// A whole push of a pack by git, with the rows that it writes.
#[divan::bench(sample_count = 10)]
fn push_to_sqlite(bencher: Bencher<'_, '_>) {
    let mut source = Source::new();
    let tip = source.commit("main", COMMITS);
    let pack = source.pack(&[tip], &[], &["--delta-base-offset"]);
    bencher
        .counter(BytesCount::new(pack.len()))
        .with_inputs(|| Rc::new(created()))
        .bench_local_values(|store| push_pack(&store, &pack, "refs/heads/main", None, tip));
}
