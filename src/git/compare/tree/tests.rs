//! Trees held in a map, where every second read finds its chunk cold.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::oid;

use super::*;
use crate::git::store::{ReadError, StoreError};

#[derive(Default)]
struct Trees {
    trees: HashMap<ObjectId, Shared>,
    moody: Cell<bool>,
}

impl ObjectSource for Trees {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        Ok(self.trees.get(id).map(|_| ObjectKind::Tree))
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        self.moody.set(!self.moody.get());
        if self.moody.get() {
            return Err(StoreError::Cold { pack: 1, chunk: 0 }.into());
        }
        let found = self.trees.get(id);
        Ok(found.map(|content| (ObjectKind::Tree, Rc::clone(content))))
    }
}

fn id(number: u8) -> ObjectId {
    ObjectId::try_from(&[number; 20][..]).unwrap()
}

impl Trees {
    fn add(mut self, tree: u8, entries: &[(&str, &str, u8)]) -> Self {
        let mut content = Vec::new();
        for (mode, name, number) in entries {
            content.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            content.extend_from_slice(&[*number; 20]);
        }
        self.trees.insert(id(tree), Rc::new(content));
        self
    }

    /// Each change as `old>new path`.
    fn compare(
        &self,
        old: Option<u8>,
        new: Option<u8>,
        paths: &[&[u8]],
    ) -> Result<Vec<String>, CompareError> {
        let paths = PathLimits::new(paths.iter().copied());
        let (old, new) = (old.map(id), new.map(id));
        let mut walk = TreeChanges::new(old, new, paths, &Limits::DEFAULT);
        let mut changes = ChangeList::default();
        while let Err(error) = walk.collect_into(self, &mut changes) {
            if error.cold().is_none() {
                return Err(error);
            }
        }
        let side = |side: Option<Side>| match side {
            Some(side) => format!("{:?}{}", side.kind, side.id.as_bytes()[0]),
            None => String::new(),
        };
        let shown = changes.into_changes().into_iter();
        let shown = shown.map(|change| {
            let (old, new) = (side(change.old), side(change.new));
            format!("{old}>{new} {}", change.path)
        });
        Ok(shown.collect())
    }
}

fn trees() -> Trees {
    Trees::default()
        .add(
            1,
            &[("100644", "a", 9), ("40000", "d", 2), ("40000", "e", 3)],
        )
        .add(2, &[("100644", "x", 9), ("100644", "y", 8)])
        .add(3, &[("100644", "z", 9)])
        .add(
            4,
            &[("100755", "a", 9), ("40000", "d", 5), ("40000", "e", 3)],
        )
        .add(5, &[("100644", "w", 7), ("120000", "y", 8)])
        .add(6, &[("40000", "a", 3), ("100644", "d", 1)])
        .add(7, &[("40000", "d", 99), ("40000", "e", 3)])
}

#[test]
fn files_that_differ_stand_in_the_order_of_the_trees() {
    let changes = trees().compare(Some(1), Some(4), &[]).unwrap();
    assert_eq!(
        changes,
        [
            "Blob9>BlobExecutable9 a",
            ">Blob7 d/w",
            "Blob9> d/x",
            "Blob8>Link8 d/y"
        ]
    );
}

#[test]
fn a_file_in_place_of_a_directory_is_a_file_of_its_own() {
    let changes = trees().compare(Some(1), Some(6), &[]).unwrap();
    assert_eq!(
        changes,
        [
            "Blob9> a",
            ">Blob9 a/z",
            ">Blob1 d",
            "Blob9> d/x",
            "Blob8> d/y",
            "Blob9> e/z"
        ]
    );
}

#[test]
fn without_a_tree_there_are_no_files() {
    let trees = trees();
    let all = trees.compare(None, Some(3), &[]).unwrap();
    assert_eq!(all, [">Blob9 z"]);
    assert_eq!(trees.compare(Some(3), None, &[]).unwrap(), ["Blob9> z"]);
    assert!(trees.compare(None, None, &[]).unwrap().is_empty());
}

#[test]
fn equal_subtrees_and_those_outside_the_limits_are_not_read() {
    let trees = trees();
    // Subtree 99 is not here, and `e` is the same on both sides.
    assert_eq!(
        trees.compare(Some(1), Some(7), &[]),
        Err(CompareError::Missing(id(99)))
    );
    assert_eq!(
        trees.compare(Some(1), Some(7), &[b"a"]),
        Ok(vec!["Blob9> a".to_owned()])
    );
    let below = trees.compare(Some(1), Some(4), &[b"d/x", b"a/"]);
    assert_eq!(below, Ok(vec!["Blob9> d/x".to_owned()]));
}

#[test]
fn depth_has_a_bound() {
    let trees = Trees::default()
        .add(1, &[("40000", "b", 1)])
        .add(2, &[("40000", "b", 1), ("100644", "c", 1)]);
    let compared = trees.compare(None, Some(2), &[]);
    assert_eq!(compared, Err(CompareError::TooDeep(2048)));
}

#[test]
fn changes_have_a_bound() {
    let mut list = ChangeList::default();
    let refused = loop {
        let change = Change {
            path: vec![b'p'; 4096].into(),
            old: None,
            new: None,
            renamed: None,
        };
        if let Err(error) = list.push(change) {
            break error;
        }
    };
    assert!(matches!(
        refused,
        CompareError::TooManyChanges { bytes, limit, .. }
            if bytes > limit && bytes < limit + 8192
    ));
}
