//! The alarm's work on the database, with the n-th write failing, for every n, whether or not it took effect:
//! the next run ends where a run without a fault ends. The counts of damage too.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use cairn::git::store::{CHUNK_BYTES, PackId, PackStore, Part, Quarantine, StoreError};
use cairn::storage::db::sql::{Database, in_transaction};
use cairn::storage::repository::maintenance_runs::{RunFigures, RunOutcome};
use cairn::storage::repository::orphans::{Orphans, Overdue};
use cairn::storage::repository::ready_clone::{ReadyClone, fingerprint};
use cairn::storage::repository::store::RepoStore;
use cairn::storage::repository::sweep::Sweep;

use super::faulty::Faulty;
use super::{
    NOW, PARTS, all_refs, created, id, must_change, publication, push_main, reopened, update,
    write_pack,
};

crate::contract::cases![
    a_run_with_every_write_failing_once,
    a_sound_repository_has_no_orphans,
    each_kind_of_orphan_is_counted,
    what_is_being_written_is_not_overdue,
];

const SOURCES: usize = 3;
const REBUILT: &[u8] = b"made anew";

/// Three packs, the second of which is cold; a broken push, an old reflog, a ready clone.
fn lived_in<D: Database>(store: &RepoStore<D>) {
    for new in 1..=3 {
        let pack = write_pack(store, CHUNK_BYTES + 9, new).unwrap();
        let old = (new > 1).then_some(new - 1);
        let updates = vec![update("refs/heads/main", old, Some(new))];
        store.publish(&publication(Some(pack), updates)).unwrap();
    }
    let cold = store.stored_packs().unwrap()[1].pack_id;
    assert_eq!(store.register_copy(cold, "packs/cold"), Ok(true));
    assert_eq!(store.cool(cold), Ok(true));
    while store.drop_cold_chunks(9).unwrap() > 0 {}
    must_change(store, vec![update("refs/heads/gone", None, Some(1))]);
    must_change(store, vec![update("refs/heads/gone", Some(1), None)]);
    write_pack(store, 2 * CHUNK_BYTES, 9).unwrap();
    let ready = ReadyClone {
        r2_key: "ready/old".to_owned(),
        fingerprint: fingerprint(vec![id(3)]),
        response_bytes: 9,
        object_count: 3,
        made_at: NOW,
        written: None,
    };
    store.set_ready_clone(&ready, NOW).unwrap();
}

/// One run of everything, from any state on.
fn run<D: Database>(store: &RepoStore<D>) -> Result<(), StoreError> {
    store.interrupt_runs(NOW)?;
    sweep(store)?;
    let live = store.live_packs()?;
    if live.len() > 1 {
        let (pack_id, run) = in_transaction(store.database(), || {
            let pack_id = store.open_pack()?;
            Ok::<_, StoreError>((pack_id, store.begin_run("merge", Some(pack_id), NOW)?))
        })?;
        store.put_chunk(pack_id, 0, &[7; 99])?;
        for part in PARTS {
            store.put_part(pack_id, part, 0, &[7, part as u8])?;
        }
        let merged = cairn::storage::repository::publication::PackPublication {
            pack_id,
            pack_bytes: 99,
            object_count: 9,
        };
        let sources: Vec<_> = live.iter().map(|pack| pack.pack_id).collect();
        store.supersede(&sources, &merged, NOW)?;
        store.forget_run(run)?;
        let figures = RunFigures::default();
        store.end_run("merge", NOW, RunOutcome::Done, &figures)?;
    }
    sweep(store)?;
    while store.expire_reflog(NOW + 9, 1)? > 0 {}
    store.note_prune(NOW + 2, store.last_reflog_seq()?)?;
    let live = store.live_packs()?;
    let parts: Vec<_> = live
        .iter()
        .flat_map(|pack| PARTS.map(|part| (pack.pack_id, part, REBUILT)))
        .collect();
    store.replace_parts(&parts)?;
    store.drop_ready_clone(NOW)?;
    for release in store.releases_due(NOW)? {
        store.end_release(&release)?;
    }
    Ok(())
}

fn sweep<D: Database>(store: &RepoStore<D>) -> Result<(), StoreError> {
    let in_progress = BTreeSet::new();
    let sweep = Sweep {
        now_ms: NOW + 9,
        grace_ms: 5,
        superseded_until_ms: NOW + 4,
        rows_max: 2,
        in_progress: &in_progress,
        scrubs: false,
    };
    while store.sweep(sweep)? {}
    Ok(())
}

/// All that matters of a repository; the numbers of packs do not.
fn shown<D: Database>(store: &RepoStore<D>) -> String {
    let mut shown = format!("{:?}\n", all_refs(store));
    for pack in store.stored_packs().unwrap() {
        let chunk = store.chunk(pack.pack_id, 0).map(|chunk| chunk.to_vec());
        let parts = PARTS.map(|part| store.part(pack.pack_id, part).unwrap());
        let (bytes, key) = (pack.pack_bytes, pack.r2_key);
        writeln!(shown, "{bytes} {key:?} {chunk:?} {parts:?}").unwrap();
    }
    let counts = store.counts().unwrap();
    let rows = (counts.chunk_rows, counts.part_rows, counts.reflog_rows);
    let packs = (counts.superseded_packs, counts.quarantined_packs);
    let keys = store.r2_keys().unwrap();
    writeln!(shown, "{rows:?} {packs:?} {keys:?}").unwrap();
    writeln!(shown, "{:?} {:?}", store.retention(), store.ready_clone()).unwrap();
    shown
}

/// After each run: each live pack has its chunks, here or in R2, and its parts.
fn check_whole<D: Database>(store: &RepoStore<D>, label: &str) {
    let live = store.live_packs().unwrap();
    assert!(live.len() == SOURCES || live.len() == 1, "{label}");
    assert_eq!(
        all_refs(store),
        [("refs/heads/main".to_owned(), id(3))],
        "{label}"
    );
    for pack in live.iter() {
        let chunks = u32::try_from(pack.pack_bytes.div_ceil(CHUNK_BYTES as u64)).unwrap();
        for number in 0..chunks {
            if let Err(error) = store.chunk_uncached(pack.pack_id, number) {
                assert!(error.cold().is_some(), "{label}: {error}");
            }
        }
        for part in PARTS {
            store.part(pack.pack_id, part).unwrap();
        }
    }
    assert_eq!(
        store.orphans(LATE, |_| false),
        Ok(Orphans::default()),
        "{label}"
    );
}

/// Nothing is late yet.
const LATE: Overdue = Overdue {
    quarantined_until_ms: -1,
    superseded_until_ms: -1,
};

fn a_run_with_every_write_failing_once<D: Database>(open: &dyn Fn() -> D) {
    let expected = {
        let store = created(open());
        lived_in(&store);
        run(&store).unwrap();
        shown(&store)
    };
    for persisted in [false, true] {
        let mut nth = 0;
        loop {
            let label = format!("write {nth}, persisted {persisted}");
            let db = open();
            lived_in(&created(&db));
            let store = reopened(Faulty::new(&db, nth, persisted));
            let done = run(&store);
            check_whole(&store, &label);
            if !store.database().has_struck() {
                assert_eq!(done, Ok(()), "{label}");
                assert_eq!(shown(&store), expected, "{label}");
                break;
            }
            assert!(done.is_err(), "{label}: a fault went unnoticed");
            // In the same instance, whose memory saw the fault, or after a restart.
            if nth % 2 == 0 {
                assert_eq!(run(&store), Ok(()), "{label}");
                assert_eq!(shown(&store), expected, "{label}");
            }
            drop(store);
            let store = reopened(&db);
            assert_eq!(run(&store), Ok(()), "{label}");
            assert_eq!(shown(&store), expected, "{label}");
            check_whole(&store, &label);
            nth += 1;
        }
        assert!(nth > 30, "every write was reached, {nth} seen");
    }
}

fn a_sound_repository_has_no_orphans<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    assert_eq!(store.orphans(LATE, |_| false), Ok(Orphans::default()));
    lived_in(&store);
    let orphans = store.orphans(LATE, |_| false).unwrap();
    assert_eq!(orphans, Orphans::default());
    assert_eq!(orphans.problems(), Vec::<String>::new());
    // A row that is deflated is there once, and that of a cold pack need not be there at all.
    let cold = store.stored_packs().unwrap()[1].pack_id;
    store.put_part(cold, Part::Graph, 1, &[1; 5000]).unwrap();
    let mut row = None;
    loop {
        row = store.deflate_part_row(cold, row).unwrap();
        if row.is_none() {
            break;
        }
    }
    store.keep_chunk(cold, 1, b"back for a while").unwrap();
    assert_eq!(store.orphans(LATE, |_| false), Ok(Orphans::default()));
}

fn each_kind_of_orphan_is_counted<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    lived_in(&store);
    let damages = [
        // No such pack, and behind the end of one that is there.
        "INSERT INTO pack_chunk VALUES ((99 << 20) + 3, x'00'), ((1 << 20) + 2, x'00')",
        "INSERT INTO pack_part VALUES ((99 << 20) + (1 << 16), x'00')",
        // No such part, and one that is there twice.
        "INSERT INTO pack_part VALUES ((1 << 20) + (4 << 16), x'00'), ((1 << 20) + (10 << 16), x'')",
        "DELETE FROM pack_chunk WHERE chunk_key = (3 << 20)",
        "DELETE FROM pack_part WHERE part_key = (2 << 20) + (3 << 16)",
        "INSERT INTO pack (pack_id, state, publish_seq, pack_bytes, object_count, created_at,
            published_at, superseded_at) VALUES (50, 'superseded', 1, 9, 1, 1, 1, 2)",
    ];
    for damage in damages {
        assert!(
            store.database().execute(damage, &[]).unwrap() > 0,
            "{damage}"
        );
    }
    let late = Overdue {
        quarantined_until_ms: NOW,
        superseded_until_ms: 2,
    };
    let found = store.orphans(late, |_| false).unwrap();
    let expected = Orphans {
        chunk_rows: 2,
        part_rows: 3,
        abandoned_packs: 1,
        superseded_packs: 1,
        missing_chunks: 1,
        missing_parts: 1,
    };
    assert_eq!(found, expected);
    assert_eq!(found.problems().len(), 6);
    assert_eq!(found.problems()[0], "2 rows of chunks without a pack");
}

fn what_is_being_written_is_not_overdue<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    push_main(&store, None, 1);
    let pack_id: PackId = write_pack(&store, 9, 2).unwrap().pack_id;
    let late = Overdue {
        quarantined_until_ms: NOW,
        superseded_until_ms: NOW,
    };
    let found = store.orphans(late, |running| running == pack_id).unwrap();
    assert_eq!(found, Orphans::default());
    assert_eq!(store.orphans(late, |_| false).unwrap().abandoned_packs, 1);
}
