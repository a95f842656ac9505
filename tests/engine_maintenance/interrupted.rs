//! Each write of a merge fails once, with and without effect; and a merge that was cut off.

use std::collections::BTreeSet;
use std::rc::Rc;

use cairn::git::graph::commits::CommitGraph;
use cairn::git::limits::Limits;
use cairn::git::maintenance::merge::Merge;
use cairn::git::maintenance::reach::Reach;
use cairn::git::maintenance::step::Step;
use cairn::git::pack::reader::LivePacks;
use cairn::git::store::{PackStore as _, Quarantine as _, ReadError};
use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use cairn::storage::db::sql::Database;
use cairn::storage::repository::maintenance_runs::{RunFigures, RunOutcome};
use cairn::storage::repository::publication::{Publication, RefUpdate};
use cairn::storage::repository::sweep::Sweep;

use gix_hash::ObjectId;

use super::faulty::Faulty;
use super::hosted::{self, NOW, Source, Store, create, merge, push, woken};
use super::judge;

const PACKS: u32 = 6;

fn filled(source: &mut Source) -> RusqliteDatabase {
    fill(RusqliteDatabase::in_memory().unwrap(), source)
}

fn fill(db: RusqliteDatabase, source: &mut Source) -> RusqliteDatabase {
    let store = Rc::new(create(&db));
    let mut tip = None;
    for number in 0..PACKS {
        let new = if number == 2 {
            let noise: Vec<u8> = (0..600_000_u32)
                .map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0] ^ at.to_be_bytes()[2])
                .collect();
            source.commit_file("main", &noise)
        } else {
            source.commit("main", 2)
        };
        push(&store, source, "refs/heads/main", tip, new);
        tip = Some(new);
    }
    drop(store);
    db
}

fn sweep_all<D: Database>(store: &Store<D>) {
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

#[test]
fn a_merge_that_fails_at_any_write_changes_nothing_and_succeeds_later() {
    for persisted in [false, true] {
        let mut nth = 0;
        loop {
            let mut source = Source::new();
            let db = filled(&mut source);
            let faulty = Faulty::new(&db, nth, persisted);
            let store = Rc::new(woken(faulty));
            let merged = merge(&store, 0..PACKS, None);
            let live = store.live_packs().unwrap().len();
            if merged.is_ok() {
                assert_eq!(live, 1);
                assert!(!store.database().has_struck());
                break;
            }
            // Only when the end of the transaction took effect and its answer was lost.
            assert!(
                live == 6 || (live == 1 && persisted),
                "{live} packs, write {nth}"
            );
            judge::check(&store, source.path());
            drop(store);
            let store = Rc::new(woken(&db));
            if live == 6 {
                merge(&store, 0..PACKS, None).unwrap();
            }
            sweep_all(&store);
            let counts = store.counts().unwrap();
            assert_eq!(
                (
                    counts.live_packs,
                    counts.superseded_packs,
                    counts.quarantined_packs
                ),
                (1, 0, 0)
            );
            assert_eq!(counts.part_rows, 3);
            judge::check(&store, source.path());
            nth += 1;
            assert!(nth < 60, "a merge has an end");
        }
        assert!(nth >= 9, "every write was reached, {nth} seen");
    }
}

/// Leaves out the objects that `kept` does not reach, from the newest pack to the oldest.
fn prune<D: Database>(store: &Rc<Store<D>>, kept: ObjectId) -> Result<(), ReadError> {
    let packs = LivePacks::open(Rc::clone(store), &Limits::DEFAULT)?;
    let graph = CommitGraph::open(&**store, packs.records())?;
    let mut reach = Reach::new(&packs, &graph);
    assert!(reach.add_root(&packs, &graph, kept).unwrap());
    while reach.step(&packs, &graph, 100).unwrap() == Step::More {}
    let (reached, mut renamed) = (reach.finish(), Vec::new());
    for pack in (0..packs.pack_count()).rev() {
        if reached.has_all(&graph, pack) {
            continue;
        }
        let mut merge = Merge::new(pack..pack + 1, Some(Rc::clone(&reached)));
        while merge.step(&packs, &graph, &**store, 1 << 20)? == Step::More {}
        let merged = merge.finish(&packs, &graph, &renamed).unwrap().unwrap();
        let new = store.publish_merged(&merged, NOW + 1)?;
        renamed.extend(merged.sources.iter().map(|source| (*source, new.pack_id)));
    }
    Ok(store.note_prune(NOW, store.last_reflog_seq()?)?)
}

#[test]
fn a_prune_that_fails_at_any_write_keeps_reached_objects_and_succeeds_later() {
    let state = |store: &Rc<Store<&RusqliteDatabase>>| {
        let live = store.live_packs().unwrap();
        let live: Vec<_> = live
            .iter()
            .map(|pack| (pack.pack_bytes, pack.object_count))
            .collect();
        let counts = store.counts().unwrap();
        (
            live,
            counts.chunk_rows,
            counts.part_rows,
            store.retention().unwrap(),
        )
    };
    let (folder, mut source) = (tempfile::tempdir().unwrap(), Source::new());
    let (made, copy) = (folder.path().join("made"), folder.path().join("copy"));
    let db = fill(RusqliteDatabase::open(&made).unwrap(), &mut source);
    let (tip, kept) = (source.id("main"), source.id("main~4"));
    let forced = Publication {
        updates: vec![RefUpdate {
            name: "refs/heads/main".into(),
            old: Some(tip),
            new: Some(kept),
            peeled: None,
        }],
        now_ms: NOW,
        ..Publication::default()
    };
    woken(&db).publish(&forced).unwrap();
    drop(db);
    hosted::git(source.path(), &["branch", "-f", "kept", "main~4"], b"");
    hosted::git(
        source.path(),
        &["update-ref", "refs/heads/main", "kept"],
        b"",
    );
    let mut expected = None;
    for persisted in [false, true] {
        let mut nth = 0;
        loop {
            std::fs::copy(&made, &copy).unwrap();
            let db = RusqliteDatabase::open(&copy).unwrap();
            let store = Rc::new(woken(Faulty::new(&db, nth, persisted)));
            let pruned = prune(&store, kept);
            judge::check(&store, source.path());
            let struck = store.database().has_struck();
            assert_eq!(pruned.is_err(), struck, "write {nth}");
            drop(store);
            let store = Rc::new(woken(&db));
            if struck {
                prune(&store, kept).unwrap();
            }
            sweep_all(&store);
            judge::check(&store, source.path());
            let found = state(&store);
            assert_eq!(
                found,
                *expected.get_or_insert_with(|| found.clone()),
                "write {nth}"
            );
            if !struck {
                break;
            }
            nth += 1;
            assert!(nth < 99, "a prune has an end");
        }
        assert!(nth >= 12, "every write was reached, {nth} seen");
    }
}

#[test]
fn a_pack_that_an_ended_object_was_filling_is_swept_at_once() {
    let mut source = Source::new();
    let db = filled(&mut source);
    let store = Rc::new(woken(&db));
    let pack_id = store.open_pack().unwrap();
    store.put_chunk(pack_id, 0, b"half a pack").unwrap();
    store.begin_run("merge", Some(pack_id), NOW).unwrap();
    assert_eq!(store.failures_of("merge"), Ok((0, 0)));
    drop(store);

    let store = Rc::new(woken(&db));
    assert_eq!(store.interrupt_runs(NOW + 1), Ok(1));
    assert_eq!(store.interrupt_runs(NOW + 1), Ok(0));
    assert_eq!(store.failures_of("merge"), Ok((1, NOW + 1)));
    let due = store.sweep_due(3_600_000, 3_600_000, |_| false).unwrap();
    assert_eq!(due, Some(3_600_000), "long ago");
    sweep_all(&store);
    assert_eq!(store.counts().unwrap().quarantined_packs, 0);
    let figures = RunFigures {
        packs: 6,
        ..RunFigures::default()
    };
    store
        .end_run("merge", NOW, RunOutcome::Done, &figures)
        .unwrap();
    assert_eq!(store.failures_of("merge"), Ok((0, 0)));
    let runs = store.runs(10).unwrap();
    let outcomes: Vec<&str> = runs.iter().map(|run| run.outcome.as_str()).collect();
    assert_eq!(outcomes, ["done", "interrupted"]);
    assert_eq!(runs[0].figures, figures);
}

#[test]
fn only_live_neighbours_are_superseded() {
    let mut source = Source::new();
    let db = filled(&mut source);
    let store = Rc::new(woken(&db));
    let live: Vec<_> = store
        .live_packs()
        .unwrap()
        .iter()
        .map(|pack| pack.pack_id)
        .collect();
    let merged = merge(&store, 1..3, None).unwrap();
    for sources in [
        vec![],
        vec![live[0], live[1]],
        vec![live[0], live[3]],
        vec![live[3], merged.pack_id],
    ] {
        store.supersede(&sources, &merged, NOW).unwrap_err();
    }
    let fresh = store.open_pack().unwrap();
    store.abandon_pack(merged.pack_id).unwrap_err();
    store.abandon_pack(fresh).unwrap();
    judge::check(&store, source.path());
}
