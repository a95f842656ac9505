//! The entries of three trees, lined up by name, in the order of git's `traverse_trees`.

use gix_object::bstr::{BStr, BString};

use super::super::super::object::facts::{FactsError, base_name_compare, tree_entries};
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
    entries: Vec<Entry<'a>>,
    front: usize,
}

struct Entry<'a> {
    name: &'a BStr,
    is_tree: bool,
    /// `None` once it is lined up.
    version: Option<Version>,
}

impl<'a> Waiting<'a> {
    fn new(content: &'a [u8]) -> Result<Self, FactsError> {
        let mut entries = Vec::new();
        for entry in tree_entries(content) {
            let entry = entry?;
            let version = Version::of(&entry);
            entries.push(Entry {
                name: entry.name,
                is_tree: version.is_tree(),
                version: Some(version),
            });
        }
        Ok(Self { entries, front: 0 })
    }

    /// The name of the first entry.
    fn first(&mut self) -> Option<&'a BStr> {
        while let Some(entry) = self.entries.get(self.front) {
            if entry.version.is_some() {
                return Some(entry.name);
            }
            self.front += 1;
        }
        None
    }

    /// Takes the entry of this name, if there is one. A directory stands behind files whose names
    /// begin with its own. It is searched for by its place: many files may stand there, and many names that
    /// they begin with.
    fn take(&mut self, name: &BStr) -> Stage {
        let rest = self.entries.get_mut(self.front..)?;
        if let Some(first) = rest.first_mut()
            && first.name == name
            && first.version.is_some()
        {
            return first.version.take();
        }
        let place = rest.partition_point(|entry| {
            base_name_compare(entry.name, entry.is_tree, name, true).is_lt()
        });
        let found = rest.get_mut(place).filter(|entry| entry.name == name)?;
        found.version.take()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tree<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
        let mut content = Vec::new();
        for (mode, name) in entries {
            content.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            content.extend_from_slice(&[7; 20]);
        }
        content
    }

    /// Each name with the sides that have a file and those that have a directory.
    fn told(items: &[Item]) -> Vec<(String, Mask, Mask)> {
        let told = |item: &Item| {
            let dir_mask = item.dir_mask();
            (item.name.to_string(), item.mask() & !dir_mask, dir_mask)
        };
        items.iter().map(told).collect()
    }

    #[test]
    fn a_directory_is_found_behind_files_whose_names_begin_with_its_own() {
        let base = tree([("100644", "a-1"), ("100644", "a.b"), ("40000", "a")]);
        let ours = tree([("100644", "a"), ("100644", "a-1"), ("100644", "a0")]);
        let theirs = tree([("40000", "a"), ("100644", "a0")]);
        let items = line_up([&base, &ours, &theirs]).unwrap();
        let expected = [("a", 2, 5), ("a-1", 3, 0), ("a.b", 1, 0), ("a0", 6, 0)];
        let expected =
            expected.map(|(name, files, dirs): (&str, Mask, Mask)| (name.to_owned(), files, dirs));
        assert_eq!(told(&items), expected);
    }

    /// An earlier version looked for each of the short names among all of the long ones: 16 billion bytes.
    #[test]
    fn many_names_that_begin_with_each_other_are_lined_up() {
        let name = "a".repeat(4000);
        let short: Vec<String> = (1..4000).map(|length| "a".repeat(length)).collect();
        let long: Vec<String> = (0..2000).map(|at| format!("{name}-{at:04}")).collect();
        let file = |name| ("100644", name);
        let ours = tree(short.iter().map(String::as_str).map(file));
        let behind = std::iter::once(("40000", name.as_str()));
        let base = tree(long.iter().map(String::as_str).map(file).chain(behind));
        let items = line_up([&base, &ours, &[]]).unwrap();
        assert_eq!(items.len(), short.len() + long.len() + 1);
    }
}
