//! Publishing, against the simplest thing that could be right: a map and a loop.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use cairn::git::store::RefSource;
use cairn::storage::db::sql::Database;
use cairn::storage::repository::publication::{Publication, RefOutcome};
use cairn::storage::repository::ref_record::RefRecord;
use cairn::storage::repository::store::RepoStore;
use proptest::prelude::*;

use crate::contract::{created, id, publication, update};

/// A name, the id that the pusher believes, the id that it wants; 0 is "no ref".
type Change = (&'static str, u8, u8);

/// A push: atomic or not, and its changes.
type Push = (bool, Vec<Change>);

const NAMES: [&str; 9] = [
    "refs/heads",
    "refs/heads/a",
    "refs/heads/a-",
    "refs/heads/a/b",
    "refs/heads/a/b/c",
    "refs/heads/a/c",
    "refs/heads/b",
    "refs/heads/b/a/c",
    "refs/tags/a",
];

/// Refs that are packed before the first push, and how many of them make a page.
pub fn packed() -> impl Strategy<Value = (Vec<&'static str>, usize)> {
    (
        prop::sample::subsequence(&NAMES[..], 0..=NAMES.len()),
        1..4_usize,
    )
}

const PREFIXES: [&str; 6] = [
    "",
    "refs/heads",
    "refs/heads/",
    "refs/heads/a",
    "refs/heads/a/",
    "refs/u",
];

/// Some pushes in a row, wrong half of the time.
pub fn pushes() -> impl Strategy<Value = Vec<Push>> {
    let change = (prop::sample::select(&NAMES[..]), 0..3_u8, 0..3_u8);
    let push = (any::<bool>(), prop::collection::vec(change, 1..5));
    prop::collection::vec(push, 1..12)
}

/// Publishes them and compares each outcome, and the refs after each.
pub fn check<D: Database>(db: D, packed: &(Vec<&'static str>, usize), pushes: &[Push]) {
    let store = created(db);
    let mut model = pack(&store, packed);
    check_reads(&store, &model);
    for (atomic, changes) in pushes {
        let number = |number: u8| (number > 0).then_some(number);
        let updates = changes
            .iter()
            .map(|(name, old, new)| update(name, number(*old), number(*new)));
        let push = Publication {
            atomic: *atomic,
            ..publication(None, updates.collect())
        };
        let outcomes = store.publish(&push).unwrap();
        let expect = apply(&mut model, *atomic, changes);
        let same = outcomes
            .iter()
            .zip(&expect)
            .all(|(outcome, expect)| match outcome {
                // Any relative will do.
                RefOutcome::Conflict { .. } => matches!(expect, RefOutcome::Conflict { .. }),
                other => other == expect,
            });
        assert!(
            same && outcomes.len() == expect.len(),
            "{changes:?}: {outcomes:?} {expect:?}"
        );
        check_reads(&store, &model);
    }
    check_pages(&store, &model);
}

/// Packs those of the names that can stand beside each other, at object 1.
fn pack<D: Database>(
    store: &RepoStore<D>,
    (names, page_refs): &(Vec<&'static str>, usize),
) -> BTreeMap<&'static str, u8> {
    let mut model = BTreeMap::new();
    for name in names {
        apply_one(&mut model, (name, 0, 1));
    }
    let record = |(name, to): (&&'static str, &u8)| record(name, *to);
    let refs: Vec<RefRecord> = model.iter().map(record).collect();
    for page in refs.chunks(*page_refs) {
        store.put_packed_page(page).unwrap();
    }
    model
}

fn record(name: &str, to: u8) -> RefRecord {
    RefRecord {
        name: name.into(),
        target: id(to),
        peeled: None,
    }
}

/// All ways to read refs agree with the model.
fn check_reads<D: Database>(store: &RepoStore<D>, model: &BTreeMap<&'static str, u8>) {
    let refs: Vec<_> = model.iter().map(|(name, to)| record(name, *to)).collect();
    let count = u64::try_from(refs.len()).unwrap();
    assert_eq!(store.counts().unwrap().refs, count);
    for prefix in PREFIXES {
        let expect = below(&refs, prefix);
        let mut visited = Vec::new();
        let visit = store.visit_refs(prefix.as_bytes(), |record| {
            visited.push(record.clone());
            ControlFlow::Continue(())
        });
        visit.unwrap();
        assert_eq!(visited, expect, "{prefix}");
    }
    for name in NAMES {
        let found = store.find_ref(name.into()).unwrap();
        let expect = model.get(name).map(|to| record(name, *to));
        assert_eq!(found, expect, "{name}");
    }
    assert!(store.annotated_tags().unwrap().is_empty());
}

fn apply(
    model: &mut BTreeMap<&'static str, u8>,
    atomic: bool,
    changes: &[Change],
) -> Vec<RefOutcome> {
    let before = model.clone();
    let mut outcomes = vec![RefOutcome::Aborted; changes.len()];
    for deletes in [true, false] {
        for (change, outcome) in changes.iter().zip(&mut outcomes) {
            if (change.2 == 0) == deletes {
                *outcome = apply_one(model, *change);
            }
        }
    }
    if atomic
        && outcomes
            .iter()
            .any(|outcome| *outcome != RefOutcome::Updated)
    {
        *model = before;
        for outcome in outcomes
            .iter_mut()
            .filter(|outcome| **outcome == RefOutcome::Updated)
        {
            *outcome = RefOutcome::Aborted;
        }
    }
    outcomes
}

fn apply_one(model: &mut BTreeMap<&'static str, u8>, (name, old, new): Change) -> RefOutcome {
    let actual = model.get(name).copied().unwrap_or(0);
    if actual != old {
        return RefOutcome::Stale {
            actual: (actual > 0).then(|| id(actual)),
        };
    }
    let above_or_below = |other: &str| {
        other.starts_with(&format!("{name}/")) || name.starts_with(&format!("{other}/"))
    };
    if new > 0
        && let Some(with) = model.keys().find(|other| above_or_below(other))
    {
        return RefOutcome::Conflict {
            with: (*with).into(),
        };
    }
    if new > 0 {
        model.insert(name, new)
    } else {
        model.remove(name)
    };
    RefOutcome::Updated
}

fn below(refs: &[RefRecord], prefix: &str) -> Vec<RefRecord> {
    let below = |record: &&RefRecord| record.name.starts_with(prefix.as_bytes());
    refs.iter().filter(below).cloned().collect()
}

/// Every page of every prefix is that of the model.
fn check_pages<D: Database>(store: &RepoStore<D>, model: &BTreeMap<&'static str, u8>) {
    let refs: Vec<_> = model.iter().map(|(name, to)| record(name, *to)).collect();
    for (prefix, after) in PREFIXES
        .iter()
        .flat_map(|one| NAMES.map(|name| (one, name)))
    {
        let mut later = below(&refs, prefix);
        later.retain(|record| record.name > after);
        for limit in [0, 1, 3, 100] {
            let found = store.refs(prefix.as_bytes(), Some(after.into()), limit);
            let limit = usize::try_from(limit).unwrap().min(later.len());
            assert_eq!(found.unwrap(), later[..limit], "{prefix} after {after}");
        }
    }
}
