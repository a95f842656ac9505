//! Times the search over text like a repository's: `cargo bench -p cairn-secrets`.

#![allow(missing_docs, reason = "a benchmark")]

use std::hint::black_box;

use cairn_secrets::Searcher;
use divan::Bencher;
use divan::counter::BytesCount;

/// The text to search: this crate's own sources, again and again.
const SOURCES: [&str; 4] = [
    include_str!("../src/lib.rs"),
    include_str!("../src/forms.rs"),
    include_str!("../src/words.rs"),
    include_str!("../src/links.rs"),
];

const REPEATS: usize = 64;

fn main() {
    divan::main();
}

fn found(searcher: &Searcher, content: &[u8]) -> usize {
    let mut count = 0;
    searcher.search(content, &mut |_| {
        count += 1;
        true
    });
    count
}

/// Ordinary source code.
#[divan::bench]
fn source_code(bencher: Bencher<'_, '_>) {
    time(bencher, &SOURCES.concat().repeat(REPEATS));
}

/// Base64 in lines, whose words all are long.
#[divan::bench]
fn base64_lines(bencher: Bencher<'_, '_>) {
    let digits = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let line: String = (0..76_usize)
        .filter_map(|at| digits.get(at * 29 % 64))
        .map(|digit| char::from(*digit))
        .chain(['\n'])
        .collect();
    time(bencher, &line.repeat(20_000));
}

/// One word of marks: every byte may begin a secret.
#[divan::bench]
fn marks(bencher: Bencher<'_, '_>) {
    time(bencher, &"-s_S.c".repeat(200_000));
}

fn time(bencher: Bencher<'_, '_>, content: &str) {
    let searcher = Searcher::new();
    bencher
        .counter(BytesCount::of_str(content))
        .bench_local(|| found(&searcher, black_box(content.as_bytes())));
}
