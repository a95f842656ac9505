//! Downstreams as rows.

use super::*;
use crate::storage::repository::testing::store;

const ID: &str = "0123456789abcdef";

fn new() -> Downstream {
    Downstream {
        id: ID.to_owned(),
        url: "https://example.com/a.git".to_owned(),
        settings: DownstreamSettings {
            refs: vec!["refs/heads/*".to_owned()],
            force: true,
            prune: false,
            atomic: false,
        },
        credentials: None,
        is_active: true,
        created_at: 5,
        reflog_seq: 0,
        is_asked: true,
        attempts: 0,
        retry_at: None,
    }
}

fn ended(outcome: PushOutcome) -> EndedPush {
    EndedPush {
        number: 0,
        started_at: 1,
        ended_at: 2,
        outcome,
        report: PushReport::default(),
    }
}

#[test]
fn a_push_is_due_until_it_is_settled() {
    let store = store();
    assert!(!store.load().unwrap().unwrap().has_downstreams);
    store.add_downstream(&new()).unwrap();
    // The same once more: the answer to a request was lost.
    store.add_downstream(&new()).unwrap();
    assert_eq!(store.downstreams().unwrap(), [new()]);
    assert!(store.load().unwrap().unwrap().has_downstreams);
    let due = |seq: i64| store.downstream(ID).unwrap().unwrap().due(seq);
    assert_eq!(due(0), Some(0), "the first push is asked for");
    store.begin_downstream_push(ID, 1000).unwrap();
    assert_eq!(
        due(0),
        Some(1000),
        "if the object ends now, there is another attempt"
    );
    let failed = ended(PushOutcome::Failed);
    let number = store.end_downstream_push(ID, Settled::Retry(700), 1, Some(&failed));
    assert_eq!(number, Ok(Some(1)));
    assert_eq!(due(0), Some(700));
    store.begin_downstream_push(ID, 2000).unwrap();
    assert_eq!(store.downstream(ID).unwrap().unwrap().attempts, 2);
    let settled = Settled::UpTo(8);
    assert_eq!(store.end_downstream_push(ID, settled, 2, None), Ok(None));
    assert_eq!((due(8), due(9)), (None, Some(0)));
}

#[test]
fn what_is_asked_for_during_a_push_comes_after_it_without_delay() {
    let store = store();
    store.add_downstream(&new()).unwrap();
    for settled in [Settled::UpTo(3), Settled::Retry(9000)] {
        store.begin_downstream_push(ID, 5000).unwrap();
        store.ask_downstream(ID).unwrap();
        store.end_downstream_push(ID, settled, 1, None).unwrap();
        assert_eq!(
            store.downstream(ID).unwrap().unwrap().due(3),
            Some(0),
            "{settled:?}"
        );
    }
    let mut changed = new();
    changed.is_active = false;
    store.change_downstream(&changed).unwrap();
    assert_eq!(store.downstream(ID).unwrap().unwrap().due(3), None);
    store.reseal_downstream(ID, "x", "y").unwrap();
    assert_eq!(store.downstream(ID).unwrap().unwrap().credentials, None);
}

#[test]
fn the_newest_pushes_stay_on_record_until_the_downstream_goes() {
    let store = store();
    store.add_downstream(&new()).unwrap();
    for _ in 0..PUSHES_MAX + 5 {
        let pushed = ended(PushOutcome::Pushed);
        store
            .end_downstream_push(ID, Settled::UpTo(1), 0, Some(&pushed))
            .unwrap();
    }
    let numbers = |before, limit| -> Vec<i64> {
        let page = store.downstream_pushes(ID, before, limit).unwrap();
        page.iter().map(|push| push.number).collect()
    };
    assert_eq!(numbers(None, 2), [105, 104]);
    assert_eq!(numbers(Some(8), 9), [7, 6]);
    assert_eq!(store.remove_downstream(ID), Ok(true));
    assert_eq!(store.remove_downstream(ID), Ok(false));
    assert!(numbers(None, 9).is_empty());
    let gone =
        store.end_downstream_push(ID, Settled::UpTo(1), 0, Some(&ended(PushOutcome::Pushed)));
    assert_eq!(gone, Ok(None));
}
