//! The account of the repositories that name packs in R2.

use std::collections::{BTreeMap, BTreeSet};

use cairn::storage::db::schema::{self, NETWORK};
use cairn::storage::db::sql::Database;
use cairn::storage::network::store::{
    DEPARTURE_MS, NetworkStore, Purpose, SECOND_REMOVAL_MS, Taking,
};
use proptest::prelude::*;

use super::NOW;
use super::faulty::Faulty;

crate::contract::cases![
    a_network_that_nobody_joined_stays_empty,
    the_last_holder_dooms_an_object,
    who_takes_a_doomed_object_saves_it,
    what_is_being_removed_cannot_be_taken,
    only_what_is_named_can_be_shared,
    who_left_takes_nothing_more,
    a_network_comes_to_its_end,
    every_request_may_be_sent_again,
    what_is_shared_and_what_nobody_names_is_known,
    a_release_that_comes_late_ends_no_later_taking,
    what_is_held_is_listed_in_pages,
    an_object_of_git_lfs_is_removed_once_more_a_day_later,
];

const SOURCE: &str = "source0000000000";
const FORK: &str = "fork000000000000";
const GRACE: i64 = 1_000;

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("packs/{name}")).collect()
}

fn take<D: Database>(store: &NetworkStore<D>, repository_id: &str, names: &[&str]) -> Taking {
    let taken = store.take(repository_id, &keys(names), Purpose::Write);
    taken.unwrap()
}

fn share<D: Database>(store: &NetworkStore<D>, repository_id: &str, names: &[&str]) -> Taking {
    let taken = store.take(repository_id, &keys(names), Purpose::Share);
    taken.unwrap()
}

/// Removes the keys that are due at that time; gives the keys.
fn remove<D: Database>(store: &NetworkStore<D>, now_ms: i64) -> Vec<String> {
    let due = store.begin_removal(now_ms, 100).unwrap();
    store.removed(&due, now_ms).unwrap();
    due
}

fn a_network_that_nobody_joined_stays_empty<D: Database>(open: &dyn Fn() -> D) {
    let db = open();
    assert_eq!(schema::wake(&db, NETWORK), Ok(false));
    let store = NetworkStore::new(db);
    store.release(SOURCE, &keys(&["a"]), NOW).unwrap();
    assert_eq!(store.held_by(SOURCE), Ok(vec![]));
    assert_eq!(store.next_due(), Ok(None));
    assert_eq!(store.database().rows_written(), 0);
}

fn the_last_holder_dooms_an_object<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    assert_eq!(take(&store, SOURCE, &["a", "b"]), Taking::Taken);
    assert_eq!(share(&store, FORK, &["a", "b"]), Taking::Taken);
    store.release(SOURCE, &keys(&["a", "b"]), NOW).unwrap();
    assert_eq!(store.next_due(), Ok(None), "the fork names both");
    assert_eq!(store.held_by(FORK), Ok(keys(&["a", "b"])));
    store.release(FORK, &keys(&["b"]), NOW + GRACE).unwrap();
    assert_eq!(store.next_due(), Ok(Some(NOW + GRACE)));
    assert!(remove(&store, NOW + GRACE - 1).is_empty());
    assert_eq!(remove(&store, NOW + GRACE), keys(&["b"]));
    assert!(remove(&store, NOW + GRACE).is_empty());
    assert!(!store.is_over().unwrap());
}

fn who_takes_a_doomed_object_saves_it<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    take(&store, SOURCE, &["a"]);
    store.release(SOURCE, &keys(&["a"]), NOW).unwrap();
    assert_eq!(share(&store, FORK, &["a"]), Taking::Taken);
    assert!(remove(&store, NOW + 1).is_empty());
}

fn what_is_being_removed_cannot_be_taken<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    take(&store, SOURCE, &["a"]);
    store.release(SOURCE, &keys(&["a"]), NOW).unwrap();
    assert_eq!(store.begin_removal(NOW, 9), Ok(keys(&["a"])));
    let removing = Taking::Removing("packs/a".to_owned());
    assert_eq!(take(&store, SOURCE, &["b", "a"]), removing);
    assert_eq!(store.held_by(SOURCE), Ok(vec![]), "all or none");
    // The run broke off: the next one does it again, whatever the time.
    assert_eq!(store.begin_removal(0, 9), Ok(keys(&["a"])));
    store.removed(&keys(&["a"]), NOW).unwrap();
    assert_eq!(take(&store, SOURCE, &["a"]), Taking::Taken);
    store.removed(&keys(&["a"]), NOW).unwrap();
    assert_eq!(store.held_by(SOURCE), Ok(keys(&["a"])));
}

fn only_what_is_named_can_be_shared<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    take(&store, SOURCE, &["a"]);
    let unknown = Taking::Unknown("packs/b".to_owned());
    assert_eq!(share(&store, FORK, &["a", "b"]), unknown);
    assert_eq!(store.held_by(FORK), Ok(vec![]), "all or none");
}

fn who_left_takes_nothing_more<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    store.leave(FORK, NOW, NOW).unwrap();
    take(&store, SOURCE, &["a"]);
    assert_eq!(share(&store, FORK, &["a"]), Taking::Departed);
    store.leave(SOURCE, NOW, NOW + GRACE).unwrap();
    assert_eq!(take(&store, SOURCE, &["a"]), Taking::Departed);
    assert_eq!(remove(&store, NOW + GRACE), keys(&["a"]));
}

fn a_network_comes_to_its_end<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    take(&store, SOURCE, &["a"]);
    store.leave(SOURCE, NOW, NOW).unwrap();
    remove(&store, NOW);
    assert_eq!(store.next_due(), Ok(Some(NOW + DEPARTURE_MS)));
    store.forget_departures(NOW + DEPARTURE_MS - 1).unwrap();
    assert!(!store.is_over().unwrap());
    store.forget_departures(NOW + DEPARTURE_MS).unwrap();
    assert_eq!((store.is_over(), store.next_due()), (Ok(true), Ok(None)));
}

/// Whichever write fails, and whether or not it took effect: when the requests are sent again, they
/// have the same result.
fn every_request_may_be_sent_again<D: Database>(open: &dyn Fn() -> D) {
    for persisted in [false, true] {
        let mut nth = 0;
        loop {
            let db = open();
            let faulty = NetworkStore::new(Faulty::new(&db, nth, persisted));
            let twice = |request: &dyn Fn() -> bool| {
                assert!(request() || request(), "write {nth}, {persisted}");
            };
            twice(&|| {
                faulty
                    .take(SOURCE, &keys(&["a", "b"]), Purpose::Write)
                    .is_ok()
            });
            twice(&|| faulty.take(FORK, &keys(&["a"]), Purpose::Share).is_ok());
            twice(&|| faulty.release(SOURCE, &keys(&["b"]), NOW).is_ok());
            twice(&|| faulty.leave(SOURCE, NOW, NOW).is_ok());
            twice(&|| faulty.leave(SOURCE, NOW + 7, NOW + 7).is_ok());
            twice(&|| faulty.begin_removal(NOW, 9) == Ok(keys(&["b"])));
            twice(&|| faulty.removed(&keys(&["b"]), NOW).is_ok());
            assert_eq!(faulty.held_by(FORK), Ok(keys(&["a"])));
            twice(&|| faulty.begin_removal(NOW + GRACE, 9) == Ok(vec![]));
            if !faulty.database().has_struck() {
                break;
            }
            nth += 1;
        }
        assert!(nth > 10, "every write was reached");
    }
}

/// A step of a network's life: the repository, the object, the act.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    Take(usize, usize),
    Share(usize, usize),
    Release(usize, usize),
    Leave(usize),
    Remove,
}

const REPOSITORIES: [&str; 3] = [SOURCE, FORK, "another000000000"];
const OBJECTS: [&str; 3] = ["a", "b", "c"];

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..10_u8, 0..3_usize, 0..3_usize).prop_map(|(kind, one, other)| match kind {
        0..3 => Step::Take(one, other),
        3..5 => Step::Share(one, other),
        5..8 => Step::Release(one, other),
        8 => Step::Leave(one),
        _ => Step::Remove,
    });
    prop::collection::vec(step, 1..40)
}

/// Runs the steps against sets: an object is there from when it was first taken until it was
/// removed, never removed while somebody names it, and gone when nobody does.
pub fn check<D: Database>(db: D, steps: &[Step]) {
    let store = NetworkStore::new(db);
    let mut holders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut there: BTreeSet<&str> = BTreeSet::new();
    let mut left: BTreeSet<&str> = BTreeSet::new();
    for step in steps {
        match *step {
            Step::Take(one, object) => {
                let (one, object) = (REPOSITORIES[one], OBJECTS[object]);
                let taken = take(&store, one, &[object]);
                assert_eq!(taken == Taking::Departed, left.contains(one));
                if taken == Taking::Taken {
                    holders.entry(object).or_default().insert(one);
                    there.insert(object);
                }
            }
            Step::Share(one, object) => {
                let (one, object) = (REPOSITORIES[one], OBJECTS[object]);
                let taken = share(&store, one, &[object]);
                let expect = there.contains(object) && !left.contains(one);
                assert_eq!(taken == Taking::Taken, expect);
                if expect {
                    holders.entry(object).or_default().insert(one);
                }
            }
            Step::Release(one, object) => {
                let (one, object) = (REPOSITORIES[one], OBJECTS[object]);
                store.release(one, &keys(&[object]), NOW).unwrap();
                holders.entry(object).or_default().remove(one);
            }
            Step::Leave(one) => {
                store.leave(REPOSITORIES[one], NOW, NOW).unwrap();
                left.insert(REPOSITORIES[one]);
                for held in holders.values_mut() {
                    held.remove(REPOSITORIES[one]);
                }
            }
            Step::Remove => {
                if store.next_due().unwrap().is_some() {
                    remove(&store, NOW);
                }
                there.retain(|object| holders.get(object).is_some_and(|held| !held.is_empty()));
            }
        }
        for one in REPOSITORIES {
            let held = holders.iter().filter(|(_, held)| held.contains(one));
            let held: Vec<_> = held.flat_map(|(object, _)| keys(&[object])).collect();
            assert_eq!(store.held_by(one), Ok(held), "{step:?}");
        }
    }
}

fn what_is_shared_and_what_nobody_names_is_known<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    let all = keys(&["a", "b", "c", "d"]);
    assert_eq!(store.shared(SOURCE, &all), Ok(vec![]));
    assert_eq!(store.unnamed(&all), Ok(all.clone()));
    take(&store, SOURCE, &["a", "b", "c"]);
    share(&store, FORK, &["b"]);
    store.release(SOURCE, &keys(&["c"]), NOW).unwrap();
    assert_eq!(store.shared(SOURCE, &all), Ok(keys(&["b"])));
    assert_eq!(store.shared(FORK, &all), Ok(keys(&["a", "b"])));
    assert_eq!(
        store.unnamed(&all),
        Ok(keys(&["d"])),
        "c is doomed, and known"
    );
    remove(&store, NOW);
    assert_eq!(store.unnamed(&all), Ok(keys(&["c", "d"])));
}

fn a_release_that_comes_late_ends_no_later_taking<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    let key = keys(&["a"]);
    let taken = |at| store.take_at(SOURCE, &key, Purpose::Write, at).unwrap();
    let release = |decided_at| {
        let releases = key.iter().map(|key| (key.as_str(), decided_at));
        store.release_decided(SOURCE, releases, NOW).unwrap();
    };
    taken(10);
    release(9);
    assert_eq!(store.held_by(SOURCE), Ok(key.clone()), "decided before");
    // Given up at 20, taken again at 21, and the first message comes last.
    taken(21);
    release(20);
    assert_eq!(store.held_by(SOURCE), Ok(key.clone()));
    // A taking that comes again, late, makes nothing earlier.
    taken(10);
    release(20);
    assert_eq!(store.held_by(SOURCE), Ok(key.clone()));
    release(21);
    assert_eq!(store.held_by(SOURCE), Ok(vec![]));
    assert_eq!(remove(&store, NOW), key);
}

fn what_is_held_is_listed_in_pages<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    take(&store, SOURCE, &["c", "a", "b"]);
    take(&store, FORK, &["d"]);
    let page = |after: &str, limit| store.held_after(SOURCE, after, limit).unwrap();
    assert_eq!(page("", 2), keys(&["a", "b"]));
    assert_eq!(page("packs/b", 2), keys(&["c"]));
    assert_eq!(page("packs/c", 2), keys(&[]));
}

/// An upload may end after its key was given up by everybody, and removed.
fn an_object_of_git_lfs_is_removed_once_more_a_day_later<D: Database>(open: &dyn Fn() -> D) {
    let store = NetworkStore::new(open());
    let large = vec!["lfs/network/oid".to_owned()];
    let pack = keys(&["a"]);
    let take = |purpose| store.take(SOURCE, &large, purpose).unwrap();
    let again = NOW + SECOND_REMOVAL_MS;
    take(Purpose::Write);
    store.take(SOURCE, &pack, Purpose::Write).unwrap();
    let both = [large.clone(), pack].concat();
    store.release(SOURCE, &both, NOW).unwrap();
    assert_eq!(remove(&store, NOW), both);
    assert!(remove(&store, again - 1).is_empty());
    assert_eq!(store.next_due(), Ok(Some(again)), "the pack is gone");
    assert_eq!(take(Purpose::Share), Taking::Unknown(large[0].clone()));
    store.hasten(NOW).unwrap();
    assert_eq!(store.next_due(), Ok(Some(again)));
    // A repository that writes it meanwhile keeps it.
    assert_eq!(take(Purpose::Write), Taking::Taken);
    assert_eq!(store.next_due(), Ok(None));
    store.release(SOURCE, &large, NOW).unwrap();
    assert_eq!(remove(&store, NOW), large);
    assert_eq!(remove(&store, again), large);
    assert_eq!((store.next_due(), store.is_over()), (Ok(None), Ok(true)));
}
