//! The entries of three trees, lined up by name, in the order of git's `traverse_trees`.

use gix_object::bstr::{BStr, BString};

use super::super::super::object::facts::{FactsError, tree_entries};
use super::version::{BASE, Mask, OURS, Stage, THEIRS, Version, mask_of};

/// The entries of the three trees under one name.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub name: BString,
    pub stages: [Stage; 3],
}

impl Item {
    /// The sides that have something.
    pub(super) fn mask(&self) -> Mask {
        self.mask_where(|_| true)
    }

    /// The sides that have a directory.
    pub(super) fn dir_mask(&self) -> Mask {
        self.mask_where(Version::is_tree)
    }

    fn mask_where(&self, is: impl Fn(Version) -> bool) -> Mask {
        let mut mask = 0;
        for (side, stage) in [BASE, OURS, THEIRS].into_iter().zip(self.stages) {
            if stage.is_some_and(&is) {
                mask |= mask_of(side);
            }
        }
        mask
    }
}

/// The entries of one tree that are not lined up yet.
struct Waiting<'a> {
    entries: Vec<(&'a BStr, Option<Version>)>,
    front: usize,
}

impl<'a> Waiting<'a> {
    fn new(content: &'a [u8]) -> Result<Self, FactsError> {
        let mut entries = Vec::new();
        for entry in tree_entries(content) {
            let entry = entry?;
            entries.push((entry.name, Some(Version::of(&entry))));
        }
        Ok(Self { entries, front: 0 })
    }

    /// The name of the first entry.
    fn first(&mut self) -> Option<&'a BStr> {
        while let Some((name, version)) = self.entries.get(self.front) {
            if version.is_some() {
                return Some(name);
            }
            self.front += 1;
        }
        None
    }

    /// Takes the entry of this name, if there is one. A directory stands behind files whose names
    /// begin with its own, so some of these may have to be passed.
    fn take(&mut self, name: &BStr) -> Stage {
        let rest = self.entries.get_mut(self.front..)?;
        for (found, version) in rest {
            if !found.starts_with(name) {
                return None;
            }
            if *found == name && version.is_some() {
                return version.take();
            }
        }
        None
    }
}

/// Lines up the contents of three trees; an empty one stands for none.
pub(super) fn line_up(trees: [&[u8]; 3]) -> Result<Vec<Item>, FactsError> {
    let [base, ours, theirs] = trees;
    let mut base = Waiting::new(base)?;
    let mut ours = Waiting::new(ours)?;
    let mut theirs = Waiting::new(theirs)?;
    let mut items = Vec::with_capacity(base.entries.len());
    loop {
        let fronts = [base.first(), ours.first(), theirs.first()];
        let Some(name) = fronts.into_iter().flatten().min() else {
            return Ok(items);
        };
        items.push(Item {
            name: name.to_owned(),
            stages: [base.take(name), ours.take(name), theirs.take(name)],
        });
    }
}
