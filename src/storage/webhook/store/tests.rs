use super::*;
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::webhook::deliveries::{KEPT_MAX, KEPT_MS, State};

const NOW: i64 = 1_800_000_000_000;
const ONE: &str = "aaaaaaaa00000001";
const TWO: &str = "bbbbbbbb00000002";

fn open() -> HookStore<RusqliteDatabase> {
    HookStore::new(RusqliteDatabase::in_memory().unwrap())
}

fn event(repository_id: &str, sequence: i64) -> NewDelivery<'_> {
    NewDelivery {
        repository_id,
        sequence: Some(sequence),
        event_id: "evt",
        kind: "cairn.repo.pushed",
        body: "{}",
    }
}

fn take(store: &HookStore<RusqliteDatabase>, events: &[NewDelivery<'_>]) {
    store.take(&Definition::of_test(1), events, NOW).unwrap();
}

fn due(store: &HookStore<RusqliteDatabase>, now_ms: i64) -> Vec<i64> {
    let due = store.due(now_ms, 10).unwrap();
    due.into_iter().map(|due| due.seq).collect()
}

fn settle(store: &HookStore<RusqliteDatabase>, seq: i64, next: Next) {
    let attempt = Attempt {
        at_ms: NOW,
        ..Attempt::default()
    };
    store.settle(seq, &attempt, next).unwrap();
}

#[test]
fn nothing_is_written_before_the_first_event() {
    let store = open();
    assert_eq!(store.load(), Ok(None));
    assert_eq!(store.database().rows_written(), 0);
}

#[test]
fn events_of_one_repository_wait_for_each_other() {
    let store = open();
    take(
        &store,
        &[event(ONE, 1), event(TWO, 2), event(ONE, 3), event(ONE, 4)],
    );
    assert_eq!(due(&store, NOW), [1, 2]);
    settle(&store, 1, Next::Retry(NOW + 1_000));
    assert_eq!(due(&store, NOW), [2]);
    settle(&store, 2, Next::Delivered);
    assert_eq!(due(&store, NOW), [0; 0]);
    assert_eq!(store.next_due(5), Ok(vec![(NOW + 1_000, 1)]));
    settle(&store, 1, Next::GivenUp);
    assert_eq!(due(&store, NOW), [3], "given up, it holds up nobody");
    settle(&store, 3, Next::Delivered);
    assert_eq!(due(&store, NOW), [4]);
    settle(&store, 4, Next::Delivered);
    assert!(store.is_settled().unwrap());
    take(&store, &[event(ONE, 5)]);
    assert_eq!(due(&store, NOW), [5], "a lane that was empty");
}

#[test]
fn an_event_that_comes_twice_is_taken_once() {
    let store = open();
    take(&store, &[event(ONE, 1), event(ONE, 2)]);
    take(&store, &[event(ONE, 1), event(ONE, 2), event(ONE, 7)]);
    take(&store, &[event(ONE, 7)]);
    assert_eq!(store.deliveries(None, None, 10).unwrap().len(), 3);
    for seq in 1..=3 {
        settle(&store, seq, Next::Delivered);
    }
    // Long after their events are gone.
    store.prune(NOW + KEPT_MS).unwrap();
    assert_eq!(store.deliveries(None, None, 10), Ok(vec![]));
    take(&store, &[event(ONE, 2), event(ONE, 7)]);
    assert_eq!(store.deliveries(None, None, 10), Ok(vec![]));
}

#[test]
fn a_ping_stands_outside_the_order() {
    let store = open();
    take(&store, &[event(ONE, 1)]);
    settle(&store, 1, Next::Retry(NOW + 60_000));
    let ping = NewDelivery {
        sequence: None,
        ..event(ONE, 0)
    };
    let seq = store
        .take_extra(&Definition::of_test(1), &ping, NOW)
        .unwrap();
    assert_eq!(due(&store, NOW), [seq]);
    assert!(store.due(NOW, 1).unwrap()[0].is_extra);
    settle(&store, seq, Next::Delivered);
    assert_eq!(due(&store, NOW), [0; 0], "the lane still waits");
    take(&store, &[event(ONE, 2)]);
    assert_eq!(due(&store, NOW + 60_000), [1]);
}

#[test]
fn the_newest_definition_counts() {
    let store = open();
    store.take(&Definition::of_test(2), &[], NOW).unwrap();
    let mut older = Definition::of_test(1);
    older.url = "https://old.example.com/".to_owned();
    store.take(&older, &[event(ONE, 1)], NOW).unwrap();
    assert_eq!(
        store.load().unwrap().unwrap().definition,
        Definition::of_test(2)
    );
    assert_eq!(due(&store, NOW), [1], "its events are taken all the same");
    let ending = Definition {
        is_ending: true,
        ..Definition::of_test(2)
    };
    store.take(&ending, &[], NOW).unwrap();
    assert_eq!(store.load().unwrap().unwrap().definition, ending);
}

#[test]
fn another_url_is_tried_at_once() {
    let store = open();
    take(&store, &[event(ONE, 1)]);
    settle(&store, 1, Next::Retry(NOW + 60_000));
    store.set_failing_since(Some(NOW)).unwrap();
    let mut moved = Definition::of_test(2);
    store.take(&moved, &[], NOW + 1).unwrap();
    assert_eq!(
        due(&store, NOW + 1),
        [0; 0],
        "nothing but the version changed"
    );
    moved.url = "https://new.example.com/".to_owned();
    moved.version = 3;
    store.take(&moved, &[], NOW + 2).unwrap();
    assert_eq!(due(&store, NOW + 2), [1]);
    assert_eq!(store.load().unwrap().unwrap().failing_since, None);
}

#[test]
fn a_webhook_that_is_switched_off_drops_pending_deliveries() {
    let store = open();
    take(&store, &[event(ONE, 1), event(ONE, 2)]);
    store.set_failing_since(Some(NOW)).unwrap();
    store.disable("gone").unwrap();
    let hook = store.load().unwrap().unwrap();
    assert_eq!(hook.disabled_reason.as_deref(), Some("gone"));
    assert!(!hook.definition.active);
    assert_eq!(due(&store, NOW), [0; 0]);
    let states = store.deliveries(Some(State::Dropped), None, 10).unwrap();
    assert_eq!(states.len(), 2);
    // The namespace's object does not know yet, and sends more.
    take(&store, &[event(ONE, 3)]);
    assert_eq!(due(&store, NOW), [0; 0]);
    store.disabling_told().unwrap();
    assert_eq!(store.load().unwrap().unwrap().disabled_reason, None);
    // Switched on again by its owner.
    store
        .take(&Definition::of_test(3), &[event(ONE, 4)], NOW)
        .unwrap();
    assert_eq!(due(&store, NOW).len(), 1);
    assert_eq!(store.load().unwrap().unwrap().failing_since, None);
}

#[test]
fn an_attempt_of_a_delivery_that_was_dropped_meanwhile_changes_nothing() {
    let store = open();
    take(&store, &[event(ONE, 1)]);
    store.disable("failing").unwrap();
    settle(&store, 1, Next::Delivered);
    assert_eq!(store.delivery(1).unwrap().unwrap().state, State::Dropped);
}

#[test]
fn the_newest_deliveries_are_kept_and_those_on_their_way() {
    let store = open();
    let count = i64::from(KEPT_MAX) + 5;
    take(&store, &[event(TWO, 1)]);
    let events: Vec<_> = (2..=count).map(|sequence| event(ONE, sequence)).collect();
    take(&store, &events);
    for seq in 2..=count {
        settle(&store, seq, Next::Delivered);
    }
    store.prune(NOW).unwrap();
    let kept = store
        .deliveries(Some(State::Delivered), None, 2_000)
        .unwrap();
    assert_eq!(kept.len(), usize::try_from(KEPT_MAX).unwrap());
    assert_eq!(kept[0].seq, count);
    assert_eq!(due(&store, NOW), [1], "the pending one stays, old as it is");
    assert_eq!(store.prune_due(), Ok(Some(NOW + KEPT_MS)));
}
