//! Walks over trees held in a map; the first read of each finds its chunk cold.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use gix_hash::oid;

use super::*;
use crate::git::store::StoreError;

#[derive(Default)]
struct Objects {
    all: HashMap<ObjectId, (ObjectKind, Shared)>,
    fetched: RefCell<HashSet<ObjectId>>,
}

impl ObjectSource for Objects {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        Ok(self.all.get(id).map(|(kind, _)| *kind))
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        if self.fetched.borrow_mut().insert(id.to_owned()) {
            return Err(StoreError::Cold { pack: 1, chunk: 0 }.into());
        }
        Ok(self.all.get(id).cloned())
    }
}

fn id(number: u8) -> ObjectId {
    ObjectId::try_from(&[number; 20][..]).unwrap()
}

fn tree(entries: impl IntoIterator<Item = (&'static str, String, u8)>) -> Shared {
    let mut content = Vec::new();
    for (mode, name, number) in entries {
        content.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        content.extend_from_slice(&[number; 20]);
    }
    Rc::new(content)
}

/// The paths of an archive, and how often the walk paused.
fn walked(objects: &Objects, root: ObjectId) -> (Vec<String>, usize) {
    let content = Rc::clone(&objects.all[&root].1);
    let limits = PathLimits::default();
    let mut walk = ArchiveWalk::new((root, content), limits, &Limits::DEFAULT);
    let (mut paths, mut pauses) = (Vec::new(), 0);
    loop {
        match walk.step(objects) {
            Ok(Walked::Entry(entry)) => paths.push(entry.path.to_string()),
            Ok(Walked::Paused) => pauses += 1,
            Ok(Walked::End) => return (paths, pauses),
            Err(ArchiveError::Listing(ListingError::Read(error))) if error.cold().is_some() => {}
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_walk_that_leaves_out_everything_pauses_on_its_way() {
    let mut objects = Objects::default();
    let files = (0..1000).map(|number| ("100644", format!("f{number:04}"), 9));
    let attributes = [("100644", ".gitattributes".to_owned(), 2)];
    let root = tree(attributes.into_iter().chain(files));
    objects.all.insert(id(1), (ObjectKind::Tree, root));
    let lines = "x y\n".repeat(199) + "* export-ignore\n";
    let lines = Rc::new(lines.into_bytes());
    objects.all.insert(id(2), (ObjectKind::Blob, lines));
    // 1,001 entries, 200 lines and one more for each.
    assert_eq!(walked(&objects, id(1)), (Vec::new(), 10));
}

#[test]
fn a_directory_stands_before_the_first_file_that_was_met_in_it() {
    let mut objects = Objects::default();
    let file = |name: &str| ("100644", name.to_owned(), 9);
    let folder = |name: &str, number| ("40000", name.to_owned(), number);
    let root = tree([folder("a", 2), folder("b", 3), file("c")]);
    objects.all.insert(id(1), (ObjectKind::Tree, root));
    let empty = tree([folder("empty", 4)]);
    objects.all.insert(id(2), (ObjectKind::Tree, empty));
    objects.all.insert(id(4), (ObjectKind::Tree, tree([])));
    let left_out = tree([("100644", ".gitattributes".to_owned(), 5), file("x")]);
    objects.all.insert(id(3), (ObjectKind::Tree, left_out));
    let lines = Rc::new(b"* export-ignore\n".to_vec());
    objects.all.insert(id(5), (ObjectKind::Blob, lines));
    let (paths, pauses) = walked(&objects, id(1));
    assert_eq!((paths, pauses), (vec!["b/".to_owned(), "c".to_owned()], 0));
}
