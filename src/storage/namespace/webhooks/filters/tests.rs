use std::rc::Rc;

use super::*;
use crate::git::store::StoreError;
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventBody;
use crate::storage::namespace::store::NamespaceStore;
use crate::storage::namespace::webhooks::Webhook;
use crate::storage::webhook::definition::Secret;

type Store<'a> = NamespaceStore<&'a RusqliteDatabase>;

const ONE: &str = "aaaaaaaa00000001";
const TWO: &str = "bbbbbbbb00000002";

/// The object's database, and its memory.
struct Object {
    db: RusqliteDatabase,
    filters: Rc<Filters>,
}

impl Object {
    fn new() -> Self {
        let object = Self {
            db: RusqliteDatabase::in_memory().unwrap(),
            filters: Rc::default(),
        };
        object.step().create("demo", 1).unwrap();
        object
    }

    /// The store as a request gets it.
    fn step(&self) -> Store<'_> {
        NamespaceStore::with_filters(&self.db, Rc::clone(&self.filters))
    }

    fn add(&self, id: &str, repository_id: &str, events: &[&str], refs: Option<&[&str]>) -> String {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let hook = Webhook {
            id: format!("{id:0>16}"),
            repository_id: repository_id.to_owned(),
            url: "https://example.com/".to_owned(),
            events: texts(events),
            refs: refs.map(texts),
            secret: Secret::new("whsec_".to_owned()),
            former: None,
            active: true,
            disabled_reason: None,
            version: 1,
            is_ending: false,
            created_at: 1,
            updated_at: 1,
        };
        self.step().webhooks().insert(&hook).unwrap();
        hook.id
    }

    /// Takes the next event of a repository.
    fn take(&self, repository_id: &str, sequence: i64, kind: EventKind, refname: &str) {
        let event = event(sequence, kind, refname);
        let taken = self.step().take_events(repository_id, 1, &[event]);
        assert_eq!(taken, Ok(sequence));
    }

    fn waiting(&self, id: &str) -> Vec<i64> {
        self.step().webhooks().waiting(id, 100).unwrap()
    }
}

fn event(sequence: i64, kind: EventKind, refname: &str) -> Event {
    let body = format!(
        r#"{{"namespace":"demo","repo_name":"r","payload":{{"ref":"{refname}"}},
            "actor":{{"kind":"system"}}}}"#
    );
    Event {
        sequence,
        at_ms: 1,
        kind,
        body: serde_json::from_str::<EventBody>(&body).unwrap(),
    }
}

#[test]
fn a_pattern_is_a_whole_text_or_a_beginning() {
    for (pattern, text) in [("*", ""), ("*", "a"), ("a", "a"), ("a*", "ab"), ("a*", "a")] {
        assert!(matches(pattern, text), "{pattern} {text}");
    }
    for (pattern, text) in [("", "a"), ("a", "ab"), ("a*", "ba"), ("a", "A")] {
        assert!(!matches(pattern, text), "{pattern} {text}");
    }
}

#[test]
fn each_event_waits_for_the_webhooks_that_want_it() {
    let object = Object::new();
    let all = object.add("all", "", &["*"], None);
    let pushes = object.add("pushes", ONE, &["repo.pushed"], None);
    let main = object.add(
        "main",
        ONE,
        &["repo.*"],
        Some(&["refs/heads/main", "refs/tags/*"]),
    );
    object.take(ONE, 1, EventKind::Created, "");
    object.take(ONE, 2, EventKind::Pushed, "refs/heads/topic");
    object.take(TWO, 1, EventKind::Pushed, "refs/heads/main");
    object.take(ONE, 3, EventKind::Pushed, "refs/heads/main");
    object.take(ONE, 4, EventKind::Pushed, "refs/tags/v1");
    let own = event(0, EventKind::NamespaceUpdated, "").body;
    let step = object.step();
    step.append_event(EventKind::NamespaceUpdated, 1, &own)
        .unwrap();
    assert_eq!(object.waiting(&all), [1, 2, 3, 4, 5, 6]);
    assert_eq!(object.waiting(&pushes), [2, 4, 5]);
    assert_eq!(object.waiting(&main), [1, 4, 5]);
    assert_eq!(object.step().oldest_pending(), Ok(Some(1)));
}

#[test]
fn a_webhook_that_is_switched_off_gets_nothing_and_loses_waiting_events() {
    let object = Object::new();
    let id = object.add("a", ONE, &["*"], None);
    object.take(ONE, 1, EventKind::Pushed, "");
    let switch = |active| {
        let step = object.step();
        let mut hook = step.webhooks().find(&id).unwrap().unwrap();
        hook.active = active;
        hook.version += 1;
        step.webhooks().update(&hook).unwrap();
    };
    switch(false);
    object.take(ONE, 2, EventKind::Pushed, "");
    assert_eq!(object.waiting(&id), [0; 0]);
    switch(true);
    object.take(ONE, 3, EventKind::Pushed, "");
    assert_eq!(object.waiting(&id), [3]);
    assert!(object.step().webhooks().is_untold(&id).unwrap());
}

#[test]
fn without_webhooks_an_event_costs_no_statement() {
    let object = Object::new();
    object.take(ONE, 1, EventKind::Pushed, "");
    let step = object.step();
    let before = object.db.statements();
    step.note_pending(ONE, &[(2, &event(2, EventKind::Pushed, ""))])
        .unwrap();
    assert_eq!(object.db.statements(), before);
}

#[test]
fn the_webhooks_of_a_deleted_repository_end_when_their_objects_know() {
    let object = Object::new();
    let (here, above) = (
        object.add("h", ONE, &["*"], None),
        object.add("a", "", &["*"], None),
    );
    object.take(ONE, 1, EventKind::Deleted, "");
    object.take(TWO, 1, EventKind::Deleted, "");
    assert_eq!(object.waiting(&here), [1]);
    assert_eq!(object.waiting(&above), [1, 2]);
    let step = object.step();
    let hook = step.webhooks().find(&here).unwrap().unwrap();
    assert!(hook.is_ending);
    step.webhooks()
        .told(&hook.definition("demo"), Some(1))
        .unwrap();
    assert_eq!(step.webhooks().find(&here), Ok(None));
    assert!(step.webhooks().find(&above).unwrap().is_some());
    assert_eq!(step.webhooks().untold(), Ok(vec![above]));
}

#[test]
fn the_webhooks_of_a_repository_that_can_be_restored_stay_until_it_is_gone_for_good() {
    let object = Object::new();
    let id = object.add("h", ONE, &["*"], None);
    let mut deleted = event(1, EventKind::Deleted, "");
    let payload = r#"{"repoId":"r","restorableUntil":"2026-12-06T06:40:56.000Z"}"#;
    deleted.body.payload = serde_json::from_str(payload).unwrap();
    object.step().take_events(ONE, 1, &[deleted]).unwrap();
    let is_ending = || {
        let hook = object.step().webhooks().find(&id).unwrap();
        hook.unwrap().is_ending
    };
    assert_eq!((object.waiting(&id), is_ending()), (vec![1], false));
    object.step().end_webhooks_of(TWO).unwrap();
    assert!(!is_ending());
    object.step().end_webhooks_of(ONE).unwrap();
    assert!(is_ending());
}

/// Otherwise an event that comes again would find no webhook.
#[test]
fn a_step_that_is_undone_leaves_nothing_in_memory() {
    let object = Object::new();
    let id = object.add("h", ONE, &["*"], None);
    object.take(ONE, 1, EventKind::Pushed, "");
    let step = object.step();
    let undone: Result<(), StoreError> = in_transaction(step.database(), || {
        step.take_events(ONE, 1, &[event(2, EventKind::Deleted, "")])?;
        // Reads the filters again, with the change that is about to be undone.
        step.take_events(TWO, 1, &[event(1, EventKind::Pushed, "")])?;
        Err(StoreError::Failed("undone".to_owned()))
    });
    assert!(undone.is_err());
    object.take(ONE, 2, EventKind::Deleted, "");
    assert_eq!(object.waiting(&id), [1, 2]);
    assert!(
        object
            .step()
            .webhooks()
            .find(&id)
            .unwrap()
            .unwrap()
            .is_ending
    );
}

#[test]
fn a_deleted_webhook_leaves_the_order_to_empty_its_object() {
    let object = Object::new();
    let id = object.add("h", ONE, &["*"], None);
    object.take(ONE, 1, EventKind::Pushed, "");
    let step = object.step();
    assert_eq!(step.webhooks().delete(&id), Ok(true));
    assert_eq!(step.webhooks().delete(&id), Ok(false));
    assert_eq!(step.webhooks().untold(), Ok(vec![]));
    assert_eq!(step.webhooks().deleted(), Ok(vec![id.clone()]));
    assert!(step.webhooks().has_untold().unwrap());
    step.webhooks().deletion_told(&id).unwrap();
    assert!(!step.webhooks().has_untold().unwrap());
}
