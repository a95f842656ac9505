use serde_json::{Value, json};

use super::*;
use crate::repo_do::contract::{RefRules, Scope, TokenHash, TokenRecord, UsageDay};
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::event::{ActorKind, Event, EventBody, EventKind};
use crate::storage::event_feed::{EventRetention, FeedOf, Look, Placed, look};
use crate::worker::namespace::contract::{
    AskUsage, CreateNamespace, MakeToken, Revoke, UpdateNamespace,
};
use crate::worker::namespace::events::{Author, author_text};
use crate::worker::namespace::{tokens, update};

type Store = NamespaceStore<RusqliteDatabase>;

const NOW: i64 = 1_767_323_045_678;

const KEPT: FeedRetention = FeedRetention {
    events: EventRetention {
        count_max: 10,
        age_ms: i64::MAX,
    },
    queue_waits: false,
};

fn store() -> Store {
    let store = NamespaceStore::new(RusqliteDatabase::in_memory().unwrap());
    let new = CreateNamespace {
        namespace: "Acme".into(),
        fsck_strict: false,
        now_ms: NOW,
    };
    steps::create(&store, &new).unwrap();
    store
}

fn all(store: &Store) -> Vec<Placed> {
    let asked = Look {
        after: 0,
        kinds: None,
        rows_max: 100,
        bytes_max: usize::MAX,
    };
    let looked = look(store.database(), FeedOf::Namespace, &asked).unwrap();
    looked.events
}

fn payload(placed: &Placed) -> Value {
    serde_json::from_str(placed.event.body.payload.get()).unwrap()
}

fn operator() -> Author {
    Author::named(Some("operator"), Some("request-1".into()), NOW)
}

fn token(number: u8, label: Option<&str>) -> TokenRecord {
    TokenRecord {
        token_id: format!("{number:0>16}"),
        sha256: TokenHash::new([number; 32]),
        scope: Scope::Admin,
        label: label.map(str::to_owned),
        created_at_ms: NOW,
        expires_at_ms: NOW + 1000,
        revoked_at_ms: None,
        last_used_at_ms: None,
        refs: RefRules::default(),
    }
}

fn make(store: &Store, number: u8, author: &Author) {
    let asked = MakeToken {
        token: token(number, Some("a platform")),
        repos: None,
    };
    tokens::make(store, asked, author).unwrap();
}

fn handed(sequences: impl IntoIterator<Item = i64>) -> HandOver {
    let body = r#"{"namespace":"Acme","repo_name":"x","payload":{},"actor":{"kind":"system"}}"#;
    let event = |sequence| Event {
        sequence,
        at_ms: NOW,
        kind: EventKind::Pushed,
        body: serde_json::from_str(body).unwrap(),
    };
    HandOver {
        repository_id: "aaaaaaaa00000001".into(),
        events: sequences.into_iter().map(event).collect(),
        oldest: 1,
        info: None,
        usage: Vec::new(),
        webhooks: Vec::new(),
        leaves: false,
    }
}

#[test]
fn a_repository_that_is_not_listed_is_taken_from_as_well() {
    let store = store();
    let taken = take(&store, &handed(1..=3), KEPT, NOW).unwrap();
    assert_eq!(taken, HandedOver { taken: 3 });
    let taken = take(&store, &handed(5..=5), KEPT, NOW).unwrap();
    assert_eq!(taken, HandedOver { taken: 3 }, "the repository goes back");
    assert_eq!(all(&store).len(), 3);
    let taken = take(&store, &handed(4..=14), KEPT, NOW).unwrap();
    assert_eq!(taken, HandedOver { taken: 14 });
    assert_eq!(all(&store).len(), 0, "place 0 is too late now");
    let sql = "SELECT count(*) FROM event";
    let count =
        crate::storage::db::sql::query_first(store.database(), sql, &[], |row| row.integer(0));
    assert_eq!(count, Ok(Some(10)));
}

#[test]
fn where_no_namespace_is_nothing_is_written() {
    let store = NamespaceStore::new(RusqliteDatabase::in_memory().unwrap());
    let taken = take(&store, &handed(1..=3), KEPT, NOW).unwrap();
    assert_eq!(
        taken,
        HandedOver { taken: 3 },
        "the last events of one that goes"
    );
    assert_eq!(store.database().rows_written(), 0);
}

#[test]
fn settings_are_told_where_they_change() {
    let store = store();
    let change = |is_strict| UpdateNamespace {
        fsck_strict: is_strict,
        ..UpdateNamespace::default()
    };
    for is_strict in [Some(true), Some(true), None] {
        update::update(&store, &change(is_strict), &operator()).unwrap();
    }
    let [told] = all(&store).try_into().unwrap();
    assert_eq!(told.event.kind, EventKind::NamespaceUpdated);
    assert_eq!(
        (told.place, told.event.sequence, told.event.at_ms),
        (1, 1, NOW)
    );
    assert_eq!(
        payload(&told),
        json!({"changed": ["fsck"], "fsck": {"strict": true}})
    );
    let EventBody {
        namespace,
        repo_name,
        actor,
        request_id,
        ..
    } = told.event.body;
    assert_eq!((namespace.as_str(), repo_name), ("Acme", None));
    assert_eq!(actor.kind, ActorKind::Operator);
    assert_eq!(request_id.as_deref(), Some("request-1"));
}

#[test]
fn tokens_are_told_without_what_opens_a_door() {
    let store = store();
    make(&store, 1, &operator());
    make(&store, 1, &operator());
    let holder = author_text(false, Some(&token(1, None).token_id)).unwrap();
    let holder = Author::named(Some(&holder), None, NOW);
    make(&store, 2, &holder);
    let revoke = Revoke {
        token_id: token(2, None).token_id,
        admin_too: true,
        now_ms: NOW,
    };
    for _ in 0..2 {
        tokens::revoke(&store, &revoke, &holder).unwrap();
    }
    let [first, second, third] = all(&store).try_into().unwrap();
    assert_eq!(first.event.kind, EventKind::NamespaceTokenCreated);
    assert_eq!(
        payload(&first),
        json!({
            "tokenId": "0000000000000001", "scope": "admin", "label": "a platform",
            "expiresAt": "2026-01-02T03:04:06.678Z", "repoIds": null, "refs": [],
        })
    );
    let actor = &second.event.body.actor;
    assert_eq!(actor.kind, ActorKind::Namespace);
    assert_eq!(actor.token_id.as_deref(), Some("0000000000000001"));
    assert_eq!(actor.label.as_deref(), Some("a platform"));
    assert_eq!(third.event.kind, EventKind::NamespaceTokenRevoked);
    assert_eq!(payload(&third), json!({"tokenId": "0000000000000002"}));
}

#[test]
fn events_are_kept_as_the_deployment_says() {
    let of = |count: &str, seconds: &str| {
        retention(
            |name| Some(if name == COUNT { count } else { seconds }.to_owned()),
            true,
        )
    };
    let unset = retention(|_| None, false).events;
    assert_eq!((unset.count_max, unset.age_ms), (100_000, 2_592_000_000));
    let given = of("5", "60").events;
    assert_eq!((given.count_max, given.age_ms), (5, 60_000));
    let wrong = of("-1", "many").events;
    assert_eq!((wrong.count_max, wrong.age_ms), (100_000, 2_592_000_000));
}

#[test]
fn use_is_taken_with_events_and_without() {
    let store = store();
    let used = UsageDay {
        day: UsageDay::of(NOW),
        pushes: 1,
        fetches: 2,
        bytes_in: 3,
        bytes_out: 4,
    };
    for handed in [handed(1..=1), handed([])] {
        let handed = HandOver {
            usage: vec![used],
            ..handed
        };
        take(&store, &handed, KEPT, NOW).unwrap();
    }
    let asked = AskUsage {
        since_day: used.day,
    };
    let shown = usage::shown(&store, &asked).unwrap();
    assert_eq!((shown.days.len(), shown.days[0].pushes), (1, 2));
}
