//! Publishing, against the simplest thing that could be right: a map and a loop.

use std::collections::BTreeMap;

use cairn::storage::publication::{Publication, RefOutcome};
use cairn::storage::sql::Database;
use proptest::prelude::*;

use crate::contract::{all_refs, created, id, publication, update};

/// A name, what the pusher believes, what it wants; 0 is "no ref".
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

/// Some pushes in a row, wrong half of the time.
pub fn pushes() -> impl Strategy<Value = Vec<Push>> {
    let change = (prop::sample::select(&NAMES[..]), 0..3_u8, 0..3_u8);
    let push = (any::<bool>(), prop::collection::vec(change, 1..5));
    prop::collection::vec(push, 1..12)
}

/// Publishes them and compares each outcome, and the refs after each.
pub fn check<D: Database>(db: D, pushes: &[Push]) {
    let store = created(db);
    let mut model = BTreeMap::new();
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
        let refs: Vec<_> = model
            .iter()
            .map(|(name, to)| ((*name).to_owned(), id(*to)))
            .collect();
        assert_eq!(all_refs(&store), refs);
    }
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
