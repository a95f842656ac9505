//! When a repository ends by itself, and the rows of a deleted one that can be restored.

use cairn::storage::db::sql::Database;
use cairn::storage::repository::kept::Kept;
use cairn::storage::repository::lifetime::{BoundChange, LifetimeChange, NextStep};
use cairn::storage::repository::phase::Phase;

use super::{NOW, all_refs, created, push_main};

crate::contract::cases![
    a_lifetime_is_announced_once_and_again_when_it_changes,
    only_a_use_that_is_news_is_noted,
    a_deleted_repository_serves_nobody_and_comes_back,
];

fn bounds(expires_at: BoundChange, idle_ttl_seconds: BoundChange) -> LifetimeChange {
    LifetimeChange {
        expires_at,
        idle_ttl_seconds,
    }
}

fn a_lifetime_is_announced_once_and_again_when_it_changes<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let next = || store.next_step(&store.load().unwrap().unwrap()).unwrap();
    assert_eq!(next(), None);
    let (hour_ms, day_ms) = (3_600_000, 86_400_000);
    for ends_at in [NOW + day_ms, NOW + 2 * day_ms] {
        let set = bounds(BoundChange::Set(ends_at), BoundChange::Keep);
        store.set_lifetime(&set).unwrap();
        let at_ms = ends_at - hour_ms;
        assert_eq!(next(), Some(NextStep::Announce { at_ms, ends_at }));
        store.note_announced(ends_at).unwrap();
        assert_eq!(next(), Some(NextStep::End { at_ms: ends_at }));
        let record = store.load().unwrap().unwrap();
        assert!(record.is_over(ends_at) && !record.is_over(ends_at - 1));
    }
    let gone = bounds(BoundChange::Remove, BoundChange::Keep);
    store.set_lifetime(&gone).unwrap();
    assert_eq!(next(), None);
}

fn only_a_use_that_is_news_is_noted<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let rows = || store.database().rows_written();
    let use_at = |at_ms| {
        let before = rows();
        let record = store.load().unwrap().unwrap();
        store.note_use(&record, at_ms).unwrap();
        rows() - before
    };
    assert_eq!(use_at(NOW + 1_000_000), 0, "nothing counts idle time");
    let idle = bounds(BoundChange::Keep, BoundChange::Set(1600));
    store.set_lifetime(&idle).unwrap();
    let ends_at = || store.load().unwrap().unwrap().ends_at().unwrap();
    let begun = ends_at();
    assert_eq!(use_at(NOW + 100_000), 0, "within the precision");
    assert_eq!(ends_at(), begun);
    assert_eq!(use_at(NOW + 100_001), 1);
    assert_eq!(ends_at(), begun + 100_001);
    assert_eq!(use_at(NOW + 200_001), 0);
}

fn a_deleted_repository_serves_nobody_and_comes_back<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    push_main(&store, None, 1);
    let ended = bounds(BoundChange::Set(NOW + 5), BoundChange::Set(60));
    store.set_lifetime(&ended).unwrap();
    let (before, refs) = (store.load().unwrap().unwrap(), all_refs(&store));
    assert_eq!(store.kept(), Ok(None));
    let kept = Kept {
        deleted_at: NOW + 1,
        purge_at: NOW + 1000,
        object_name: "acme/widget".to_owned(),
    };
    store.keep_deleted(&kept).unwrap();
    assert_eq!(store.load().unwrap().unwrap().phase, Phase::Kept);
    assert_eq!(store.kept(), Ok(Some(kept.clone())));
    let later = Kept {
        deleted_at: NOW + 2,
        ..kept.clone()
    };
    store.keep_deleted(&later).unwrap();
    assert_eq!(store.kept(), Ok(Some(kept.clone())), "the first counts");
    store.restore(NOW + 500).unwrap();
    let after = store.load().unwrap().unwrap();
    assert_eq!((after.phase, store.kept()), (Phase::Ready, Ok(None)));
    assert_eq!((after.id, after.head), (before.id, before.head));
    assert_eq!(all_refs(&store), refs);
    assert_eq!(after.policies.expires_at, None, "it passed meanwhile");
    assert_eq!(after.policies.idle_ttl_seconds, Some(60));
    store.keep_deleted(&kept).unwrap();
    store.begin_deletion().unwrap();
    assert_eq!(store.load().unwrap().unwrap().phase, Phase::Deleting);
    assert_eq!(store.kept(), Ok(None));
}
