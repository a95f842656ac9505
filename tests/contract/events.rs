//! Events: written with the changes that they tell, in an order without gaps, handed over, and let go in
//! time.

use cairn::git::store::StoreError;
use cairn::storage::db::sql::{Database, in_transaction};
use cairn::storage::event::{ActorKind, Event, EventActor, EventKind, EventOrigin};
use cairn::storage::event_payload::{PushedCommits, raw};
use cairn::storage::repository::events::{EventBounds, EventRetention};
use cairn::storage::repository::publication::{Publication, PushEvents, RefOutcome};
use cairn::storage::repository::store::RepoStore;
use serde_json::{Value, json};

use super::faulty::Faulty;
use super::{NOW, created, id, publication, reopened, update, write_pack};

crate::contract::cases![
    numbers_follow_each_other_whatever_is_undone,
    a_page_is_bounded_by_rows_and_by_bytes,
    each_ref_that_changes_has_one_event,
    what_changes_nothing_has_no_event,
    a_refused_atomic_push_has_no_event,
    what_the_caller_tells_itself_has_no_event_of_a_push,
    an_event_costs_one_row,
    a_hand_over_is_noted_and_never_taken_back,
    events_go_by_count_and_by_age,
    what_was_not_handed_over_stays,
    the_newest_event_stays,
    a_push_and_its_event_come_to_pass_together_whatever_fails,
];

const KEPT: EventRetention = EventRetention {
    count_max: 3,
    age_ms: 1000,
};

fn origin() -> EventOrigin {
    EventOrigin {
        repository_id: "0123456789abcdef".to_owned(),
        namespace: "Acme".to_owned(),
        repo_name: "Widgets".to_owned(),
        actor: EventActor {
            kind: ActorKind::Token,
            token_id: Some("0123456789abcdeg".to_owned()),
            label: Some("ci".to_owned()),
        },
        request_id: Some("a-request".to_owned()),
        address: None,
    }
}

fn append<D: Database>(store: &RepoStore<D>, at_ms: i64) -> Result<(), StoreError> {
    let body = origin().body(raw(&json!({"at": at_ms})));
    store.append_event(EventKind::Updated, at_ms, &body)
}

fn append_all<D: Database>(store: &RepoStore<D>, times: &[i64]) {
    for at_ms in times {
        append(store, *at_ms).unwrap();
    }
}

fn events<D: Database>(store: &RepoStore<D>) -> Vec<Event> {
    let page = store.events_after(0, 1000, usize::MAX).unwrap();
    assert!(!page.more);
    page.events
}

fn numbers<D: Database>(store: &RepoStore<D>) -> Vec<i64> {
    let events = events(store);
    events.iter().map(|event| event.sequence).collect()
}

fn payload(event: &Event) -> Value {
    serde_json::from_str(event.body.payload.get()).unwrap()
}

/// A push that tells.
fn telling(push: Publication) -> Publication {
    let told = PushedCommits {
        forced: true,
        total: 7,
        truncated: true,
        ..PushedCommits::default()
    };
    Publication {
        events: Some(PushEvents {
            origin: origin(),
            commits: vec![told],
        }),
        ..push
    }
}

fn numbers_follow_each_other_whatever_is_undone<D: Database>(open: &dyn Fn() -> D) {
    let db = open();
    let store = created(&db);
    assert_eq!(store.event_bounds(), Ok(EventBounds::default()));
    append_all(&store, &[NOW, NOW]);
    let undone = in_transaction(store.database(), || {
        append(&store, NOW)?;
        append(&store, NOW)?;
        Err::<(), _>(StoreError::Failed("no".to_owned()))
    });
    undone.unwrap_err();
    append_all(&store, &[NOW]);
    append_all(&reopened(&db), &[NOW]);
    assert_eq!(numbers(&store), [1, 2, 3, 4]);
    let bounds = EventBounds {
        oldest: 1,
        newest: 4,
    };
    assert_eq!(store.event_bounds(), Ok(bounds));
}

fn a_page_is_bounded_by_rows_and_by_bytes<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    append_all(&store, &[NOW; 5]);
    let page = |after, rows, bytes| {
        let page = store.events_after(after, rows, bytes).unwrap();
        let numbers: Vec<_> = page.events.iter().map(|event| event.sequence).collect();
        (numbers, page.more)
    };
    let bytes = serde_json::to_string(&events(&store)[0].body)
        .unwrap()
        .len();
    assert_eq!(page(0, 3, usize::MAX), (vec![1, 2, 3], true));
    assert_eq!(page(3, 3, usize::MAX), (vec![4, 5], false));
    assert_eq!(page(0, 9, 2 * bytes), (vec![1, 2], true));
    // The first comes in any case, or a reader would never get on.
    assert_eq!(page(2, 9, 1), (vec![3], true));
    assert_eq!(page(5, 9, 9999), (vec![], false));
}

fn each_ref_that_changes_has_one_event<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    super::must_change(&store, vec![update("refs/heads/old", None, Some(1))]);
    let push = telling(Publication {
        push_options: vec!["ci.skip".into()],
        ..publication(
            None,
            vec![
                update("refs/heads/new", None, Some(2)),
                update("refs/heads/stale", Some(9), Some(2)),
                update("refs/heads/old", Some(1), None),
            ],
        )
    });
    store.publish(&push).unwrap();
    let events = events(&store);
    let zeros = "0".repeat(40);
    let expect = [
        // Deletions come first.
        json!({"repoId": "0123456789abcdef", "ref": "refs/heads/old",
            "before": id(1).to_string(), "after": zeros, "forced": false, "commits": [],
            "totalCommitsCount": 0, "commitsTruncated": false, "pushOptions": ["ci.skip"]}),
        json!({"repoId": "0123456789abcdef", "ref": "refs/heads/new", "before": zeros,
            "after": id(2).to_string(), "forced": true, "commits": [], "totalCommitsCount": 7,
            "commitsTruncated": true, "pushOptions": ["ci.skip"]}),
    ];
    assert_eq!(events.iter().map(payload).collect::<Vec<_>>(), expect);
    for event in &events {
        assert_eq!((event.kind, event.at_ms), (EventKind::Pushed, NOW + 1));
        assert_eq!(event.body.namespace, "Acme");
        assert_eq!(event.body.repo_name.as_deref(), Some("Widgets"));
        assert_eq!(event.body.actor, origin().actor);
        assert_eq!(event.body.request_id.as_deref(), Some("a-request"));
    }
}

fn what_changes_nothing_has_no_event<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    super::must_change(&store, vec![update("refs/heads/a", None, Some(1))]);
    for unchanged in [
        update("refs/heads/a", Some(1), Some(1)),
        update("refs/heads/absent", None, None),
        update("refs/heads/a", Some(2), Some(3)),
    ] {
        let push = telling(publication(None, vec![unchanged]));
        store.publish(&push).unwrap();
    }
    assert_eq!(numbers(&store), [0_i64; 0]);
}

fn a_refused_atomic_push_has_no_event<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    let push = Publication {
        atomic: true,
        ..telling(publication(
            None,
            vec![
                update("refs/heads/a", None, Some(1)),
                update("refs/heads/b", Some(9), Some(1)),
            ],
        ))
    };
    store.publish(&push).unwrap();
    assert_eq!(numbers(&store), [0_i64; 0]);
    append_all(&store, &[NOW]);
    assert_eq!(numbers(&store), [1]);
}

fn what_the_caller_tells_itself_has_no_event_of_a_push<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    super::must_change(&store, vec![update("refs/heads/a", None, Some(1))]);
    assert_eq!(numbers(&store), [0_i64; 0]);
}

fn an_event_costs_one_row<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    append_all(&store, &[NOW; 40]);
    let db = store.database();
    let (read, written) = (db.rows_read(), db.rows_written());
    append(&store, NOW).unwrap();
    assert_eq!((db.rows_read() - read, db.rows_written() - written), (0, 1));
    store.note_handed_over(41).unwrap();
    assert_eq!(db.rows_written() - written, 2);
}

fn a_hand_over_is_noted_and_never_taken_back<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    assert_eq!(store.handed_over(), Ok(0));
    assert_eq!(store.has_unhanded_events(), Ok(false));
    append_all(&store, &[NOW, NOW]);
    assert_eq!(store.has_unhanded_events(), Ok(true));
    for (taken, handed_over, has_unhanded) in [(1, 1, true), (2, 2, false), (1, 2, false)] {
        store.note_handed_over(taken).unwrap();
        assert_eq!(store.handed_over(), Ok(handed_over));
        assert_eq!(store.has_unhanded_events(), Ok(has_unhanded));
    }
}

fn events_go_by_count_and_by_age<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    append_all(&store, &[NOW, NOW + 1, NOW + 2]);
    store.note_handed_over(3).unwrap();
    assert_eq!(store.events_due(KEPT), Ok(Some(NOW + 1000)));
    assert_eq!(store.trim_events(KEPT, NOW, 9), Ok(0));
    // By count, in batches.
    append_all(&store, &[NOW + 3, NOW + 4, NOW + 5]);
    store.note_handed_over(6).unwrap();
    assert_eq!(store.events_due(KEPT), Ok(Some(0)));
    assert_eq!(store.trim_events(KEPT, NOW + 9, 2), Ok(2));
    assert_eq!(store.trim_events(KEPT, NOW + 9, 2), Ok(1));
    assert_eq!(numbers(&store), [4, 5, 6]);
    // By age, with a clock that went back once.
    append_all(&store, &[NOW + 1, NOW + 2000]);
    store.note_handed_over(8).unwrap();
    assert_eq!(store.trim_events(KEPT, NOW + 1004, 9), Ok(2));
    assert_eq!(numbers(&store), [6, 7, 8]);
}

fn what_was_not_handed_over_stays<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    append_all(&store, &[NOW; 9]);
    let late = NOW + 100_000;
    assert_eq!(store.events_due(KEPT), Ok(None));
    assert_eq!(store.trim_events(KEPT, late, 99), Ok(0));
    store.note_handed_over(4).unwrap();
    assert_eq!(store.events_due(KEPT), Ok(Some(0)));
    assert_eq!(store.trim_events(KEPT, late, 99), Ok(4));
    assert_eq!(store.events_due(KEPT), Ok(None));
    assert_eq!(numbers(&store), [5, 6, 7, 8, 9]);
}

fn the_newest_event_stays<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open());
    append_all(&store, &[NOW; 2]);
    store.note_handed_over(2).unwrap();
    assert_eq!(store.trim_events(KEPT, NOW + 100_000, 99), Ok(1));
    assert_eq!(store.events_due(KEPT), Ok(None));
    append_all(&store, &[NOW]);
    assert_eq!(numbers(&store), [2, 3]);
}

/// A push in one transaction with its event; each of its writes fails once.
fn a_push_and_its_event_come_to_pass_together_whatever_fails<D: Database>(open: &dyn Fn() -> D) {
    for persisted in [false, true] {
        let mut nth = 0;
        while push_with_a_fault(&open(), nth, persisted) {
            nth += 1;
        }
        assert!(nth >= 9, "every write was reached, {nth} seen");
    }
}

/// False when the push was over before the fault.
fn push_with_a_fault<D: Database>(db: &D, nth: u32, persisted: bool) -> bool {
    let store = created(db);
    append_all(&store, &[NOW]);
    let faulty = RepoStore::new(Faulty::new(db, nth, persisted), Box::new(|| NOW));
    let push = |store: &RepoStore<Faulty<'_, D>>| {
        in_transaction(store.database(), || {
            let pack = write_pack(store, 100, 2)?;
            let updates = vec![update("refs/heads/main", None, Some(2))];
            store.publish(&telling(publication(Some(pack), updates)))
        })
    };
    let pushed = push(&faulty);
    let struck = faulty.database().has_struck();
    let is_there = store.find_ref("refs/heads/main".into()).unwrap().is_some();
    let expect: &[i64] = if is_there { &[1, 2] } else { &[1] };
    assert_eq!(
        numbers(&store),
        expect,
        "write {nth}, persisted {persisted}"
    );
    if !struck {
        assert_eq!(pushed, Ok(vec![RefOutcome::Updated]));
        return false;
    }
    if !is_there {
        assert_eq!(push(&faulty), Ok(vec![RefOutcome::Updated]));
        assert_eq!(
            numbers(&store),
            [1, 2],
            "write {nth}, persisted {persisted}"
        );
    }
    true
}
