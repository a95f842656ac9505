//! Packs of which only R2 has the bytes, merged and pruned; and R2 failing at each read.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::limits::Limits;
use cairn::git::maintenance::merge::Merge;
use cairn::git::maintenance::reach::{Reach, Reached};
use cairn::git::maintenance::step::Step;
use cairn::git::pack::reader::LivePacks;
use cairn::git::store::{CHUNK_BYTES, ColdChunk, PackId, PackStore as _};
use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use cairn::storage::repository::publication::{Publication, RefUpdate};
use cairn::storage::repository::sweep::Sweep;

use super::hosted::{self, NOW, Source, create, push, woken};
use super::judge;

const PACKS: u32 = 6;

type Db = RusqliteDatabase;
type Store<'a> = Rc<hosted::Store<&'a Db>>;
type Packs<'a> = LivePacks<Store<'a>>;

/// The copies in R2.
type Copies = HashMap<PackId, Vec<u8>>;

/// Six pushes, the third with a blob of several chunks; all but the last pack are cold.
fn filled(source: &mut Source) -> (Db, Copies) {
    let (db, mut copies) = (Db::in_memory().unwrap(), Copies::new());
    let store = Rc::new(create(&db));
    let mut tip = None;
    for number in 0..PACKS {
        let new = if number == 2 {
            let noise: Vec<u8> = (0..900_000_u32)
                .map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0] ^ at.to_be_bytes()[2])
                .collect();
            source.commit_file("main", &noise)
        } else {
            source.commit("main", 3)
        };
        push(&store, source, "refs/heads/main", tip, new);
        tip = Some(new);
    }
    let live = store.live_packs().unwrap();
    for pack in live.iter().take(live.len() - 1) {
        copies.insert(pack.pack_id, judge::bytes(&store, pack));
        let key = format!("packs/{}", pack.pack_id.0);
        assert_eq!(store.register_copy(pack.pack_id, &key), Ok(true));
        assert_eq!(store.cool(pack.pack_id), Ok(true));
        while store.drop_cold_chunks(1).unwrap() > 0 {}
    }
    drop(store);
    (db, copies)
}

fn opened<'a>(store: &Store<'a>) -> (Packs<'a>, CommitGraph) {
    let packs = LivePacks::open(Rc::clone(store), &Limits::DEFAULT).unwrap();
    let graph = CommitGraph::open(&**store, packs.records()).unwrap();
    (packs, graph)
}

/// R2, which fails at one read.
struct Bucket<'a> {
    copies: &'a Copies,
    reads: u32,
    fails_at: u32,
}

impl<'a> Bucket<'a> {
    fn failing(copies: &'a Copies, fails_at: u32) -> Self {
        Self {
            copies,
            reads: 0,
            fails_at,
        }
    }

    /// Brings one chunk, to be forgotten again; false when it fails.
    fn mend(&mut self, store: &Store<'_>, chunk: ColdChunk) -> bool {
        if self.reads == self.fails_at {
            return false;
        }
        self.reads += 1;
        let bytes = &self.copies[&chunk.pack_id];
        let start = chunk.number as usize * CHUNK_BYTES;
        let end = bytes.len().min(start + CHUNK_BYTES);
        let bytes = bytes[start..end].to_vec();
        let warmed = store.warm_chunk(chunk.pack_id, chunk.number, bytes, false);
        warmed.unwrap();
        true
    }
}

/// Makes one pack of some as the shell does it; false when R2 failed.
fn merge(
    (packs, graph): &(Packs<'_>, CommitGraph),
    (range, keep): (Range<u32>, Option<&Rc<Reached>>),
    renamed: &mut Vec<(PackId, PackId)>,
    bucket: &mut Bucket<'_>,
) -> bool {
    let store = packs.store();
    let mut merge = Merge::new(range, keep.map(Rc::clone));
    loop {
        let error = match merge.step(packs, graph, &**store, 1 << 20) {
            Ok(Step::More) => continue,
            Ok(Step::Done) => break,
            Err(error) => error,
        };
        if !bucket.mend(store, error.cold().expect("nothing else is wrong")) {
            if let Some(pack_id) = merge.pack_id() {
                store.abandon_pack(pack_id).unwrap();
            }
            return false;
        }
    }
    let merged = merge.finish(packs, graph, renamed).unwrap().unwrap();
    let new = store.publish_merged(&merged, NOW + 1).unwrap();
    renamed.extend(merged.sources.iter().map(|source| (*source, new.pack_id)));
    true
}

fn sweep(store: &Store<'_>) {
    let in_progress = BTreeSet::new();
    let sweep = Sweep {
        now_ms: NOW + 1000,
        grace_ms: 5,
        superseded_until_ms: NOW + 999,
        rows_max: 10_000,
        in_progress: &in_progress,
        scrubs: false,
    };
    assert_eq!(store.sweep(sweep), Ok(false));
}

fn releases(store: &Store<'_>) -> usize {
    store.releases_due(NOW * 2).unwrap().len()
}

#[test]
fn cold_packs_are_merged_without_leaving_chunks_in_rows() {
    let mut source = Source::new();
    let (db, copies) = filled(&mut source);
    let store = Rc::new(woken(&db));
    let chunks = copies
        .values()
        .map(|bytes| bytes.len().div_ceil(CHUNK_BYTES));
    let mut bucket = Bucket::failing(&copies, u32::MAX);
    let all = (0..PACKS, None);
    assert!(merge(&opened(&store), all, &mut Vec::new(), &mut bucket));
    assert_eq!(
        bucket.reads as usize,
        chunks.sum::<usize>(),
        "each chunk once"
    );
    sweep(&store);
    judge::check(&store, source.path());
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());
    let (counts, live) = (store.counts().unwrap(), store.live_packs().unwrap());
    assert_eq!(live.len(), 1);
    let chunks = live[0].pack_bytes.div_ceil(CHUNK_BYTES as u64);
    assert_eq!(counts.chunk_rows, chunks);
    assert_eq!(
        releases(&store),
        copies.len(),
        "what r2 need not hold any more"
    );
}

#[test]
fn r2_failing_at_any_read_changes_nothing() {
    let mut source = Source::new();
    let (db, copies) = filled(&mut source);
    let state = |store: &Store<'_>| (store.stored_packs(), store.counts(), releases(store));
    let before = state(&Rc::new(woken(&db)));
    let mut fails_at = 0;
    loop {
        // Another one each time: it remembers no earlier reads.
        let store = Rc::new(woken(&db));
        let mut bucket = Bucket::failing(&copies, fails_at);
        let all = (0..PACKS, None);
        if merge(&opened(&store), all, &mut Vec::new(), &mut bucket) {
            break;
        }
        assert_eq!(state(&store), before, "read {fails_at}");
        fails_at += 1;
    }
    assert!(fails_at >= 6, "every read was reached, {fails_at} seen");
    judge::check(&Rc::new(woken(&db)), source.path());
}

#[test]
fn dead_objects_of_cold_packs_are_counted_and_left_out() {
    let mut source = Source::new();
    let (db, copies) = filled(&mut source);
    let store = Rc::new(woken(&db));
    let (tip, old) = (source.id("main"), source.id("main~10"));
    let push = Publication {
        updates: vec![RefUpdate {
            name: "refs/heads/main".into(),
            old: Some(tip),
            new: Some(old),
            peeled: None,
        }],
        now_ms: NOW,
        ..Publication::default()
    };
    store.publish(&push).unwrap();
    hosted::git(source.path(), &["branch", "-f", "kept", "main~10"], b"");
    hosted::git(
        source.path(),
        &["update-ref", "refs/heads/main", "kept"],
        b"",
    );

    let live = opened(&store);
    let (packs, graph) = &live;
    let mut reach = Reach::new(packs, graph);
    assert!(reach.add_root(packs, graph, old).unwrap());
    while reach.step(packs, graph, 100).unwrap() == Step::More {}
    let reached = reach.finish();
    let dead = |pack| reached.dead_bytes(packs, pack).unwrap();
    assert_eq!((dead(0), dead(1)), (0, 0));
    let whole = packs.records()[2].pack_bytes;
    // All but its header and its trailer.
    assert_eq!(dead(2) + 12 + 20, whole);
    let (mut renamed, mut bucket) = (Vec::new(), Bucket::failing(&copies, u32::MAX));
    for pack in (0..PACKS)
        .rev()
        .filter(|pack| !reached.has_all(graph, *pack))
    {
        let one = (pack..pack + 1, Some(&reached));
        assert!(merge(&live, one, &mut renamed, &mut bucket));
    }
    assert_eq!(renamed.len(), 4);
    assert_eq!(bucket.reads, 0, "of what is dead nothing is read");
    sweep(&store);
    assert_eq!(releases(&store), 3);
    let bytes: u64 = store
        .live_packs()
        .unwrap()
        .iter()
        .map(|pack| pack.pack_bytes)
        .sum();
    assert!(bytes < whole, "{bytes}");
    let (packs, _) = opened(&store);
    assert!(packs.find(&tip).unwrap().is_none());
    assert!(packs.find(&old).unwrap().is_some());
}
