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
    rest_of(trees, Listing::new(root, recursive, &Limits::DEFAULT))
}

fn rest_of(trees: &Trees, mut listing: Listing) -> Result<Vec<String>, ListingError> {
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

/// Ten names of the level below, ten levels deep.
fn bomb() -> (Trees, Shared) {
    let mut trees = Trees::default();
    let names: Vec<String> = (0..10)
        .map(|name| format!("{name}{}", "n".repeat(90)))
        .collect();
    let level = |mode, number| {
        let entries: Vec<_> = names
            .iter()
            .map(|name| (mode, name.as_str(), number))
            .collect();
        tree(&entries)
    };
    trees.trees.insert(id(1), level("100644", 0));
    for number in 2..10 {
        trees.trees.insert(id(number), level("40000", number - 1));
    }
    (trees, level("40000", 9))
}

#[test]
fn a_listing_is_cut_by_its_bytes_and_goes_on_behind_its_last_entry() {
    let (trees, root) = bomb();
    let read = |listing: &mut Listing| {
        let (mut paths, mut bytes) = (Vec::new(), 0);
        loop {
            match listing.next(&trees) {
                Ok(Some(listed)) => {
                    bytes += listed.path.len();
                    paths.push(listed.path);
                }
                Ok(None) => return (paths, bytes),
                Err(ListingError::Read(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
    };
    let mut first = Listing::new(Rc::clone(&root), true, &Limits::DEFAULT);
    let (paths, bytes) = read(&mut first);
    assert!(first.is_cut());
    assert!(bytes <= 17 << 20, "{bytes}");
    let last = first.last_path().to_owned();
    assert_eq!(paths.last(), Some(&last));
    let mut second = Listing::new(Rc::clone(&root), true, &Limits::DEFAULT).behind(last.as_ref());
    let (next, _) = read(&mut second);
    assert!(second.is_cut());
    assert!(next[0] > last, "{} follows {last}", next[0]);
    assert!(!paths.contains(&next[0]));
}

#[test]
fn a_listing_goes_on_behind_any_entry() {
    let mut trees = Trees::default();
    let below = tree(&[("100644", "c", 9), ("40000", "d", 3), ("100644", "e", 9)]);
    trees.trees.insert(id(2), below);
    trees.trees.insert(id(3), tree(&[("100644", "f", 9)]));
    let root = tree(&[("100644", "a", 9), ("40000", "b", 2), ("100755", "z", 9)]);
    for recursive in [true, false] {
        let all = list(&trees, Rc::clone(&root), recursive).unwrap();
        for (at, path) in all.iter().enumerate() {
            let listing = Listing::new(Rc::clone(&root), recursive, &Limits::DEFAULT);
            let rest = rest_of(&trees, listing.behind(path.as_str().into())).unwrap();
            assert_eq!(rest, all[at + 1..], "behind {path}");
        }
    }
    for path in ["", "x", "a/x", "b/x", "b/d/x", "b//d"] {
        let listing = Listing::new(Rc::clone(&root), true, &Limits::DEFAULT);
        let refused = rest_of(&trees, listing.behind(path.into()));
        assert!(matches!(refused, Err(ListingError::NotThere(_))), "{path}");
    }
}
