//! The sweeper: it removes the rows that unfinished pushes left.

use std::collections::BTreeSet;

use cairn::git::store::{CHUNK_BYTES, PackStore, Quarantine};
use cairn::storage::db::sql::Database;
use cairn::storage::repository::store::RepoStore;
use cairn::storage::repository::sweep::Sweep;

use super::{NOW, check_live, check_refs, created, push_main, write_pack};

crate::contract::cases![
    what_is_old_goes_and_what_is_live_stays,
    grace_and_pushes_in_progress_are_respected,
    a_sweep_goes_in_steps,
    orphans_go,
];

const GRACE: i64 = 1_000;

fn sweep<D: Database>(store: &RepoStore<D>, now_ms: i64, rows_max: u32) -> bool {
    let in_progress = BTreeSet::new();
    let sweep = Sweep {
        now_ms,
        grace_ms: GRACE,
        superseded_until_ms: now_ms - GRACE,
        rows_max,
        in_progress: &in_progress,
        scrubs: false,
    };
    store.sweep(sweep).unwrap()
}

fn what_is_old_goes_and_what_is_live_stays<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let live = push_main(&store, None, 1);
    let left = write_pack(&store, CHUNK_BYTES + 1, 2).unwrap();
    assert!(!sweep(&store, NOW + GRACE, 1_000));
    let counts = store.counts().unwrap();
    assert_eq!((counts.live_packs, counts.quarantined_packs), (1, 0));
    assert_eq!((counts.chunk_rows, counts.part_rows), (1, 3));
    store.chunk(left.pack_id, 0).unwrap_err();
    check_live(&store, &[live.pack_id]);
    check_refs(&store, &[("refs/heads/main", 1)]);
    assert!(store.open_pack().unwrap() > left.pack_id);
}

fn grace_and_pushes_in_progress_are_respected<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let running = write_pack(&store, 10, 1).unwrap().pack_id;
    let broken = write_pack(&store, 10, 2).unwrap().pack_id;
    assert!(!sweep(&store, NOW + GRACE - 1, 1_000));
    assert_eq!(store.counts().unwrap().quarantined_packs, 2);
    let in_progress = BTreeSet::from([running]);
    let late = Sweep {
        now_ms: NOW + GRACE,
        grace_ms: GRACE,
        superseded_until_ms: NOW,
        rows_max: 99,
        in_progress: &in_progress,
        scrubs: false,
    };
    assert_eq!(store.sweep(late), Ok(false));
    store.chunk(running, 0).unwrap();
    store.chunk(broken, 0).unwrap_err();
}

fn a_sweep_goes_in_steps<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    for fill in 0..3 {
        write_pack(&store, 2 * CHUNK_BYTES, fill).unwrap();
    }
    let mut steps = 0;
    while sweep(&store, NOW + GRACE, 2) {
        steps += 1;
        assert!(steps < 50, "a sweep comes to its end");
    }
    assert!(steps > 3);
    let counts = store.counts().unwrap();
    assert_eq!(
        (
            counts.chunk_rows,
            counts.part_rows,
            counts.quarantined_packs
        ),
        (0, 0, 0)
    );
}

fn orphans_go<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let live = push_main(&store, None, 1);
    for fill in 0..2 {
        write_pack(&store, CHUNK_BYTES + 1, fill).unwrap();
    }
    assert_eq!(store.count_orphans(), Ok(0));
    store
        .database()
        .execute("DELETE FROM pack WHERE state = 'quarantine'", &[])
        .unwrap();
    assert_eq!(store.count_orphans(), Ok(10));
    assert!(sweep(&store, NOW, 3));
    assert!(!sweep(&store, NOW, 100));
    assert_eq!(store.count_orphans(), Ok(0));
    check_live(&store, &[live.pack_id]);
    store.chunk(live.pack_id, 0).unwrap();
}
