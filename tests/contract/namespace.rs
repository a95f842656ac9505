//! A namespace's names.

use cairn::storage::db::schema;
use cairn::storage::db::sql::Database;
use cairn::storage::namespace::figures::FiguresChange;
use cairn::storage::namespace::listing::{Direction, Filter, ListError, ListQuery, Sort};
use cairn::storage::namespace::store::{
    Candidate, ListingPatch, NamespaceStore, RepositoryState, Reservation,
};

use super::NOW;

crate::contract::cases![
    a_namespace_is_created_once,
    a_name_is_taken_once,
    a_creation_that_broke_off_loses_its_name,
    late_steps_change_nothing,
    a_deleted_name_is_free_at_once,
    changes_show_in_the_list,
    every_order_lists_every_repository_once,
    a_search_finds_parts_of_names,
    lists_are_ordered_and_filtered_by_size_and_push,
    a_cursor_belongs_to_its_list,
];

const PATIENCE: i64 = 60_000;

fn created<D: Database>(open: &dyn Fn() -> D) -> NamespaceStore<D> {
    let store = NamespaceStore::new(open());
    assert_eq!(store.create("Acme", NOW), Ok(true));
    store
}

fn id(number: u64) -> String {
    format!("{number:016}")
}

fn candidate<'a>(name: &'a str, id: &'a str, now_ms: i64) -> Candidate<'a> {
    Candidate {
        name,
        id,
        description: "",
        default_branch: "main",
        read_only: false,
        public: false,
        source: None,
        now_ms,
    }
}

fn reserve<D: Database>(
    store: &NamespaceStore<D>,
    name: &str,
    number: u64,
    now: i64,
) -> Reservation {
    store
        .reserve(&candidate(name, &id(number), now), PATIENCE)
        .unwrap()
}

fn reserved() -> Reservation {
    Reservation::Reserved { abandoned_id: None }
}

fn add<D: Database>(store: &NamespaceStore<D>, name: &str, number: u64, now: i64) {
    assert_eq!(reserve(store, name, number, now), reserved());
    assert_eq!(store.confirm(name, &id(number)), Ok(true));
}

fn a_namespace_is_created_once<D: Database>(open: &dyn Fn() -> D) {
    let store = NamespaceStore::new(open());
    assert_eq!(schema::wake(store.database(), schema::NAMESPACE), Ok(false));
    assert_eq!(store.load(), Ok(None));
    assert_eq!(store.database().rows_written(), 0);
    assert_eq!(store.create("Acme", NOW), Ok(true));
    assert_eq!(store.create("acme", NOW + 1), Ok(false));
    add(&store, "one", 1, NOW);
    reserve(&store, "two", 2, NOW);
    let record = store.load().unwrap().unwrap();
    assert_eq!(
        (record.name.as_str(), record.created_at, record.repo_count),
        ("Acme", NOW, 1)
    );
}

fn a_name_is_taken_once<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open);
    assert_eq!(reserve(&store, "Widgets", 1, NOW), reserved());
    assert_eq!(
        reserve(&store, "widgetS", 2, NOW + PATIENCE),
        Reservation::CreateInProgress
    );
    assert_eq!(
        store.find("WIDGETS").unwrap().unwrap().state,
        RepositoryState::Creating
    );
    assert_eq!(store.confirm("widgets", &id(1)), Ok(true));
    let expect = Reservation::Exists { id: id(1) };
    assert_eq!(reserve(&store, "WIDGETS", 2, NOW + 2 * PATIENCE), expect);
    let found = store.find("widgets").unwrap().unwrap();
    assert_eq!(
        (found.name.as_str(), found.state),
        ("Widgets", RepositoryState::Live)
    );
    assert_eq!(reserve(&store, "widgets2", 2, NOW), reserved());
}

fn a_creation_that_broke_off_loses_its_name<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open);
    reserve(&store, "widgets", 1, NOW);
    let expect = Reservation::Reserved {
        abandoned_id: Some(id(1)),
    };
    assert_eq!(reserve(&store, "Widgets", 2, NOW + PATIENCE + 1), expect);
    assert_eq!(store.confirm("widgets", &id(1)), Ok(false));
    assert_eq!(store.confirm("widgets", &id(2)), Ok(true));
    assert_eq!(store.pending_deletions(9).unwrap()[0].id, id(1));
}

fn late_steps_change_nothing<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open);
    reserve(&store, "widgets", 1, NOW);
    assert_eq!(store.release("widgets", &id(9)), Ok(false));
    assert_eq!(store.release("Widgets", &id(1)), Ok(true));
    add(&store, "widgets", 2, NOW);
    assert_eq!(store.release("widgets", &id(2)), Ok(false), "it is live");
    assert_eq!(store.remove("widgets", &id(1), NOW), Ok(false));
    let patch = ListingPatch::default();
    assert_eq!(store.update("widgets", &id(1), &patch, NOW + 9), Ok(false));
    assert_eq!(store.find("widgets").unwrap().unwrap().id, id(2));
    assert!(store.pending_deletions(9).unwrap().is_empty());
}

fn a_deleted_name_is_free_at_once<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open);
    add(&store, "widgets", 1, NOW);
    assert_eq!(store.remove("widgets", &id(1), NOW + 1), Ok(true));
    assert_eq!(store.find("widgets"), Ok(None));
    add(&store, "widgets", 2, NOW + 2);
    let pending = store.pending_deletions(9).unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!((&pending[0].id, pending[0].requested_at), (&id(1), NOW + 1));
    store.deletion_finished(&id(1)).unwrap();
    assert!(store.pending_deletions(9).unwrap().is_empty());
    assert_eq!(store.find("widgets").unwrap().unwrap().id, id(2));
}

fn changes_show_in_the_list<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open);
    add(&store, "widgets", 1, NOW);
    let patch = ListingPatch {
        description: Some("new"),
        public: Some(true),
        last_push_at: Some(NOW + 5),
        ..ListingPatch::default()
    };
    assert_eq!(store.update("Widgets", &id(1), &patch, NOW + 5), Ok(true));
    let late = ListingPatch {
        last_push_at: Some(NOW + 3),
        ..ListingPatch::default()
    };
    assert_eq!(store.update("widgets", &id(1), &late, NOW + 3), Ok(true));
    let found = store.find("widgets").unwrap().unwrap();
    assert_eq!(
        (found.description.as_str(), found.public, found.read_only),
        ("new", true, false)
    );
    assert_eq!(
        (found.last_push_at, found.updated_at),
        (Some(NOW + 5), NOW + 5)
    );
    add(&store, "never-pushed", 2, NOW);
    store
        .update("never-pushed", &id(2), &ListingPatch::default(), NOW + 1)
        .unwrap();
    assert_eq!(
        store.find("never-pushed").unwrap().unwrap().last_push_at,
        None
    );
}

fn every_order_lists_every_repository_once<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open);
    for number in 0..23 {
        let name = format!(
            "{}repo-{}",
            if number % 2 == 0 { "" } else { "X-" },
            number * 7 % 23
        );
        // Many share a time.
        let now = NOW + i64::try_from(number).unwrap() / 5;
        add(&store, &name, number, now);
        if number % 3 == 0 {
            let patch = ListingPatch {
                last_push_at: Some(now + 9),
                ..ListingPatch::default()
            };
            store.update(&name, &id(number), &patch, now + 9).unwrap();
        }
    }
    reserve(&store, "unfinished", 99, NOW);
    for sort in [
        Sort::CreatedAt,
        Sort::UpdatedAt,
        Sort::LastPushAt,
        Sort::Size,
        Sort::Name,
    ] {
        let mut lists = Vec::new();
        for direction in [Direction::Ascending, Direction::Descending] {
            for limit in [1, 5, 23, 200] {
                let query = ListQuery {
                    filter: Filter::default(),
                    sort,
                    direction,
                    cursor: None,
                    limit,
                };
                let mut list = pages(&store, query);
                if direction == Direction::Descending {
                    list.reverse();
                }
                lists.push(list);
            }
        }
        assert!(lists.windows(2).all(|pair| pair[0] == pair[1]), "{sort:?}");
        let keys: Vec<_> = lists[0]
            .iter()
            .map(|(name, created, updated, pushed)| {
                let time = match sort {
                    Sort::CreatedAt => *created,
                    Sort::UpdatedAt => *updated,
                    Sort::LastPushAt => pushed.unwrap_or(0),
                    Sort::Size | Sort::Name => 0,
                };
                (time, name.to_lowercase())
            })
            .collect();
        assert_eq!(keys.len(), 23);
        assert!(keys.is_sorted(), "{sort:?}");
    }
}

type Listed = (String, i64, i64, Option<i64>);

fn pages<D: Database>(store: &NamespaceStore<D>, query: ListQuery<'_>) -> Vec<Listed> {
    let mut all = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = store
            .list(&ListQuery {
                cursor: cursor.as_deref(),
                ..query
            })
            .unwrap();
        assert!(page.repositories.len() <= query.limit as usize);
        all.extend(page.repositories.into_iter().map(|found| {
            (
                found.name,
                found.created_at,
                found.updated_at,
                found.last_push_at,
            )
        }));
        cursor = page.cursor;
        if cursor.is_none() {
            return all;
        }
    }
}

fn a_search_finds_parts_of_names<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open);
    for (number, name) in (0..).zip(["Alpha", "beta", "alphabet", "a%b_c"]) {
        add(&store, name, number, NOW);
    }
    let search = |text| {
        let query = ListQuery {
            filter: Filter {
                search: Some(text),
                ..Filter::default()
            },
            sort: Sort::Name,
            direction: Direction::Ascending,
            cursor: None,
            limit: 9,
        };
        let names: Vec<String> = pages(&store, query).into_iter().map(|row| row.0).collect();
        assert_eq!(store.count(Some(text)), Ok(names.len() as u64));
        names
    };
    assert_eq!(search("ALPHA"), ["Alpha", "alphabet"]);
    assert_eq!(search("be"), ["alphabet", "beta"]);
    assert_eq!(search("%"), ["a%b_c"]);
    assert!(search(&"x".repeat(500)).is_empty());
    assert_eq!(store.count(None), Ok(4));
}

fn lists_are_ordered_and_filtered_by_size_and_push<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open);
    for (number, name, size_bytes, lfs_bytes) in [
        (0, "small", 10, 0),
        (1, "large", 500, 0),
        (2, "files", 20, 300),
        (3, "empty", 0, 0),
    ] {
        add(&store, name, number, NOW + i64::try_from(number).unwrap());
        let figures = FiguresChange {
            size_bytes,
            lfs_bytes,
            ..FiguresChange::default()
        };
        let patch = ListingPatch {
            figures: (number != 3).then_some(figures),
            last_push_at: (number != 3).then_some(NOW + 1000 * size_bytes.cast_signed()),
            ..ListingPatch::default()
        };
        store.update(name, &id(number), &patch, NOW).unwrap();
    }
    let names = |filter: Filter<'_>, limit| {
        let query = ListQuery {
            filter,
            sort: Sort::Size,
            direction: Direction::Descending,
            cursor: None,
            limit,
        };
        let names = pages(&store, query).into_iter().map(|row| row.0);
        names.collect::<Vec<_>>()
    };
    let all = Filter::default();
    for limit in [1, 3, 9] {
        assert_eq!(names(all, limit), ["large", "files", "small", "empty"]);
    }
    let at_least = |size_min| Filter {
        size_min: Some(size_min),
        ..all
    };
    assert_eq!(names(at_least(320), 1), ["large", "files"]);
    assert_eq!(names(at_least(321), 1), ["large"]);
    let at_most = Filter {
        size_max: Some(10),
        ..all
    };
    assert_eq!(names(at_most, 1), ["small", "empty"]);
    let before = |last_push_before| Filter {
        last_push_before: Some(last_push_before),
        ..all
    };
    assert_eq!(
        names(before(NOW + 10_001), 1),
        ["small", "empty"],
        "what was never pushed to counts by its creation"
    );
    assert_eq!(names(before(NOW + 3), 9), [""; 0]);
    let public = |public| Filter {
        public: Some(public),
        ..all
    };
    assert_eq!(names(public(true), 9), [""; 0]);
    assert_eq!(names(public(false), 9).len(), 4);
    let after = Filter {
        last_push_after: Some(NOW + 20_000),
        ..all
    };
    assert_eq!(names(after, 9), ["large", "files"]);
}

fn a_cursor_belongs_to_its_list<D: Database>(open: &dyn Fn() -> D) {
    let store = created(open);
    add(&store, "a", 1, NOW);
    add(&store, "b", 2, NOW);
    let query = ListQuery {
        filter: Filter::default(),
        sort: Sort::Name,
        direction: Direction::Ascending,
        cursor: None,
        limit: 1,
    };
    let cursor = store.list(&query).unwrap().cursor.unwrap();
    let other = ListQuery {
        sort: Sort::CreatedAt,
        cursor: Some(&cursor),
        ..query
    };
    assert_eq!(store.list(&other), Err(ListError::InvalidCursor));
    for cursor in [
        "",
        "*",
        "bis6MA",
        "bis6LTE6YQ",
        "bis6OTk5OTk5OTk5OTk5OTk5OTk5OTph",
    ] {
        let query = ListQuery {
            cursor: Some(cursor),
            ..query
        };
        assert_eq!(
            store.list(&query),
            Err(ListError::InvalidCursor),
            "{cursor}"
        );
    }
}
