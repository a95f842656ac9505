//! Faults: the n-th write of a push fails, for every n, whether or not it took effect. Refs
//! stay valid, a retry succeeds, and leftovers are swept up.

use std::cell::Cell;
use std::collections::BTreeSet;

use cairn::git::store::{CHUNK_BYTES, PackStore, StoreError};
use cairn::storage::db::sql::{Database, in_transaction};
use cairn::storage::repository::publication::{Publication, RefOutcome};
use cairn::storage::repository::store::RepoStore;
use cairn::storage::repository::sweep::Sweep;

use super::faulty::Faulty;
use super::{NOW, all_refs, created, publication, push_main, reopened, update, write_pack};

crate::contract::cases![
    a_push_that_fails_anywhere,
    a_push_in_one_transaction_that_fails_anywhere
];

type Refs = Vec<(String, gix_hash::ObjectId)>;

/// How a push is made.
#[derive(Debug, Clone, Copy)]
struct Manner {
    atomic: bool,
    /// Bytes and names in one transaction, as a small push is written.
    in_one: bool,
}

fn push<D: Database>(store: &RepoStore<D>, manner: Manner) -> Result<Vec<RefOutcome>, StoreError> {
    let push = || {
        let pack = write_pack(store, CHUNK_BYTES + 9, 2)?;
        let updates = vec![
            update("refs/heads/main", Some(1), Some(2)),
            update("refs/heads/topic", None, Some(2)),
            update("refs/heads/done", Some(1), None),
        ];
        let atomic = manner.atomic;
        store.publish(&Publication {
            atomic,
            ..publication(Some(pack), updates)
        })
    };
    if manner.in_one {
        in_transaction(&store.database(), push)
    } else {
        push()
    }
}

fn a_push_that_fails_anywhere<D: Database>(open: &dyn Fn() -> D) {
    for_every_fault(open, false);
}

fn a_push_in_one_transaction_that_fails_anywhere<D: Database>(open: &dyn Fn() -> D) {
    for_every_fault(open, true);
}

fn for_every_fault<D: Database>(open: &dyn Fn() -> D, in_one: bool) {
    for (atomic, persisted) in [(false, false), (false, true), (true, false), (true, true)] {
        let manner = Manner { atomic, in_one };
        let mut faults = 0;
        while fault(&open(), manner, persisted, faults) {
            faults += 1;
            assert!(faults < 100, "a push has an end");
        }
        assert!(faults >= 12, "every write was reached, {faults} seen");
    }
}

/// One push with one fault; false when the push was over before it.
fn fault<D: Database>(db: &D, manner: Manner, persisted: bool, nth: u32) -> bool {
    let label = format!("write {nth}, {manner:?}, persisted {persisted}");
    let store = created(db);
    push_main(&store, None, 1);
    super::must_change(&store, vec![update("refs/heads/done", None, Some(1))]);
    let before: Refs = all_refs(&store);
    let after: Refs = ["main", "topic"]
        .map(|name| (format!("refs/heads/{name}"), super::id(2)))
        .to_vec();

    let countdown = Cell::new(Some(nth));
    let faulty = RepoStore::new(
        Faulty {
            db,
            countdown,
            persisted,
        },
        Box::new(|| NOW),
    );
    let result = push(&faulty, manner);
    let refs = all_refs(&faulty);
    if let Ok(outcomes) = result {
        assert_eq!(outcomes, vec![RefOutcome::Updated; 3], "{label}");
        assert_eq!(refs, after, "{label}");
        assert!(
            faulty.database().countdown.get().is_some(),
            "{label}: a fault went unnoticed"
        );
        return false;
    }
    // Only when the commit itself took effect and its answer was lost is the push done.
    let done = refs == after;
    assert!(done || refs == before, "{label}: {refs:?}");
    assert!(!done || persisted, "{label}");
    check_whole(&faulty, if done { 2 } else { 1 }, &label);

    // In the same instance, whose memory saw the fault, and after a restart.
    if !done && nth.is_multiple_of(2) {
        assert_eq!(
            push(&faulty, manner),
            Ok(vec![RefOutcome::Updated; 3]),
            "{label}"
        );
    } else if !done {
        assert_eq!(
            push(&reopened(db), manner),
            Ok(vec![RefOutcome::Updated; 3]),
            "{label}"
        );
    }
    let store = reopened(db);
    assert_eq!(all_refs(&store), after, "{label}");
    check_whole(&store, 2, &label);
    sweep_all(&store);
    let counts = store.counts().unwrap();
    assert_eq!(
        (counts.live_packs, counts.quarantined_packs),
        (2, 0),
        "{label}"
    );
    assert_eq!((counts.chunk_rows, counts.part_rows), (3, 6), "{label}");
    check_whole(&store, 2, &label);
    true
}

/// Every live pack has its chunks and its parts, by the store's own look and by the database's.
pub fn check_whole<D: Database>(store: &RepoStore<D>, live: usize, label: &str) {
    let packs = store.live_packs().unwrap();
    assert_eq!(packs.len(), live, "{label}");
    for pack in packs.iter() {
        let last = u32::try_from((pack.pack_bytes - 1) / CHUNK_BYTES as u64).unwrap();
        for number in 0..=last {
            store.chunk(pack.pack_id, number).unwrap();
        }
        for part in super::PARTS {
            store.part(pack.pack_id, part).unwrap();
        }
    }
    assert_eq!(store.count_orphans(), Ok(0), "{label}");
}

pub fn sweep_all<D: Database>(store: &RepoStore<D>) {
    let in_progress = BTreeSet::new();
    let sweep = Sweep {
        now_ms: NOW + 9,
        grace_ms: 5,
        superseded_until_ms: NOW + 4,
        rows_max: 999,
        in_progress: &in_progress,
        scrubs: false,
    };
    assert_eq!(store.sweep(sweep), Ok(false));
}
