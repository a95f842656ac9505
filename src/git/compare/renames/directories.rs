//! The part of the search for renames that merges need: which sources matter to them, and where the
//! files of removed directories went (`struct dir_rename_info` of git's `diffcore-rename.c`).

use std::cmp::Reverse;
use std::collections::HashMap;
use std::rc::Rc;

use gix_object::bstr::ByteSlice as _;

use super::names::basename;

/// A path that several share.
pub type SharedPath = Rc<[u8]>;

/// By removed directory: how many of its files went to each other directory.
pub type DirectoryCounts = HashMap<SharedPath, HashMap<SharedPath, u32>>;

/// Why a merge needs to know where a deleted file went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileNeed {
    /// The other side changed it.
    Content,
    /// It may tell where its directory went.
    Location,
}

/// Whether a merge needs to know where a removed directory went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryNeed {
    /// It does not.
    None,
    /// Only because of a directory above it.
    Ancestor,
    /// It does: the other side put a file there.
    Own,
}

/// The renames of one side that a merge needs.
#[derive(Debug, Clone, Default)]
pub struct MergeNeeds {
    /// Deleted files whose rename matters; others are left out.
    pub sources: HashMap<SharedPath, FileNeed>,
    /// The directories that the side removed.
    pub removed: HashMap<SharedPath, DirectoryNeed>,
}

/// In place of a directory: the sources of which nothing is known yet.
const UNKNOWN: &[u8] = b"/";

/// The needs of a merge, and its counts.
#[derive(Debug)]
pub(super) struct Directories {
    needs: MergeNeeds,
    /// Targets in the order in which they were found.
    counts: HashMap<SharedPath, Vec<(SharedPath, u32)>>,
    /// Where the files of a directory are looked for if their names are not unique.
    guesses: HashMap<SharedPath, SharedPath>,
    destinations: HashMap<SharedPath, usize>,
    is_counting: bool,
}

impl Directories {
    pub(super) fn new(needs: MergeNeeds) -> Self {
        Self {
            needs,
            counts: HashMap::new(),
            guesses: HashMap::new(),
            destinations: HashMap::new(),
            is_counting: false,
        }
    }

    /// Whether the merge needs to know where this file went.
    pub(super) fn needs_source(&self, path: &[u8]) -> bool {
        self.needs.sources.contains_key(path)
    }

    /// Counts the findings of the first round, and guesses by them where directories went: each destination
    /// with its number, its path, and that of its source if it has one.
    pub(super) fn begin<'a>(
        &mut self,
        destinations: impl Iterator<Item = (usize, &'a [u8], Option<&'a [u8]>)>,
    ) {
        self.is_counting = true;
        for (at, path, source) in destinations {
            match source {
                Some(from) => self.count(from, path),
                None => {
                    self.destinations.insert(SharedPath::from(path), at);
                }
            }
        }
        for (from, targets) in &self.counts {
            if let Some(to) = most(targets) {
                self.guesses.insert(Rc::clone(from), to);
            }
        }
    }

    /// Where a file would be if it went where its directory went.
    pub(super) fn guess(&self, path: &[u8]) -> Option<usize> {
        let to = self.guesses.get(dirname(path))?;
        let guess = [to, &b"/"[..], basename(path)].concat();
        self.destinations.get(guess.as_slice()).copied()
    }

    fn need_of(&self, directory: &[u8]) -> DirectoryNeed {
        let need = self.needs.removed.get(directory).copied();
        need.unwrap_or(DirectoryNeed::None)
    }

    fn increment(&mut self, from: &[u8], to: &[u8]) {
        let targets = match self.counts.get_mut(from) {
            Some(targets) => targets,
            None => self.counts.entry(from.into()).or_default(),
        };
        match targets.iter_mut().find(|(known, _)| **known == *to) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => targets.push((to.into(), 1)),
        }
    }

    /// Counts a rename for its directory, and for those above as long as they end alike.
    pub(super) fn count(&mut self, old: &[u8], new: &[u8]) {
        if !self.is_counting {
            return;
        }
        let (mut old, mut new) = (old, new);
        let mut is_first = true;
        loop {
            let (old_above, new_above) = (dirname(old), dirname(new));
            if !self.needs.removed.contains_key(old_above) {
                return;
            }
            if !is_first && !end_alike(old, new) {
                return;
            }
            (old, new) = (old_above, new_above);
            let need = self.need_of(old);
            if is_first || need == DirectoryNeed::Own {
                self.increment(old, new);
            }
            is_first = false;
            if need == DirectoryNeed::None || old.is_empty() || new.is_empty() {
                return;
            }
        }
    }

    /// The sources that must be compared with all destinations: neither irrelevant ones
    /// nor those whose directory has gone somewhere by a majority already.
    pub(super) fn still_needed<'a>(
        &mut self,
        sources: Vec<usize>,
        path: impl Fn(usize) -> Option<&'a [u8]>,
    ) -> Vec<usize> {
        let needed = sources.into_iter().filter(|source| {
            let path = path(*source);
            path.is_some_and(|path| self.needs_source(path))
        });
        let mut needed: Vec<usize> = needed.collect();
        for source in &needed {
            let mut above = path(*source).map(dirname);
            while let Some(directory) = above
                && !directory.is_empty()
                && self.need_of(directory) != DirectoryNeed::None
            {
                self.increment(directory, UNKNOWN);
                above = Some(dirname(directory));
            }
        }
        for (directory, targets) in &self.counts {
            let need = self.needs.removed.get_mut(directory);
            if let Some(need) = need
                && *need == DirectoryNeed::Own
                && is_decided(targets)
            {
                *need = DirectoryNeed::Ancestor;
            }
        }
        needed.retain(|source| {
            let path = path(*source).unwrap_or_default();
            match self.needs.sources.get(path) {
                Some(FileNeed::Location) => self.is_above_needed(path),
                _ => true,
            }
        });
        needed
    }

    /// Whether it is still to be found out where a directory above went.
    fn is_above_needed(&self, path: &[u8]) -> bool {
        let mut directory = dirname(path);
        loop {
            match self.need_of(directory) {
                DirectoryNeed::None => return false,
                DirectoryNeed::Own => return true,
                DirectoryNeed::Ancestor if directory.is_empty() => return false,
                DirectoryNeed::Ancestor => directory = dirname(directory),
            }
        }
    }

    /// The counts of the directories that matter.
    pub(super) fn into_counts(self) -> DirectoryCounts {
        let needs = &self.needs.removed;
        let is_needed = |directory: &SharedPath| {
            let need = needs.get(directory).copied();
            need.is_some_and(|need| need != DirectoryNeed::None)
        };
        let counts = self.counts.into_iter();
        let counts = counts.filter(|(directory, _)| is_needed(directory));
        let known = counts.map(|(directory, targets)| {
            let targets = targets.into_iter().filter(|(to, _)| **to != *UNKNOWN);
            (directory, targets.collect())
        });
        known.collect()
    }
}

/// The directory of a path: the part before its last slash.
fn dirname(path: &[u8]) -> &[u8] {
    path.rsplit_once_str("/").map_or(&[], |(above, _)| above)
}

/// Whether the last names of two directories are the same. Where the old one is a single name git
/// looks at it from the second byte on.
fn end_alike(old: &[u8], new: &[u8]) -> bool {
    let old_name = match old.rsplit_once_str("/") {
        Some((_, name)) => name,
        None => old.get(1..).unwrap_or_default(),
    };
    old_name == basename(new)
}

/// The target of most; among equals the first in the order of git's hash table.
fn most(targets: &[(SharedPath, u32)]) -> Option<SharedPath> {
    let key = |(place, (path, count)): &(usize, &(SharedPath, u32))| {
        (*count, Reverse(hash_of(path) & 63), *place)
    };
    let best = targets.iter().enumerate().max_by_key(key);
    best.map(|(_, (path, _))| Rc::clone(path))
}

/// FNV-1, as git's `strhash`.
fn hash_of(text: &[u8]) -> u32 {
    text.iter().fold(0x811c_9dc5, |hash: u32, byte| {
        hash.wrapping_mul(0x0100_0193) ^ u32::from(*byte)
    })
}

/// Whether no rename that is still unknown could change where the directory went.
fn is_decided(targets: &[(SharedPath, u32)]) -> bool {
    let (mut first, mut second, mut unknown) = (0, 0, 0_u32);
    for (path, count) in targets {
        if **path == *UNKNOWN {
            unknown = *count;
        } else if *count >= first {
            (second, first) = (first, *count);
        } else if *count >= second {
            second = *count;
        }
    }
    first > unknown.saturating_add(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(removed: &[(&str, DirectoryNeed)], renames: &[(&str, &str)]) -> Vec<String> {
        let path = |path: &str| SharedPath::from(path.as_bytes());
        let removed = removed.iter().map(|(name, need)| (path(name), *need));
        let mut directories = Directories::new(MergeNeeds {
            sources: HashMap::new(),
            removed: removed.collect(),
        });
        directories.is_counting = true;
        for (old, new) in renames {
            directories.count(old.as_bytes(), new.as_bytes());
        }
        let mut shown = Vec::new();
        for (from, targets) in directories.into_counts() {
            for (to, count) in targets {
                let (from, to) = (from.as_bstr(), to.as_bstr());
                shown.push(format!("{from}>{to} {count}"));
            }
        }
        shown.sort();
        shown
    }

    #[test]
    fn a_rename_counts_for_directories_that_end_alike() {
        let removed = [
            ("a/b", DirectoryNeed::Own),
            ("a", DirectoryNeed::Own),
            ("x", DirectoryNeed::None),
        ];
        let renames = [("a/b/1", "c/b/1"), ("a/b/2", "c/d/2"), ("x/3", "y/3")];
        assert_eq!(
            counted(&removed, &renames),
            ["a/b>c/b 1", "a/b>c/d 1", "a>c 1"]
        );
        let removed = [
            ("a/b", DirectoryNeed::Ancestor),
            ("a", DirectoryNeed::Ancestor),
        ];
        assert_eq!(counted(&removed, &renames), ["a/b>c/b 1", "a/b>c/d 1"]);
    }

    #[test]
    fn the_majority_decides_unless_too_many_are_unknown() {
        let target = |path: &str, count| (SharedPath::from(path.as_bytes()), count);
        assert!(is_decided(&[
            target("a", 3),
            target("b", 1),
            target("/", 1)
        ]));
        assert!(!is_decided(&[
            target("a", 3),
            target("b", 1),
            target("/", 2)
        ]));
        assert_eq!(most(&[]), None);
        let found = most(&[target("a", 1), target("b", 2)]).unwrap();
        assert_eq!(&*found, b"b");
    }
}
