//! Times `digests` and `sha1dc` natively, where both hash one message after the other: `cargo bench
//! -p cairn-sha1`. As wasm, `benches/wasm.mjs` of the workspace times the lanes ("hash 256 objects of
//! 4 KiB"), and `tests/engine_instructions` counts their instructions.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark")]

use std::hint::black_box;

use cairn_sha1::{CollisionDetected, Digest, Message, digest, digests};
use divan::Bencher;
use divan::counter::BytesCount;

/// As many as an incoming pack lets wait.
const MESSAGES: usize = 128;

/// Bytes of a message: a commit, a tree, a source file, a large one.
const SIZES: [usize; 4] = [300, 1 << 10, 5 << 10, 64 << 10];

fn main() {
    divan::main();
}

#[derive(Clone, Copy)]
struct Blob<'a>(&'a [u8]);

impl Message for Blob<'_> {
    fn prefix(&self) -> impl AsRef<[u8]> {
        "blob 4096\0"
    }

    fn content(&self) -> &[u8] {
        self.0
    }
}

fn content(bytes: usize) -> Vec<u8> {
    let mut seed = 1_u32;
    let next = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        seed.to_be_bytes()[0]
    };
    (0..bytes).map(next).collect()
}

#[divan::bench(args = SIZES)]
fn many(bencher: Bencher<'_, '_>, bytes: usize) {
    let content = content(bytes);
    let messages = [Blob(&content); MESSAGES];
    let mut made: Vec<Result<Digest, CollisionDetected>> = Vec::new();
    bencher
        .counter(BytesCount::new(MESSAGES * bytes))
        .bench_local(|| {
            made.clear();
            digests(black_box(&messages), &mut made);
        });
}

#[divan::bench(args = SIZES)]
fn one_by_one(bencher: Bencher<'_, '_>, bytes: usize) {
    let content = content(bytes);
    bencher
        .counter(BytesCount::new(MESSAGES * bytes))
        .bench_local(|| {
            for _ in 0..MESSAGES {
                black_box(digest(black_box(Blob(&content)))).unwrap();
            }
        });
}
