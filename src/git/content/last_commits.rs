//! The commit that changed each entry of a directory last, as `git log -1 -- path` finds it for each of
//! them (<https://git-scm.com/docs/git-log#_history_simplification>).
//!
//! That log follows one parent as long as a parent has the same entry, the first such parent, and shows
//! the commit where none has. So an entry stands at one commit at a time. Entries that stand at the
//! same commit are taken together: its parents' directories are read once for all of them. Children
//! come before their parents, by generation, so no commit is taken twice.

use std::collections::{BTreeMap, BinaryHeap};
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use gix_object::tree::EntryKind;

use super::super::graph::commits::{CommitGraph, CommitNode};
use super::super::object::ObjectKind;
use super::super::object::facts::{Mode, base_name_compare, tree_entries};
use super::super::store::{ObjectSource, ReadError, Shared, StoreError};
use super::lookup::TreePath;
use super::places::PathPlaces;

/// An entry of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Its name.
    pub name: BString,
    /// Its mode.
    pub mode: Mode,
    /// The object.
    pub id: ObjectId,
}

impl DirectoryEntry {
    fn place(&self) -> (EntryKind, ObjectId) {
        (self.mode.kind(), self.id)
    }
}

/// The entries that one directory has, in stored order. Bytes that do not parse end it, as in git.
pub fn directory_entries(content: &[u8]) -> impl Iterator<Item = DirectoryEntry> + '_ {
    let entries = tree_entries(content).map_while(Result::ok);
    entries.map(|entry| DirectoryEntry {
        name: entry.name.into(),
        mode: entry.mode,
        id: entry.id.to_owned(),
    })
}

/// Looks for the last commit of each entry.
#[derive(Debug)]
pub struct LastCommits {
    graph: Rc<CommitGraph>,
    places: PathPlaces,
    entries: Vec<DirectoryEntry>,
    /// The commits at which entries stand, the highest generation first.
    queue: BinaryHeap<(u32, CommitNode)>,
    /// The entries that stand there, by number, in the order of the directory.
    standing: BTreeMap<CommitNode, Vec<u32>>,
    /// By entry: the commit that changed it last.
    found: Vec<Option<CommitNode>>,
    looked_at: u64,
    read_bytes: u64,
}

impl LastCommits {
    /// Looks for entries of the directory at this path. None of them stands anywhere yet.
    pub fn new(graph: Rc<CommitGraph>, directory: &[u8], entries: Vec<DirectoryEntry>) -> Self {
        Self {
            graph,
            places: PathPlaces::new(TreePath::new(directory)),
            found: vec![None; entries.len()],
            entries,
            queue: BinaryHeap::new(),
            standing: BTreeMap::new(),
            looked_at: 0,
            read_bytes: 0,
        }
    }

    /// Puts entries, by number and in rising order, at a commit in which they have their present value.
    pub fn stand(&mut self, node: CommitNode, numbers: &[u32]) -> Result<(), StoreError> {
        if numbers.is_empty() {
            return Ok(());
        }
        let standing = self.standing.entry(node).or_default();
        if standing.is_empty() {
            self.queue.push((self.graph.generation(node)?, node));
        }
        standing.extend_from_slice(numbers);
        // Entries meet here that parted before.
        standing.sort_unstable();
        standing.dedup();
        Ok(())
    }

    /// The graph whose nodes it gives.
    pub fn graph(&self) -> &CommitGraph {
        &self.graph
    }

    /// The entries.
    pub fn entries(&self) -> &[DirectoryEntry] {
        &self.entries
    }

    /// The commit that changed an entry last, as soon as it is found.
    pub fn found(&self, number: u32) -> Option<CommitNode> {
        let at = usize::try_from(number).ok()?;
        self.found.get(at).copied().flatten()
    }

    /// The entries that are still looked for, by the commit at which they stand.
    pub fn left(&self) -> impl Iterator<Item = (CommitNode, &[u32])> {
        let standing = self.standing.iter();
        standing.map(|(node, numbers)| (*node, numbers.as_slice()))
    }

    /// Bytes of the trees that were read.
    pub fn read_bytes(&self) -> u64 {
        self.read_bytes.saturating_add(self.places.read_bytes())
    }

    /// How many commits were looked at.
    pub fn looked_at(&self) -> u64 {
        self.looked_at
    }

    /// Takes the next commit; `false` when all is found. After an error the same can be asked again.
    pub fn step(&mut self, objects: &impl ObjectSource) -> Result<bool, ReadError> {
        let Some((_, node)) = self.queue.peek().copied() else {
            return Ok(false);
        };
        let mut open = self.standing.get(&node).cloned().unwrap_or_default();
        let mut parents = Vec::new();
        self.graph.parents(node, &mut parents)?;
        let mut moved = Vec::new();
        for parent in parents {
            if open.is_empty() {
                break;
            }
            let (same, others) = self.compare(objects, node, parent, open)?;
            moved.push((parent, same));
            open = others;
        }
        self.queue.pop();
        self.standing.remove(&node);
        self.looked_at = self.looked_at.saturating_add(1);
        for number in open {
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            if let Some(found) = self.found.get_mut(at) {
                *found = Some(node);
            }
        }
        for (parent, numbers) in moved {
            self.stand(parent, &numbers)?;
        }
        Ok(true)
    }

    /// The entries that the parent has as well, and the others.
    fn compare(
        &mut self,
        objects: &impl ObjectSource,
        node: CommitNode,
        parent: CommitNode,
        open: Vec<u32>,
    ) -> Result<(Vec<u32>, Vec<u32>), ReadError> {
        let (own, theirs) = (self.graph.tree_id(node)?, self.graph.tree_id(parent)?);
        if own == theirs {
            return Ok((open, Vec::new()));
        }
        let place = self.places.at(objects, theirs)?;
        if place.is_some() && place == self.places.at(objects, own)? {
            return Ok((open, Vec::new()));
        }
        let Some((EntryKind::Tree, id)) = place else {
            return Ok((Vec::new(), open));
        };
        let Some((ObjectKind::Tree, content)) = objects.read(&id)? else {
            return Ok((Vec::new(), open));
        };
        self.read_bytes = self.read_bytes.saturating_add(content.len() as u64);
        Ok(self.split(&content, &open))
    }

    /// Goes over both lists at once: both have git's order.
    fn split(&self, content: &Shared, open: &[u32]) -> (Vec<u32>, Vec<u32>) {
        let (mut same, mut others) = (Vec::with_capacity(open.len()), Vec::new());
        let mut theirs = tree_entries(content).map_while(Result::ok).peekable();
        for number in open {
            let at = usize::try_from(*number).unwrap_or(usize::MAX);
            let Some(entry) = self.entries.get(at) else {
                continue;
            };
            let is_before = |name: &[u8], is_tree: bool| {
                base_name_compare(name, is_tree, &entry.name, entry.mode.is_tree()).is_lt()
            };
            while theirs
                .next_if(|other| is_before(other.name, other.mode.is_tree()))
                .is_some()
            {}
            let is_same = theirs.peek().is_some_and(|other| {
                entry.name == other.name && entry.place() == (other.mode.kind(), other.id.into())
            });
            if is_same {
                same.push(*number);
            } else {
                others.push(*number);
            }
        }
        (same, others)
    }
}
