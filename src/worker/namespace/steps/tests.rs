use super::super::lists::{list, registry};
use super::*;
use crate::repo_do::contract::{
    OriginReport, RefRules, RepositoryStatus, SnapshotChange, Standing,
};
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::repository::settings::RepositorySettings;
use crate::worker::namespace::contract::UpdateNamespace;
use crate::worker::namespace::events::Author;
use crate::worker::namespace::update::update;
use crate::worker::rest::parameters::{ListQuery, Sort};

type Store = NamespaceStore<RusqliteDatabase>;

const FIRST: &str = "aaaaaaaa00000001";
const SECOND: &str = "bbbbbbbb00000002";

fn store() -> Store {
    NamespaceStore::new(RusqliteDatabase::in_memory().unwrap())
}

fn wanted(name: &str, repository_id: &str, now_ms: i64) -> Reserve {
    Reserve {
        namespace: "Acme".into(),
        name: name.into(),
        repository_id: repository_id.into(),
        replaces: None,
        description: Some("before".into()),
        default_branch: "main".into(),
        read_only: false,
        public: false,
        source: None,
        comes_with_bytes: None,
        now_ms,
    }
}

fn info(name: &str, repository_id: &str) -> RepositoryInfo {
    RepositoryInfo {
        repository_id: repository_id.into(),
        namespace: "Acme".into(),
        name: name.into(),
        description: None,
        default_branch: "trunk".into(),
        created_at_ms: 10,
        updated_at_ms: 20,
        last_push_at_ms: Some(30),
        source: None,
        snapshots: SnapshotChange::default(),
        settings: RepositorySettings {
            read_only: true,
            public: true,
            deny_non_fast_forwards: false,
            deny_deletes: false,
            prune_grace_seconds: 1_209_600,
            reflog_retention_seconds: 7_776_000,
            superseded_grace_seconds: 3600,
            fetch_events: false,
            push_protection: false,
        },
        fsck_strict: false,
        ref_rules: RefRules::default(),
        pre_receive: None,
        downstreams: Vec::new(),
        expires_at_ms: None,
        idle_ttl_seconds: None,
        status: RepositoryStatus::Ready,
        import: None,
        origin: OriginReport::default(),
        upstream: None,
        standing_version: 0,
        size_bytes: 0,
        object_count: 0,
        lfs_objects: 0,
        lfs_bytes: 0,
        bytes_max: None,
        database_bytes: 0,
        r2_bytes: None,
    }
}

fn confirmed(name: &str, repository_id: &str, reserved_id: &str) -> Confirm {
    Confirm {
        info: info(name, repository_id),
        reserved_id: reserved_id.into(),
    }
}

fn code<T: std::fmt::Debug>(outcome: Result<T, StepError>) -> ErrorCode {
    match outcome.unwrap_err() {
        StepError::Refused(reply) => reply.code,
        StepError::Store(error) => panic!("{error}"),
    }
}

fn ids(store: &Store) -> Vec<String> {
    let listing = list(store, &ListQuery::default(), 50).unwrap();
    listing
        .repositories
        .into_iter()
        .map(|repository| repository.repository_id)
        .collect()
}

fn has_won(outcome: &Reserved) -> bool {
    matches!(outcome, Reserved::Won { .. })
}

#[test]
fn a_name_is_reserved_confirmed_and_released() {
    let store = store();
    let Reserved::Won {
        new_namespace: Some(namespace),
        ..
    } = reserve(&store, &wanted("Widget", FIRST, 10)).unwrap()
    else {
        panic!("the first repository makes the namespace");
    };
    assert_eq!(
        (namespace.namespace.as_str(), namespace.repo_count),
        ("Acme", 0)
    );
    assert_eq!(ids(&store), [""; 0], "what is being made is not listed");

    confirm(&store, &confirmed("Widget", FIRST, FIRST)).unwrap();
    let listing = list(&store, &ListQuery::default(), 50).unwrap();
    let listed = &listing.repositories[0];
    assert_eq!(
        (listed.name.as_str(), listed.description.as_deref()),
        ("Widget", None)
    );
    assert_eq!(
        (listed.default_branch.as_str(), listed.read_only),
        ("trunk", true)
    );
    assert_eq!((listed.created_at_ms, listed.updated_at_ms), (10, 20));
    assert_eq!(listed.last_push_at_ms, Some(30));
    assert_eq!(summary(&store).unwrap().repo_count, 1);
    assert_eq!(code(deletable(&store)), ErrorCode::AlreadyExists);

    let gone = ReleaseName {
        name: "WIDGET".into(),
        repository_id: FIRST.into(),
        now_ms: 40,
    };
    release(&store, &gone).unwrap();
    assert_eq!(ids(&store), [""; 0]);
    assert!(deletable(&store).is_ok());
    assert!(
        store.pending_deletions(9).unwrap().is_empty(),
        "the object was emptied before"
    );
}

#[test]
fn one_wins_whatever_the_case() {
    let store = store();
    assert!(has_won(
        &reserve(&store, &wanted("Widget", FIRST, 10)).unwrap()
    ));
    let Reserved::Taken(entry) = reserve(&store, &wanted("wIDGET", SECOND, 11)).unwrap() else {
        panic!("two won one name");
    };
    assert_eq!(
        (entry.repository_id.as_str(), entry.confirmed),
        (FIRST, false)
    );
    assert!(entry.in_progress(60_009) && !entry.in_progress(60_010));
    confirm(&store, &confirmed("Widget", FIRST, FIRST)).unwrap();
    let elsewhere = Reserve {
        namespace: "ACME".into(),
        ..wanted("other", SECOND, 11)
    };
    let won = reserve(&store, &elsewhere).unwrap();
    let shown = Reserved::Won {
        namespace: "Acme".into(),
        fsck_strict: false,
        standing: Standing::default(),
        new_namespace: None,
    };
    assert_eq!(won, shown, "a namespace is shown as it was made");
    let Reserved::Taken(entry) = reserve(&store, &wanted("widget", SECOND, 11)).unwrap() else {
        panic!("two won one name");
    };
    assert!(entry.confirmed && !entry.in_progress(11));
}

#[test]
fn a_leftover_is_replaced_by_one_of_many() {
    let store = store();
    reserve(&store, &wanted("w", FIRST, 10)).unwrap();
    let replacing = |own: &str| Reserve {
        replaces: Some(FIRST.into()),
        ..wanted("w", own, 99_999)
    };
    assert!(has_won(&reserve(&store, &replacing(SECOND)).unwrap()));
    // Another that saw the same leftover comes second.
    let third = reserve(&store, &replacing("cccccccc00000003")).unwrap();
    assert!(matches!(third, Reserved::Taken(entry) if entry.repository_id == SECOND));
    // The dead request wakes up and confirms or releases a name that is no longer its own.
    confirm(&store, &confirmed("w", FIRST, FIRST)).unwrap();
    assert_eq!(ids(&store), [""; 0]);
    let late = ReleaseName {
        name: "w".into(),
        repository_id: FIRST.into(),
        now_ms: 99_999,
    };
    release(&store, &late).unwrap();
    assert_eq!(entry(&store, "w").unwrap().repository_id, SECOND);
}

#[test]
fn the_entry_follows_what_the_object_says() {
    let store = store();
    reserve(&store, &wanted("w", SECOND, 10)).unwrap();
    // The object turned out to hold the repository of a request taken for dead.
    confirm(&store, &confirmed("w", FIRST, SECOND)).unwrap();
    assert_eq!(ids(&store), [FIRST]);
    // Said twice, or of an entry that is another's, it changes nothing.
    confirm(&store, &confirmed("w", FIRST, SECOND)).unwrap();
    confirm(&store, &confirmed("w", SECOND, "cccccccc00000003")).unwrap();
    assert_eq!(ids(&store), [FIRST]);
}

#[test]
fn a_late_touch_raises_nothing_from_the_dead() {
    let store = store();
    touch(&store, &info("w", FIRST)).unwrap();
    reserve(&store, &wanted("w", FIRST, 10)).unwrap();
    confirm(&store, &confirmed("w", FIRST, FIRST)).unwrap();
    release(
        &store,
        &ReleaseName {
            name: "w".into(),
            repository_id: FIRST.into(),
            now_ms: 1,
        },
    )
    .unwrap();
    touch(&store, &info("w", FIRST)).unwrap();
    assert_eq!(ids(&store), [""; 0]);
    assert_eq!(code(entry(&store, "w")), ErrorCode::NotFound);
}

#[test]
fn a_token_finds_its_repository() {
    let store = store();
    assert_eq!(candidates(&store, "aaaaaaaa").unwrap(), []);
    reserve(&store, &wanted("one", FIRST, 10)).unwrap();
    reserve(&store, &wanted("two", SECOND, 10)).unwrap();
    reserve(&store, &wanted("three", "aaaaaaaazzzzzzzz", 10)).unwrap();
    let names = |prefix| {
        let mut names: Vec<_> = candidates(&store, prefix)
            .unwrap()
            .into_iter()
            .map(|found| found.name)
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("aaaaaaaa"), ["one", "three"]);
    assert_eq!(names("bbbbbbbb"), ["two"]);
    assert_eq!(names("bbbbbbba"), [""; 0]);
}

#[test]
fn a_namespace_that_was_never_made_stays_so() {
    let store = store();
    assert_eq!(code(summary(&store)), ErrorCode::NotFound);
    assert_eq!(code(deletable(&store)), ErrorCode::NotFound);
    assert_eq!(code(entry(&store, "w")), ErrorCode::NotFound);
    release(
        &store,
        &ReleaseName {
            name: "w".into(),
            repository_id: FIRST.into(),
            now_ms: 1,
        },
    )
    .unwrap();
    assert_eq!(ids(&store), [""; 0]);
    assert_eq!(store.database().rows_written(), 0);

    let new = |name: &str, now_ms| CreateNamespace {
        namespace: name.into(),
        fsck_strict: false,
        now_ms,
    };
    assert_eq!(create(&store, &new("Acme", 5)).unwrap().created_at_ms, 5);
    let again = create(&store, &new("acme", 6));
    assert_eq!(code(again), ErrorCode::AlreadyExists);
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    let store = store();
    for (name, id) in [("one", FIRST), ("two", SECOND)] {
        reserve(&store, &wanted(name, id, 10)).unwrap();
        confirm(&store, &confirmed(name, id, id)).unwrap();
    }
    let page = list(
        &store,
        &ListQuery {
            sort: Some(Sort::Name),
            ..Default::default()
        },
        1,
    )
    .unwrap();
    assert_eq!(
        page.repositories[0].name, "one",
        "names run upward unless asked otherwise"
    );
    let query = ListQuery {
        sort: Some(Sort::Name),
        cursor: page.cursor,
        ..Default::default()
    };
    assert_eq!(list(&store, &query, 1).unwrap().repositories[0].name, "two");
    let query = ListQuery {
        cursor: Some("nonsense".into()),
        ..Default::default()
    };
    assert_eq!(code(list(&store, &query, 1)), ErrorCode::InvalidInput);
}

#[test]
fn the_registry_pages_by_name() {
    let store = RegistryStore::new(RusqliteDatabase::in_memory().unwrap());
    for name in ["cc", "Aa", "bb"] {
        store.register(name, 1).unwrap();
    }
    let first = registry(&store, &ListQuery::default(), 2).unwrap();
    assert_eq!(
        (first.namespaces, first.cursor.as_deref()),
        (vec!["Aa".into(), "bb".into()], Some("bb"))
    );
    let query = ListQuery {
        cursor: Some("bb".into()),
        ..Default::default()
    };
    let last = registry(&store, &query, 2).unwrap();
    assert_eq!((last.namespaces, last.cursor), (vec!["cc".into()], None));
}

#[test]
fn a_page_by_its_number_leaves_out_those_before_and_counts_all() {
    let store = store();
    let registered = RegistryStore::new(RusqliteDatabase::in_memory().unwrap());
    let (pages, sort) = ([1, 2, 3], Some(Sort::Name));
    let of_page = |page| ListQuery {
        page: Some(page),
        sort,
        ..Default::default()
    };
    assert_eq!(list(&store, &of_page(1), 2).unwrap().total_count, Some(0));
    let ids = ["1111111111111111", "2222222222222222", "3333333333333333"];
    for (name, id) in ["aa", "bb", "cc"].into_iter().zip(ids) {
        reserve(&store, &wanted(name, id, 10)).unwrap();
        confirm(&store, &confirmed(name, id, id)).unwrap();
        registered.register(name, 1).unwrap();
    }
    let listed = pages.map(|page| list(&store, &of_page(page), 2).unwrap());
    let counts = listed.each_ref().map(|page| page.total_count);
    assert_eq!(counts, [Some(3); 3]);
    let names = listed.map(|page| page.repositories.into_iter().map(|found| found.name));
    let expected = [vec!["aa", "bb"], vec!["cc"], vec![]];
    assert_eq!(names.map(Iterator::collect::<Vec<_>>), expected);

    let found = pages.map(|page| registry(&registered, &of_page(page), 2).unwrap());
    assert_eq!(found.each_ref().map(|page| page.total_count), [Some(3); 3]);
    assert_eq!(found.map(|page| page.namespaces), expected);
    let by_name = ListQuery {
        search: Some("b".to_owned()),
        ..of_page(1)
    };
    let found = registry(&registered, &by_name, 2).unwrap();
    assert_eq!(
        (found.namespaces, found.total_count),
        (vec!["bb".into()], Some(1))
    );
    let listed = list(&store, &by_name, 2).unwrap();
    assert_eq!(
        (listed.repositories.len(), listed.total_count),
        (1, Some(1))
    );
}

#[test]
fn a_namespace_was_updated_when_its_newest_event_happened() {
    let store = store();
    reserve(&store, &wanted("one", FIRST, 10)).unwrap();
    let made = summary(&store).unwrap();
    assert_eq!(made.updated_at_ms, made.created_at_ms);
    let change = UpdateNamespace {
        read_only: Some(true),
        ..UpdateNamespace::default()
    };
    update(&store, &change, &Author::system(5_000_000)).unwrap();
    assert_eq!(summary(&store).unwrap().updated_at_ms, 5_000_000);
}

#[test]
fn repositories_take_the_namespaces_default_of_fsck() {
    let store = store();
    let change = UpdateNamespace {
        fsck_strict: Some(true),
        ..UpdateNamespace::default()
    };
    assert_eq!(
        code(update(&store, &change, &Author::system(1))),
        ErrorCode::NotFound
    );
    assert!(store.shown_name().unwrap().is_none());

    let is_strict = |outcome| match outcome {
        Ok(Reserved::Won { fsck_strict, .. }) => fsck_strict,
        other => panic!("{other:?}"),
    };
    assert!(!is_strict(reserve(&store, &wanted("first", FIRST, 10))));
    assert!(
        update(&store, &change, &Author::system(1))
            .unwrap()
            .fsck_strict
    );
    assert!(is_strict(reserve(&store, &wanted("second", SECOND, 10))));
    let nothing = UpdateNamespace::default();
    assert!(
        update(&store, &nothing, &Author::system(1))
            .unwrap()
            .fsck_strict
    );

    let strict = NamespaceStore::new(RusqliteDatabase::in_memory().unwrap());
    let new = CreateNamespace {
        namespace: "Strict".into(),
        fsck_strict: true,
        now_ms: 5,
    };
    assert!(create(&strict, &new).unwrap().fsck_strict);
    assert!(is_strict(reserve(&strict, &wanted("first", FIRST, 10))));
}
