//! Lists of an upstream in any order, against the refs of a repository.

use super::*;
use crate::storage::db::rusqlite_db::RusqliteDatabase;
use crate::storage::repository::publication::{Publication, RefUpdate};
use crate::storage::repository::testing::store;

type Store = RepoStore<RusqliteDatabase>;

fn id(byte: u8) -> ObjectId {
    ObjectId::from([byte; 20])
}

/// Makes a repository with these refs.
fn with(refs: &[(String, u8)]) -> Store {
    let store = store();
    let updates = refs.iter().map(|(name, byte)| RefUpdate {
        name: name.as_str().into(),
        new: Some(id(*byte)),
        ..RefUpdate::default()
    });
    let publication = Publication {
        updates: updates.collect(),
        ..Publication::default()
    };
    store.publish(&publication).unwrap();
    store
}

fn listed(refs: &[(String, u8)]) -> Vec<RemoteRef> {
    let refs = refs.iter().map(|(name, byte)| RemoteRef {
        name: name.as_str().into(),
        target: id(*byte),
        peeled: None,
    });
    refs.collect()
}

fn branches(names: &[(&str, u8)]) -> Vec<(String, u8)> {
    let refs = names.iter();
    refs.map(|(name, byte)| (format!("refs/heads/{name}"), *byte))
        .collect()
}

/// The differences, with the list in pieces of this many refs.
fn differences(
    store: &Store,
    refspecs: &[&str],
    prunes: bool,
    list: &[(String, u8)],
    piece: usize,
) -> Differences {
    let texts = refspecs.iter().map(|&text| text.to_owned()).collect();
    let refspecs = Refspecs::parse(texts).unwrap();
    let mut listing = Listing::new(store, &refspecs, prunes, &Limits::DEFAULT);
    for piece in list.chunks(piece) {
        listing.take(listed(piece)).unwrap();
    }
    listing.finish().unwrap()
}

type Changed = Vec<(String, Option<u8>, u8)>;

fn told(found: &Differences) -> (Changed, Vec<String>) {
    let byte = |id: &ObjectId| id.as_bytes()[0];
    let changed = found.changed.iter();
    let changed = changed.map(|(name, (old, new))| {
        let old = old.as_ref().map(byte);
        (name.to_string(), old, byte(new))
    });
    let gone = found.gone.keys().map(ToString::to_string);
    (changed.collect(), gone.collect())
}

#[test]
fn what_differs_is_found_in_whatever_order_and_pieces_the_list_comes() {
    let ours = branches(&[("a", 1), ("b", 1), ("c", 1), ("e", 1), ("z", 1)]);
    let theirs = branches(&[("a", 1), ("c", 2), ("d", 2), ("e", 1)]);
    let store = with(&ours);
    let name = |short: &str| format!("refs/heads/{short}");
    let expect = (
        vec![(name("c"), Some(1), 2), (name("d"), None, 2)],
        vec![name("b"), name("z")],
    );
    let backward: Vec<_> = theirs.iter().rev().cloned().collect();
    let mixed: Vec<_> = [2, 0, 3, 1].map(|at: usize| theirs[at].clone()).to_vec();
    for list in [&theirs, &backward, &mixed] {
        for piece in 1..5 {
            let found = differences(&store, &["refs/heads/*"], true, list, piece);
            assert_eq!(told(&found), expect, "{list:?} in pieces of {piece}");
            assert_eq!(found.listed, 4);
            let found = differences(&store, &["refs/heads/*"], false, list, piece);
            assert_eq!(told(&found), (expect.0.clone(), vec![]), "{list:?}");
        }
    }
}

#[test]
fn only_refs_that_would_come_from_there_count_as_gone() {
    let mut ours = branches(&[("main", 1), ("wip/x", 1)]);
    ours.push(("refs/notes/commits".to_owned(), 1));
    ours.push(("refs/tags/v1".to_owned(), 1));
    let store = with(&ours);
    let specs = ["refs/heads/*", "refs/tags/*", "^refs/heads/wip/*"];
    let found = differences(&store, &specs, true, &branches(&[("wip/x", 9)]), 9);
    let gone = vec!["refs/heads/main".to_owned(), "refs/tags/v1".to_owned()];
    assert_eq!(told(&found), (vec![], gone));
}

#[test]
fn refs_under_other_names_are_compared_there() {
    let ours = [
        ("refs/remotes/up/main".to_owned(), 1),
        ("refs/heads/main".to_owned(), 5),
        ("refs/aaa/v1".to_owned(), 1),
    ];
    let store = with(&ours);
    let specs = ["refs/heads/*:refs/remotes/up/*", "refs/tags/*:refs/aaa/*"];
    let mut list = branches(&[("main", 1), ("new", 2)]);
    list.push(("refs/tags/v1".to_owned(), 1));
    let found = differences(&store, &specs, true, &list, 1);
    let new = ("refs/remotes/up/new".to_owned(), None, 2);
    assert_eq!(told(&found), (vec![new], vec![]));
}

#[test]
fn names_that_nobody_could_store_are_left_out() {
    let store = with(&[]);
    let long = "l".repeat(300);
    let list = branches(&[("a", 1), (&long, 1)]);
    let found = differences(&store, &["refs/heads/*"], false, &list, 9);
    assert_eq!(found.changed.len(), 1);
    assert_eq!(found.skipped.count, 1);
}

/// Lists of many pages with few differences: memory holds little, and no ref costs a look-up of its own.
#[test]
fn many_refs_cost_what_changed() {
    let many: Vec<_> = (0..3 * PAGE_REFS).map(|n| format!("{n:06}")).collect();
    let ours: Vec<_> = many.iter().map(|name| (name.as_str(), 1)).collect();
    let store = with(&branches(&ours));
    let mut theirs = branches(&ours);
    theirs[700].1 = 2;
    theirs.remove(1200);
    let before = store.database().statements();
    let found = differences(&store, &["refs/heads/*"], true, &theirs, 100);
    let statements = store.database().statements() - before;
    assert!(statements <= 12, "{statements} statements");
    let changed = vec![("refs/heads/000700".to_owned(), Some(1), 2)];
    let gone = vec!["refs/heads/001200".to_owned()];
    assert_eq!(told(&found), (changed, gone));
    // For a few refs, only those are read.
    let read = store.database().rows_read();
    let few = branches(&[("001400", 1), ("001401", 1)]);
    let found = differences(&store, &["refs/heads/*"], false, &few, 9);
    assert_eq!(told(&found), (vec![], vec![]));
    assert!(store.database().rows_read() - read <= u64::from(PAGE_REFS) + 4);
}

#[test]
fn what_is_held_has_a_bound() {
    let store = with(&branches(&[("gone", 1)]));
    let refspecs = Refspecs::default();
    let limits = Limits {
        commands_max: 2,
        ..Limits::DEFAULT
    };
    let mut listing = Listing::new(&store, &refspecs, true, &limits);
    let list = branches(&[("a", 1), ("b", 1)]);
    listing.take(listed(&list)).unwrap();
    let refs_max = 2;
    let expect = FetchClientError::TooManyRefs { refs_max }.into();
    assert_eq!(listing.finish().unwrap_err(), expect);
}
