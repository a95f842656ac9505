//! Renames among files held in a map, where every second read finds its chunk cold.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};
use gix_object::tree::EntryKind;

use super::super::tree::Side;
use super::*;
use crate::git::hash::object_id;
use crate::git::object::ObjectKind;
use crate::git::store::{ReadError, Shared, StoreError};

#[derive(Default)]
struct Files {
    blobs: HashMap<ObjectId, Shared>,
    changes: Vec<Change>,
    moody: Cell<bool>,
}

impl ObjectSource for Files {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        Ok(self.blobs.get(id).map(|_| ObjectKind::Blob))
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        self.moody.set(!self.moody.get());
        if self.moody.get() {
            return Err(StoreError::Cold { pack: 1, chunk: 0 }.into());
        }
        let found = self.blobs.get(id).map(Rc::clone);
        match found {
            Some(content) if content.len() > 8 << 20 => Err(ReadError::TooLarge {
                id: id.to_owned(),
                size: content.len() as u64,
                limit: 8 << 20,
            }),
            found => Ok(found.map(|content| (ObjectKind::Blob, content))),
        }
    }
}

impl Files {
    fn side(&mut self, kind: EntryKind, content: &str) -> Side {
        let id = object_id(ObjectKind::Blob, content.as_bytes()).unwrap();
        self.blobs
            .insert(id, Rc::new(content.as_bytes().to_owned()));
        Side { kind, id }
    }

    fn change(mut self, path: &str, old: Option<&str>, new: Option<&str>) -> Self {
        let old = old.map(|content| self.side(EntryKind::Blob, content));
        let new = new.map(|content| self.side(EntryKind::Blob, content));
        self.changes.push(Change {
            path: path.into(),
            old,
            new,
            renamed: None,
        });
        self
    }

    fn deleted(self, path: &str, content: &str) -> Self {
        self.change(path, Some(content), None)
    }

    fn created(self, path: &str, content: &str) -> Self {
        self.change(path, None, Some(content))
    }

    /// Each change as `old>new percent`.
    fn renames(&self, options: RenameOptions) -> (Vec<String>, Option<u32>) {
        let mut renames = Renames::new(self.changes.clone(), options);
        while let Err(error) = renames.run(self) {
            assert!(error.cold().is_some(), "{error}");
        }
        let limit_needed = renames.limit_needed();
        let shown = renames.into_changes().into_iter().map(|change| {
            let old = change.old.map(|_| change.old_path().to_string());
            let new = change.new.map(|_| change.path.to_string());
            let percent = change.similarity_percent();
            let percent = percent.map_or(String::new(), |percent| format!(" {percent}"));
            format!(
                "{}>{}{percent}",
                old.unwrap_or_default(),
                new.unwrap_or_default()
            )
        });
        (shown.collect(), limit_needed)
    }
}

fn lines(from: usize, count: usize) -> String {
    let lines = (from..from + count).map(|line| format!("line {line:06}\n"));
    lines.collect::<Vec<_>>().concat()
}

#[test]
fn equal_files_prefer_a_namesake() {
    let files = Files::default()
        .deleted("a/one", "same\n")
        .deleted("a/two", "same\n")
        .created("b/three", "same\n")
        .created("b/two", "same\n");
    // The first destination takes the first source, before the second can.
    assert_eq!(
        files.renames(RenameOptions::default()).0,
        ["a/one>b/three 100", "a/two>b/two 100"]
    );
}

#[test]
fn a_unique_name_wins_over_a_more_similar_file() {
    let files = Files::default()
        .deleted("a/name", &lines(0, 100))
        .created("b/name", &lines(20, 100))
        .created("b/other", &lines(5, 100));
    assert_eq!(
        files.renames(RenameOptions::default()).0,
        ["a/name>b/name 80", ">b/other"]
    );
}

#[test]
fn the_most_similar_pair_comes_first() {
    let files = Files::default()
        .deleted("one", &lines(0, 100))
        .deleted("two", &lines(30, 100))
        .created("x", &lines(20, 100))
        .created("y", &lines(21, 100))
        .created("z", "nothing alike\n");
    assert_eq!(
        files.renames(RenameOptions::default()).0,
        ["one>x 80", "two>y 91", ">z"]
    );
}

#[test]
fn too_many_pairs_leave_equal_files_and_unique_names() {
    let files = Files::default()
        .deleted("a/name", &lines(0, 100))
        .deleted("a/p", &lines(200, 100))
        .deleted("a/q", &lines(300, 100))
        .created("b/name", &lines(20, 100))
        .created("b/s", &lines(201, 100))
        .created("b/t", &lines(301, 100));
    let options = RenameOptions {
        limit: 1,
        ..RenameOptions::default()
    };
    let (changes, limit_needed) = files.renames(options);
    assert_eq!(limit_needed, Some(2));
    assert_eq!(
        changes,
        ["a/p>", "a/q>", "a/name>b/name 80", ">b/s", ">b/t"]
    );
}

#[test]
fn empty_files_are_renamed_in_a_diff_but_not_in_a_merge() {
    let files = Files::default().deleted("a", "").created("b", "");
    assert_eq!(files.renames(RenameOptions::default()).0, ["a>b 100"]);
    let options = RenameOptions {
        with_empty_files: false,
        ..RenameOptions::default()
    };
    assert_eq!(files.renames(options).0, ["a>", ">b"]);
}

#[test]
fn links_are_renamed_only_if_they_are_equal() {
    let mut files = Files::default()
        .deleted("a", "some/target")
        .created("b", "some/target")
        .created("c", "some/targets");
    for change in &mut files.changes {
        let sides = [&mut change.old, &mut change.new];
        for side in sides.into_iter().flatten() {
            side.kind = EntryKind::Link;
        }
    }
    assert_eq!(files.renames(RenameOptions::default()).0, ["a>b 100", ">c"]);
    files.changes[1].new.as_mut().unwrap().kind = EntryKind::Blob;
    assert_eq!(
        files.renames(RenameOptions::default()).0,
        ["a>", ">b", ">c"]
    );
}

#[test]
fn files_too_large_to_read_are_renamed_only_if_they_are_equal() {
    let large = "x".repeat((8 << 20) + 1);
    let files = Files::default()
        .deleted("a", &large)
        .created("b", &large)
        .deleted("c", &format!("{large}1"))
        .created("d", &format!("{large}2"));
    assert_eq!(
        files.renames(RenameOptions::default()).0,
        ["a>b 100", "c>", ">d"]
    );
}
