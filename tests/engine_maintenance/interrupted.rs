//! Each write of a merge fails once, with and without effect; and a merge that was cut off.

use std::collections::BTreeSet;
use std::rc::Rc;

use cairn::git::store::{PackStore as _, Quarantine as _};
use cairn::storage::runs::{RunFigures, RunOutcome};
use cairn::storage::rusqlite_db::RusqliteDatabase;
use cairn::storage::sql::Database;
use cairn::storage::sweep::Sweep;

use super::faulty::Faulty;
use super::hosted::{NOW, Source, Store, create, merge, push, woken};
use super::judge;

const PACKS: u32 = 6;

fn filled(source: &mut Source) -> RusqliteDatabase {
    let db = RusqliteDatabase::in_memory().unwrap();
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
    };
    assert_eq!(store.sweep(sweep), Ok(false));
}

#[test]
fn a_merge_that_fails_anywhere_changes_nothing_and_is_made_again() {
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

#[test]
fn what_an_ended_object_was_filling_is_swept_at_once() {
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
