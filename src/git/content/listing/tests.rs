//! Listings over trees held in a map.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::oid;

use super::*;
use crate::git::store::StoreError;

#[derive(Default)]
struct Trees {
    trees: HashMap<ObjectId, Shared>,
    /// Every second read finds its chunk cold.
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

fn tree(entries: &[(&str, &str, u8)]) -> Shared {
    let mut content = Vec::new();
    for (mode, name, number) in entries {
        content.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        content.extend_from_slice(&[*number; 20]);
    }
    Rc::new(content)
}

fn list(trees: &Trees, root: Shared, recursive: bool) -> Result<Vec<String>, ListingError> {
    let mut listing = Listing::new(root, recursive, &Limits::DEFAULT);
    let mut paths = Vec::new();
    loop {
        match listing.next(trees) {
            Ok(Some(listed)) => paths.push(listed.path.to_string()),
            Ok(None) => return Ok(paths),
            Err(ListingError::Read(error)) if error.cold().is_some() => {}
            Err(error) => return Err(error),
        }
    }
}

#[test]
fn subtrees_follow_their_entry() {
    let mut trees = Trees::default();
    trees
        .trees
        .insert(id(2), tree(&[("100644", "c", 9), ("40000", "d", 3)]));
    trees.trees.insert(id(3), tree(&[]));
    let root = tree(&[
        ("100644", "a", 9),
        ("40000", "b", 2),
        ("160000", "m", 7),
        ("100755", "z", 9),
    ]);
    let flat = list(&trees, Rc::clone(&root), false).unwrap();
    assert_eq!(flat, ["a", "b", "m", "z"]);
    let all = list(&trees, root, true).unwrap();
    assert_eq!(all, ["a", "b", "b/c", "b/d", "m", "z"]);
}

#[test]
fn a_subtree_that_is_not_here_is_an_error() {
    let root = tree(&[("40000", "b", 2)]);
    let listed = list(&Trees::default(), root, true);
    assert_eq!(listed, Err(ListingError::Missing(id(2))));
}

#[test]
fn depth_has_a_bound() {
    let mut trees = Trees::default();
    // Its own subtree, which no hash could be: here it stands for any depth.
    trees.trees.insert(id(2), tree(&[("40000", "b", 2)]));
    let listed = list(&trees, tree(&[("40000", "b", 2)]), true);
    assert_eq!(listed, Err(ListingError::TooDeep(2048)));
}
