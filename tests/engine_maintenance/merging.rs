//! Packs merged.

use std::rc::Rc;

use cairn::git::limits::Limits;
use cairn::git::pack::entries::Base;
use cairn::git::pack::reader::{LivePacks, Location};
use cairn::git::store::PackStore as _;
use cairn::storage::repository::sweep::Sweep;

use super::hosted::{NOW, Source, created, merge, merge_due, push, push_pack};
use super::judge;

#[test]
fn a_hundred_pushes_become_few_packs_that_git_takes() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let mut tip = None;
    for _ in 0..100 {
        let new = source.commit("main", 1);
        push(&store, &source, "refs/heads/main", tip, new);
        tip = Some(new);
        merge_due(&store);
    }
    let live = store.live_packs().unwrap();
    assert!(live.len() <= 11, "{} packs", live.len());
    judge::check(&store, source.path());
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());
    // Thin until the first pack is in it, and then whole: git takes such a pack as it is.
    let count = u32::try_from(live.len()).unwrap();
    let merged = merge(&store, 0..count, None).unwrap();
    let live = store.live_packs().unwrap();
    assert_eq!((live.len(), live[0].pack_id), (1, merged.pack_id));
    judge::index_pack_strict(&judge::bytes(&store, &live[0]));
    judge::check(&store, source.path());
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());
    let objects = judge::objects(source.path(), &[tip.unwrap()], &[]).len();
    assert_eq!(live[0].object_count as usize, objects, "each object once");
}

#[test]
fn deltas_stay_deltas_and_lean_on_stored_objects() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let mut tip = None;
    for _ in 0..8 {
        let new = source.commit("main", 3);
        push(&store, &source, "refs/heads/main", tip, new);
        tip = Some(new);
    }
    let deltas = || {
        let packs = LivePacks::open(Rc::clone(&store), &Limits::DEFAULT).unwrap();
        let mut found = (0, 0);
        for pack in 0..packs.pack_count() {
            for position in 0..packs.index(pack).unwrap().len() {
                match packs.row(Location { pack, position }).unwrap().base {
                    Base::None => {}
                    Base::Position(_) => found.0 += 1,
                    Base::External(_) => found.1 += 1,
                }
            }
        }
        found
    };
    let (inside, outside) = deltas();
    assert!(outside > 5, "thin packs were pushed");
    merge(&store, 3..8, None).unwrap();
    let after = deltas();
    assert_eq!(after.0 + after.1, inside + outside, "no delta is resolved");
    assert!(after.1 > 0 && after.1 < outside);
    judge::check(&store, source.path());
    merge(&store, 0..4, None).unwrap();
    assert_eq!(deltas(), (inside + outside, 0));
    judge::check(&store, source.path());
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());
}

#[test]
fn an_object_of_two_overlapping_pushes_is_merged_to_one() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let base = source.commit("main", 20);
    push(&store, &source, "refs/heads/main", None, base);
    let tip = source.commit("main", 5);
    let tag = {
        super::hosted::git(
            source.path(),
            &[
                "-c",
                "user.name=A",
                "-c",
                "user.email=a@b.c",
                "tag",
                "-a",
                "-m",
                "x",
                "v1",
                "main",
            ],
            b"",
        );
        source.id("v1")
    };
    push(&store, &source, "refs/heads/one", None, tip);
    push(&store, &source, "refs/heads/two", None, tip);
    let pack = source.pack(&[tag], &[base], &[]);
    push_pack(&store, &pack, "refs/tags/v1", None, tag);
    merge(&store, 1..4, None).unwrap();
    judge::check(&store, source.path());
    merge(&store, 0..2, None).unwrap();
    let objects = judge::objects(source.path(), &[tip, tag], &[]).len();
    assert_eq!(
        store.live_packs().unwrap()[0].object_count as usize,
        objects
    );
    judge::check(&store, source.path());
    assert_eq!(judge::rebuild(&store).1, Vec::<String>::new());
}

#[test]
fn large_packs_go_through_quarantine_and_their_sources_go_in_time() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let mut tip = None;
    for _ in 0..3 {
        // Bytes that do not compress: each pack has several chunks.
        let noise: Vec<u8> = (0..700_000_u32)
            .scan(
                tip.map_or(7, |id: gix_hash::ObjectId| u32::from(id.as_bytes()[0])),
                |state, _| {
                    *state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    Some(state.to_be_bytes()[0])
                },
            )
            .collect();
        let new = source.commit_file("main", &noise);
        push(&store, &source, "refs/heads/main", tip, new);
        tip = Some(new);
    }
    let before = store.counts().unwrap();
    merge(&store, 0..3, None).unwrap();
    judge::check(&store, source.path());
    judge::index_pack_strict(&judge::bytes(&store, &store.live_packs().unwrap()[0]));
    let counts = store.counts().unwrap();
    assert_eq!((counts.live_packs, counts.superseded_packs), (1, 3));
    assert!(counts.chunk_rows > before.chunk_rows);
    let in_progress = std::collections::BTreeSet::new();
    let sweep = |superseded_until_ms| Sweep {
        now_ms: NOW + 10,
        grace_ms: 5,
        superseded_until_ms,
        rows_max: 1000,
        in_progress: &in_progress,
        scrubs: false,
    };
    assert_eq!(store.sweep(sweep(NOW)), Ok(false));
    assert_eq!(store.counts().unwrap().superseded_packs, 3, "not yet");
    assert_eq!(store.sweep(sweep(NOW + 1)), Ok(false));
    let counts = store.counts().unwrap();
    assert_eq!((counts.superseded_packs, counts.part_rows), (0, 3));
    assert!(counts.chunk_rows <= before.chunk_rows);
    judge::check(&store, source.path());
}

#[test]
fn a_reader_goes_on_with_the_packs_that_it_opened() {
    let (store, mut source) = (Rc::new(created()), Source::new());
    let mut tip = None;
    for _ in 0..6 {
        let new = source.commit("main", 2);
        push(&store, &source, "refs/heads/main", tip, new);
        tip = Some(new);
    }
    let packs = LivePacks::open(Rc::clone(&store), &Limits::DEFAULT).unwrap();
    merge_due(&store);
    assert_eq!(store.live_packs().unwrap().len(), 1);
    for id in judge::objects(source.path(), &[tip.unwrap()], &[]) {
        packs.read_at(packs.find(&id).unwrap().unwrap()).unwrap();
    }
}
