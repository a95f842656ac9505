//! The engine's hot paths by themselves, native: `cargo bench`. What the whole server costs is
//! measured by `make bench`, where its time goes by `make profile`.

// A benchmark that fails panics.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    dead_code
)]

#[path = "../tests/engine_maintenance/hosted.rs"]
mod hosted;

use std::hint::black_box;
use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::hash::{PackHasher, object_id};
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use cairn::git::pack::delta;
use cairn::git::pack::inflate::Inflater;
use cairn::git::pack::reader::LivePacks;
use cairn::git::upload_pack::answer::answer;
use cairn::git::upload_pack::full_clone;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use flate2::{Compress, Compression, FlushCompress};
use gix_hash::ObjectId;
use hosted::{Source, Store, created, push_pack};

/// Bytes of content for what works on bytes alone.
const CONTENT_BYTES: usize = 1 << 20;

/// Commits of the pushed history: three objects each.
const COMMITS: usize = 2_000;

fn main() {
    divan::main();
}

/// Text such as source code is: words that return.
fn content() -> Vec<u8> {
    let words = [
        "let ", "mut ", "self.", "fn ", "Result<", "Option<", ">\n", "(", ");\n", "    ",
    ];
    let mut state = 1_u64;
    let mut content = Vec::with_capacity(CONTENT_BYTES + 8);
    while content.len() < CONTENT_BYTES {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        let word = words[usize::try_from(state >> 33).unwrap() % words.len()];
        content.extend_from_slice(word.as_bytes());
    }
    content.truncate(CONTENT_BYTES);
    content
}

#[divan::bench]
fn inflate(bencher: Bencher<'_, '_>) {
    let mut deflated = Vec::with_capacity(CONTENT_BYTES);
    let mut compress = Compress::new(Compression::default(), true);
    compress
        .compress_vec(&content(), &mut deflated, FlushCompress::Finish)
        .unwrap();
    let mut inflater = Inflater::new();
    bencher
        .counter(BytesCount::new(CONTENT_BYTES))
        .bench_local(|| inflater.whole(black_box(&deflated), CONTENT_BYTES).unwrap());
}

#[divan::bench]
fn hash_with_collision_detection(bencher: Bencher<'_, '_>) {
    let content = content();
    bencher
        .counter(BytesCount::new(CONTENT_BYTES))
        .bench_local(|| object_id(ObjectKind::Blob, black_box(&content)).unwrap());
}

#[divan::bench]
fn hash_of_a_pack(bencher: Bencher<'_, '_>) {
    let content = content();
    bencher
        .counter(BytesCount::new(CONTENT_BYTES))
        .bench_local(|| {
            let mut hasher = PackHasher::default();
            hasher.update(black_box(&content));
            hasher.finish()
        });
}

/// A delta that copies 4 KiB at a time, in reverse order.
#[divan::bench]
fn delta_applied(bencher: Bencher<'_, '_>) {
    const COPY_BYTES: usize = 4096;
    let base = content();
    let mut delta = Vec::new();
    for _ in 0..2 {
        // The size, seven bits a byte: 2^20.
        delta.extend([0x80, 0x80, 0x40]);
    }
    for number in (0..CONTENT_BYTES / COPY_BYTES).rev() {
        let offset = u32::try_from(number * COPY_BYTES).unwrap().to_le_bytes();
        // Three bytes of offset, the second byte of the size.
        delta.extend([0x80 | 0x07 | 0x20, offset[0], offset[1], offset[2], 0x10]);
    }
    let limit = CONTENT_BYTES as u64;
    bencher
        .counter(BytesCount::new(CONTENT_BYTES))
        .bench_local(|| delta::apply(black_box(&base), &delta, limit).unwrap());
}

/// A history, and the pack that a push of it sends.
fn pushed() -> (Vec<u8>, ObjectId) {
    let mut source = Source::new();
    let tip = source.commit("main", COMMITS);
    (source.pack(&[tip], &[], &["--delta-base-offset"]), tip)
}

fn hosted() -> (
    Rc<Store<cairn::storage::rusqlite_db::RusqliteDatabase>>,
    ObjectId,
) {
    let (pack, tip) = pushed();
    let store = Rc::new(created());
    push_pack(&store, &pack, "refs/heads/main", None, tip);
    (store, tip)
}

/// A whole push: parsed, inflated, hashed, resolved, checked, walked, indexed, published.
#[divan::bench(sample_count = 10)]
fn push(bencher: Bencher<'_, '_>) {
    let (pack, tip) = pushed();
    bencher
        .counter(BytesCount::new(pack.len()))
        .with_inputs(|| Rc::new(created()))
        .bench_local_values(|store| push_pack(&store, &pack, "refs/heads/main", None, tip));
}

#[divan::bench]
fn objects_looked_up(bencher: Bencher<'_, '_>) {
    let (store, _) = hosted();
    let packs = LivePacks::open(store, &Limits::DEFAULT).unwrap();
    let index = packs.index(0).unwrap();
    let ids: Vec<_> = (0..index.len())
        .step_by(7)
        .filter_map(|at| index.id(at))
        .collect();
    bencher.counter(ItemsCount::new(ids.len())).bench_local(|| {
        ids.iter()
            .filter(|id| packs.find(id).unwrap().is_some())
            .count()
    });
}

#[divan::bench]
fn clone_planned(bencher: Bencher<'_, '_>) {
    let (store, tip) = hosted();
    let packs = store_packs(&store);
    let graph = Rc::new(CommitGraph::open(&*store, packs.records()).unwrap());
    let request = full_clone::request(vec![tip]);
    bencher.counter(ItemsCount::new(COMMITS)).bench_local(|| {
        answer(&store, Rc::clone(&graph), &request, &Limits::DEFAULT)
            .unwrap()
            .pack
            .is_some()
    });
}

fn store_packs<D: cairn::storage::sql::Database>(store: &Rc<Store<D>>) -> LivePacks<Rc<Store<D>>> {
    LivePacks::open(Rc::clone(store), &Limits::DEFAULT).unwrap()
}
