//! The objects of a repository, for the engine; random numbers; pairs of trees to compare.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use cairn::git::compare::abbreviate::{ObjectNames, common_digits_of};
use cairn::git::object::ObjectKind;
use cairn::git::store::{ObjectSource, ReadError, Shared, StoreError};
use gix_hash::{ObjectId, oid};

use crate::plumbing::git;

/// Numbers that look random and are the same in each run.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }

    pub fn percent(&mut self, of_a_hundred: usize) -> bool {
        self.below(100) < of_a_hundred
    }

    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// All objects of a repository.
#[derive(Default)]
pub struct Objects {
    by_id: HashMap<ObjectId, (ObjectKind, Shared)>,
    sorted: Vec<ObjectId>,
}

impl Objects {
    /// Reads them with one `git cat-file`.
    pub fn of(directory: &Path) -> Self {
        let arguments = ["cat-file", "--batch-all-objects", "--batch", "--buffer"];
        let listed = git(directory, &arguments, b"");
        let mut objects = HashMap::new();
        let mut rest = listed.as_slice();
        while !rest.is_empty() {
            let line = rest.iter().position(|byte| *byte == b'\n').unwrap();
            let header = std::str::from_utf8(&rest[..line]).unwrap();
            let mut words = header.split(' ');
            let id = ObjectId::from_hex(words.next().unwrap().as_bytes()).unwrap();
            let kind = ObjectKind::from_name(words.next().unwrap().as_bytes()).unwrap();
            let size: usize = words.next().unwrap().parse().unwrap();
            let content = rest[line + 1..][..size].to_vec();
            objects.insert(id, (kind, Rc::new(content)));
            rest = &rest[line + 1 + size + 1..];
        }
        let mut sorted: Vec<_> = objects.keys().copied().collect();
        sorted.sort_unstable();
        Self {
            by_id: objects,
            sorted,
        }
    }
}

impl ObjectSource for Objects {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        Ok(self.by_id.get(id).map(|(kind, _)| *kind))
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        Ok(self.by_id.get(id).cloned())
    }
}

impl ObjectNames for Objects {
    fn object_count(&self) -> Result<u64, StoreError> {
        Ok(self.sorted.len() as u64)
    }

    fn common_digits(&self, id: &oid) -> Result<usize, StoreError> {
        let before = self.sorted.partition_point(|other| other.as_ref() < id);
        let behind = self.sorted.partition_point(|other| other.as_ref() <= id);
        let previous = before.checked_sub(1).map(|at| self.sorted[at]);
        let neighbours = previous.iter().chain(self.sorted.get(behind));
        let common = neighbours.map(|other| common_digits_of(id, other));
        Ok(common.max().unwrap_or(0))
    }
}

/// Pairs of trees to compare: each with the one before it, and every third with any other.
pub fn pairs(trees: &[ObjectId], count: usize, seed: u64) -> Vec<(ObjectId, ObjectId)> {
    let mut numbers = Numbers(seed);
    let mut pairs = Vec::new();
    let mut at = 1;
    while pairs.len() < count {
        if numbers.percent(33) {
            let other = numbers.below(trees.len());
            pairs.push((trees[other], trees[at % trees.len()]));
        } else {
            let at = at % trees.len();
            pairs.push((trees[at.saturating_sub(1)], trees[at]));
            if numbers.percent(10) {
                pairs.push((trees[at], trees[at.saturating_sub(1)]));
            }
        }
        at += 1;
    }
    pairs.truncate(count);
    pairs
}

/// The input of `git diff-tree --stdin`.
pub fn stdin_of(pairs: &[(ObjectId, ObjectId)]) -> Vec<u8> {
    let line = |(old, new): &(ObjectId, ObjectId)| format!("{old} {new}\n").into_bytes();
    pairs.iter().flat_map(line).collect()
}
