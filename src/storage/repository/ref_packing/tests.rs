use std::collections::BTreeMap;

use gix_hash::ObjectId;
use proptest::prelude::*;

use super::*;
use crate::storage::repository::publication::{Publication, RefOutcome, RefUpdate};
use crate::storage::repository::testing::store;

fn name(number: u32) -> BString {
    format!("refs/pull/{number:06}/head").into()
}

fn id(number: u32) -> ObjectId {
    let mut bytes = [7; 20];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes.into()
}

/// The refs of a repository, and their expected values.
struct Story<D> {
    store: RepoStore<D>,
    expect: BTreeMap<BString, ObjectId>,
    round: u32,
}

impl<D: Database> Story<D> {
    fn push(&mut self, changes: impl IntoIterator<Item = (u32, bool)>) {
        let mut updates = Vec::new();
        for (number, stays) in changes {
            self.round += 1;
            let (name, new) = (name(number), stays.then(|| id(self.round)));
            let old = self.expect.get(&name).copied();
            match new {
                Some(new) => self.expect.insert(name.clone(), new),
                None => self.expect.remove(&name),
            };
            if old.is_some() || new.is_some() {
                updates.push(RefUpdate {
                    name,
                    old,
                    new,
                    peeled: new.filter(|_| number % 3 == 0),
                });
            }
        }
        let publication = Publication {
            updates,
            ..Publication::default()
        };
        let outcomes = self.store.publish(&publication).unwrap();
        assert!(
            outcomes
                .iter()
                .all(|outcome| *outcome == RefOutcome::Updated)
        );
    }

    fn pack(&self) -> (u64, u32) {
        let (mut packed, mut steps, mut after) = (0, 0, BString::default());
        loop {
            let step = self.store.pack_refs_after(after.as_bstr()).unwrap();
            (packed, steps) = (packed + step.refs, steps + 1);
            let Some(next) = step.after else {
                return (packed, steps);
            };
            assert!(next > after, "each step goes on behind the one before");
            after = next;
        }
    }

    fn check(&self) {
        let mut found = Vec::new();
        self.store.forget_refs();
        self.store
            .read_refs(b"refs/", &mut |record| {
                found.push((record.name.clone(), record.target));
                std::ops::ControlFlow::Continue(())
            })
            .unwrap();
        let expect: Vec<_> = self.expect.clone().into_iter().collect();
        assert_eq!(found, expect);
        for (name, target) in self.expect.iter().step_by(41) {
            let found = self.store.find_ref(name.as_bstr()).unwrap();
            assert_eq!(found.map(|record| record.target), Some(*target));
        }
        // Each page ends before the next begins.
        let sql = "SELECT from_name, refs FROM packed_refs ORDER BY from_name";
        let pages = query_all(&self.store.db, sql, &[], read_page).unwrap();
        let names = pages.iter().flat_map(|page| &page.refs);
        let names: Vec<_> = names.map(|record| &record.name).collect();
        assert!(names.is_sorted(), "{names:?}");
    }

    fn loose(&self) -> i64 {
        let sql = "SELECT count(*) FROM ref";
        let count = query_first(&self.store.db, sql, &[], |row| row.integer(0));
        count.unwrap().unwrap()
    }
}

fn story() -> Story<impl Database> {
    Story {
        store: store(),
        expect: BTreeMap::new(),
        round: 0,
    }
}

#[test]
fn few_refs_stay_as_they_are_and_many_are_packed_once() {
    let mut story = story();
    story.push((0..4_000).map(|number| (number, true)));
    assert!(!story.store.is_packing_due().unwrap());
    story.push((4_000..4_500).map(|number| (number, true)));
    assert!(story.store.is_packing_due().unwrap());
    assert_eq!(story.pack(), (4_500, 141));
    assert_eq!(story.loose(), 0);
    story.check();
    assert!(!story.store.is_packing_due().unwrap());
    // One that is pushed leaves its page; it alone is not worth to write a page for it.
    story.push([(17, true), (18, false)]);
    assert_eq!(story.loose(), 1);
    assert_eq!(story.pack().0, 0);
    story.check();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn every_ref_is_read_as_it_is_after_any_push_between_steps(
        rounds in prop::collection::vec(
            prop::collection::vec((0..900_u32, any::<bool>()), 1..40), 1..6,
        ),
        ranges in prop::collection::vec((0..900_u32, 1..700_u32), 1..5),
    ) {
        let mut story = story();
        for (from, count) in ranges {
            story.push((from..from + count).map(|number| (number, true)));
            story.pack();
            story.check();
        }
        for changes in rounds {
            let unique: BTreeMap<_, _> = changes.into_iter().collect();
            // Between two steps as well.
            let mut after = BString::default();
            for change in unique {
                story.push([change]);
                let step = story.store.pack_refs_after(after.as_bstr()).unwrap();
                after = step.after.unwrap_or_default();
            }
            story.check();
            story.pack();
            story.check();
        }
    }
}
