use serde_json::json;

use super::*;
use crate::repo_do::contract::ErrorCode;
use crate::storage::event::{ActorKind, Event, EventActor, EventBody};
use crate::storage::event_payload::raw;
use crate::storage::namespace::testing::{Store, acme, nowhere};
use crate::worker::namespace::contract::UpdateNamespace;
use crate::worker::namespace::events::author_text;
use crate::worker::namespace::update;

const NOW: i64 = 1_700_000_000_000;
const REPOSITORY: &str = "aaaaaaaaaaaaaaaa";

fn store() -> Store {
    acme(NOW)
}

fn operator(now_ms: i64) -> Author {
    let author = Author::named(
        author_text(true, None).as_deref(),
        Some("request-1".to_owned()),
        now_ms,
    );
    author.with_address(Some("192.0.2.7".to_owned()))
}

fn event(sequence: i64, kind: EventKind) -> Event {
    Event {
        sequence,
        at_ms: NOW + sequence,
        kind,
        body: EventBody {
            namespace: "Acme".to_owned(),
            repo_name: Some("app".to_owned()),
            payload: raw(&json!({ "tokenId": "t" })),
            actor: EventActor {
                kind: ActorKind::Namespace,
                token_id: Some("0123456789abcdef".to_owned()),
                label: Some("ci".to_owned()),
            },
            request_id: Some("request-2".to_owned()),
            address: Some("192.0.2.8".to_owned()),
        },
    }
}

fn ask(store: &Store, change: impl FnOnce(&mut AskAudit)) -> Audit {
    let mut asked = AskAudit {
        limit: 10,
        ..AskAudit::default()
    };
    change(&mut asked);
    list(store, &asked).unwrap()
}

fn actions(page: &Audit) -> Vec<&str> {
    let entries = page.entries.iter();
    entries.map(|entry| entry.action.as_str()).collect()
}

#[test]
fn acts_of_the_namespace_and_of_its_repositories_stand_in_one_log() {
    let store = store();
    let change = UpdateNamespace {
        suspended: Some(true),
        ..UpdateNamespace::default()
    };
    update::update(&store, &change, &operator(NOW)).unwrap();
    note(
        &store,
        &operator(NOW + 1),
        "webhook.created",
        json!({ "webhookId": "w" }),
    )
    .unwrap();
    let events = [
        event(1, EventKind::TokenRevoked),
        event(2, EventKind::Pushed),
        event(3, EventKind::Purged),
    ];
    // A repository may hand its events over twice.
    for _ in 0..2 {
        store.take_events(REPOSITORY, 1, &events).unwrap();
    }
    let page = ask(&store, |_| {});
    assert_eq!(
        actions(&page),
        [
            "repo.purged",
            "repo.token.revoked",
            "webhook.created",
            "namespace.updated"
        ]
    );
    assert_eq!(page.next, None);
    let revoked = &page.entries[1];
    assert_eq!(revoked.at_ms, NOW + 1);
    assert_eq!(revoked.body.repository_id.as_deref(), Some(REPOSITORY));
    assert_eq!(revoked.body.repo_name.as_deref(), Some("app"));
    assert_eq!(revoked.body.actor.label.as_deref(), Some("ci"));
    assert_eq!(revoked.body.address.as_deref(), Some("192.0.2.8"));
    let suspended = &page.entries[3];
    assert_eq!(suspended.body.actor.kind, ActorKind::Operator);
    assert_eq!(suspended.body.request_id.as_deref(), Some("request-1"));
    assert_eq!(suspended.body.address.as_deref(), Some("192.0.2.7"));
    assert_eq!(suspended.body.repository_id, None);
    let details: Value = serde_json::from_str(suspended.body.details.get()).unwrap();
    assert_eq!(
        details,
        json!({ "changed": ["suspended"], "suspended": true })
    );
}

#[test]
fn a_push_writes_no_row_of_the_log() {
    let store = store();
    let cost = |sequence, kind| {
        let before = store.database().rows_written();
        let taken = store.take_events(REPOSITORY, 1, &[event(sequence, kind)]);
        assert_eq!(taken, Ok(sequence));
        store.database().rows_written() - before
    };
    cost(1, EventKind::Pushed);
    let push = cost(2, EventKind::Pushed);
    assert!(cost(3, EventKind::Updated) > push);
    assert_eq!(ask(&store, |_| {}).entries.len(), 1);
}

#[test]
fn the_log_is_filtered_and_walked_page_by_page() {
    let store = store();
    for number in 0..5 {
        let action = if number % 2 == 0 {
            "quota.changed"
        } else {
            "webhook.created"
        };
        note(
            &store,
            &operator(NOW + number),
            action,
            json!({ "number": number }),
        )
        .unwrap();
    }
    store
        .take_events(REPOSITORY, 1, &[event(1, EventKind::TokenRevoked)])
        .unwrap();
    let mut walked = Vec::new();
    let mut before = None;
    loop {
        let page = ask(&store, |asked| (asked.limit, asked.before) = (2, before));
        walked.extend(page.entries.iter().map(|entry| entry.sequence));
        // An entry that comes meanwhile neither repeats nor hides another.
        note(&store, &operator(NOW + 9), "later", json!({})).unwrap();
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(walked, [6, 5, 4, 3, 2, 1]);

    let of = |change: &dyn Fn(&mut AskAudit)| ask(&store, |asked| change(asked)).entries.len();
    assert_eq!(of(&|asked| asked.action = Some("quota.changed".into())), 3);
    assert_eq!(of(&|asked| asked.action = Some("quota.*".into())), 3);
    assert_eq!(of(&|asked| asked.action = Some("quota".into())), 0);
    assert_eq!(of(&|asked| asked.actor = Some(ActorKind::Namespace)), 1);
    assert_eq!(
        of(&|asked| asked.token_id = Some("0123456789abcdef".into())),
        1
    );
    assert_eq!(of(&|asked| asked.until_ms = Some(NOW + 1)), 1);
    assert_eq!(
        of(&|asked| (asked.since_ms, asked.until_ms) = (Some(NOW + 1), Some(NOW + 4))),
        4
    );
}

#[test]
fn a_cursor_beyond_the_stores_numbers_is_refused() {
    let asked = AskAudit {
        limit: 10,
        before: Some(i64::MAX),
        ..AskAudit::default()
    };
    let Err(StepError::Refused(reply)) = list(&store(), &asked) else {
        panic!("no page gave this cursor");
    };
    assert_eq!(reply.code, ErrorCode::InvalidInput);
}

#[test]
fn a_signed_token_acts_under_its_label() {
    let store = store();
    let text = author_text(false, Some("0123456789abcdef"));
    let author = Author::named(text.as_deref(), None, NOW);
    let author = author.with_label(Some("repo:acme/app".to_owned()));
    note(&store, &author, "webhook.created", json!({})).unwrap();
    let page = ask(&store, |_| {});
    let actor = &page.entries[0].body.actor;
    assert_eq!(actor.token_id.as_deref(), Some("0123456789abcdef"));
    assert_eq!(actor.label.as_deref(), Some("repo:acme/app"));
}

#[test]
fn a_missing_namespace_has_no_log() {
    let store = nowhere();
    let Err(StepError::Refused(reply)) = list(&store, &AskAudit::default()) else {
        panic!("a log without a namespace");
    };
    assert_eq!(reply.code, ErrorCode::NotFound);
}
