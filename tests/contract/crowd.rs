//! A namespace of ten thousand repositories.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cairn::storage::db::sql::Database;
use cairn::storage::namespace::listing::{Direction, Filter, ListPage, ListQuery, Sort};
use cairn::storage::namespace::store::{Candidate, ListingPatch, NamespaceStore};

use super::NOW;

crate::contract::cases![lists_are_whole_however_many_there_are];

const REPOSITORIES: u64 = 10_000;

const ORDERS: [(Sort, Direction); 8] = [
    (Sort::CreatedAt, Direction::Ascending),
    (Sort::CreatedAt, Direction::Descending),
    (Sort::UpdatedAt, Direction::Ascending),
    (Sort::UpdatedAt, Direction::Descending),
    (Sort::LastPushAt, Direction::Ascending),
    (Sort::LastPushAt, Direction::Descending),
    (Sort::Name, Direction::Ascending),
    (Sort::Name, Direction::Descending),
];

/// Makes the repositories; how long the first and the last hundred took.
fn fill<D: Database>(store: &NamespaceStore<D>) -> (Duration, Duration) {
    store.create("Acme", NOW).unwrap();
    let mut hundreds = Vec::new();
    for hundred in 0..REPOSITORIES / 100 {
        let started = Instant::now();
        for number in hundred * 100..(hundred + 1) * 100 {
            add(store, number);
        }
        hundreds.push(started.elapsed());
    }
    (hundreds[0], hundreds[hundreds.len() - 1])
}

fn add<D: Database>(store: &NamespaceStore<D>, number: u64) {
    // Neither names nor times in the order of their making.
    let mixed = number * 7919 % REPOSITORIES;
    let (name, id) = (format!("session-{mixed:05}-Work"), format!("{number:016}"));
    let now_ms = NOW + i64::try_from(mixed).unwrap();
    let candidate = Candidate {
        name: &name,
        id: &id,
        description: "what an agent does",
        default_branch: "main",
        read_only: false,
        public: false,
        source: None,
        now_ms,
    };
    store.reserve(&candidate, 60_000).unwrap();
    store.confirm(&name, &id).unwrap();
    if number.is_multiple_of(3) {
        let patch = ListingPatch {
            last_push_at: Some(now_ms + 5),
            ..ListingPatch::default()
        };
        store.update(&name, &id, &patch, now_ms + 5).unwrap();
    }
}

fn page<D: Database>(
    store: &NamespaceStore<D>,
    (sort, direction): (Sort, Direction),
    search: Option<&str>,
    cursor: Option<&str>,
) -> ListPage {
    let query = ListQuery {
        filter: Filter {
            search,
            ..Filter::default()
        },
        sort,
        direction,
        cursor,
        limit: 200,
    };
    store.list(&query).unwrap()
}

/// Every page of a list; how long the slowest took, and how many repositories there were.
fn pages<D: Database>(
    store: &NamespaceStore<D>,
    order: (Sort, Direction),
    search: Option<&str>,
) -> (Duration, usize) {
    let (mut slowest, mut seen, mut cursor) = (Duration::ZERO, BTreeSet::new(), None);
    loop {
        let started = Instant::now();
        let page = page(store, order, search, cursor.as_deref());
        slowest = slowest.max(started.elapsed());
        let count = page.repositories.len();
        let before = seen.len();
        seen.extend(page.repositories.into_iter().map(|listed| listed.id));
        assert_eq!(
            seen.len(),
            before + count,
            "{order:?}: one was listed twice"
        );
        cursor = page.cursor;
        if cursor.is_none() {
            return (slowest, seen.len());
        }
    }
}

fn lists_are_whole_however_many_there_are<D: Database>(open: &dyn Fn() -> D) {
    let store = NamespaceStore::new(open());
    fill(&store);
    for order in ORDERS {
        assert_eq!(pages(&store, order, None).1, 10_000, "{order:?}");
    }
    let by_name = (Sort::Name, Direction::Ascending);
    assert_eq!(pages(&store, by_name, Some("SESSION-0123")).1, 10);
    assert_eq!(pages(&store, by_name, Some("work")).1, 10_000);
    assert_eq!(pages(&store, by_name, Some("nowhere")).1, 0);
}

/// Says how long it takes: `cargo test --release --test store_contract -- --ignored --nocapture`.
pub fn measure<D: Database>(open: &dyn Fn() -> D) {
    let store = NamespaceStore::new(open());
    let (first, last) = fill(&store);
    println!("a hundred made: the first in {first:?}, the last in {last:?}");
    for order in ORDERS {
        for search in [None, Some("0123"), Some("nowhere")] {
            let (slowest, count) = pages(&store, order, search);
            println!("{order:?}, search {search:?}: {count} listed, {slowest:?} a page");
        }
    }
}
