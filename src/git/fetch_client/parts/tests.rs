use std::collections::{BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;

/// A history made up: commit n has the parents listed, all of them smaller.
#[derive(Debug, Clone)]
struct Made {
    parents: Vec<Vec<usize>>,
    by_id: HashMap<ObjectId, usize>,
    here: BTreeSet<usize>,
}

fn id(number: usize) -> ObjectId {
    let mut bytes = [0; 20];
    bytes[..8].copy_from_slice(&(number as u64 + 1).to_be_bytes());
    ObjectId::from(bytes)
}

impl Made {
    fn new(parents: Vec<Vec<usize>>, here: &[usize]) -> Self {
        let by_id = (0..parents.len()).map(|number| (id(number), number));
        let by_id = by_id.collect();
        let mut made = Self {
            parents,
            by_id,
            here: BTreeSet::new(),
        };
        made.here = made.reach(here.iter().copied());
        made
    }

    fn reach(&self, from: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let (mut reached, mut open) = (BTreeSet::new(), Vec::from_iter(from));
        while let Some(number) = open.pop() {
            if reached.insert(number) {
                open.extend(&self.parents[number]);
            }
        }
        reached
    }

    fn numbers(&self, ids: &[ObjectId]) -> Vec<usize> {
        ids.iter().map(|id| self.by_id[id]).collect()
    }
}

impl History for Made {
    fn commit(&self, commit_id: &oid) -> Option<CommitFacts> {
        let number = *self.by_id.get(commit_id)?;
        Some(CommitFacts {
            tree: ObjectId::empty_tree(gix_hash::Kind::Sha1),
            parents: self.parents[number]
                .iter()
                .map(|parent| id(*parent))
                .collect(),
            time: 0,
        })
    }

    fn is_here(&self, commit_id: &oid) -> Result<bool, StoreError> {
        let number = self.by_id.get(commit_id);
        Ok(number.is_some_and(|number| self.here.contains(number)))
    }
}

fn made() -> impl Strategy<Value = Made> {
    let parents = |number: usize| prop::collection::btree_set(0..number.max(1), 0..3);
    (1usize..40)
        .prop_flat_map(move |count| {
            let parents: Vec<_> = (0..count).map(parents).collect();
            let here = prop::collection::vec(0..count, 0..2);
            (parents, here)
        })
        .prop_map(|(parents, here)| {
            let parents = parents.into_iter().enumerate();
            let parents = parents.map(|(number, list)| {
                let older = list.into_iter().filter(|parent| *parent < number);
                older.collect()
            });
            Made::new(parents.collect(), &here)
        })
}

proptest! {
    #[test]
    fn every_part_is_complete_and_bounded(history in made(), commits_a_part in 1usize..9) {
        let tips: Vec<_> = (0..history.parents.len()).rev().map(id).collect();
        let parts = Parts::cut(&history, &tips, commits_a_part).unwrap();
        let all = history.parents.len();
        prop_assert_eq!(parts.commits, all - history.here.len());
        let mut before = history.reach(history.numbers(&parts.here));
        prop_assert!(before.is_subset(&history.here));
        for frontier in &parts.frontiers {
            let mut after = history.reach(history.numbers(frontier));
            after.extend(&before);
            let brought = after.difference(&history.here).count()
                - before.difference(&history.here).count();
            prop_assert_eq!(brought, commits_a_part);
            before = after;
        }
        let left = parts.commits - parts.frontiers.len() * commits_a_part;
        prop_assert!(left <= commits_a_part);
        prop_assert!(left > 0 || parts.commits == 0);
    }

    #[test]
    fn ids_come_back(numbers in prop::collection::vec(0usize..1000, 0..9)) {
        let ids: Vec<_> = numbers.into_iter().map(id).collect();
        prop_assert_eq!(split_ids(&join_ids(&ids)), ids);
    }
}

#[test]
fn a_frontier_is_narrow_where_history_is() {
    let line = (0..10usize).map(|number| number.checked_sub(1).into_iter().collect());
    let history = Made::new(line.collect(), &[2]);
    let parts = Parts::cut(&history, &[id(9)], 3).unwrap();
    assert_eq!(parts.here, [id(2)]);
    assert_eq!(parts.frontiers, [vec![id(5)], vec![id(8)]]);
}

#[test]
fn a_gap_is_named() {
    let mut history = Made::new(vec![vec![], vec![0], vec![1]], &[]);
    history.by_id.remove(&id(0));
    let gap = CutError::Gap { commit_id: id(0) };
    assert_eq!(Parts::cut(&history, &[id(2)], 5), Err(gap));
}
