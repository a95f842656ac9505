//! `%(describe:…)`: the tag that describes a commit, as `git describe` finds it.
//!
//! The walk takes commits from the newest date on and counts for each tag that it meets those which the
//! tag does not reach. After ten tags it takes the nearest, and counts on for that one alone.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, HashSet};
use std::rc::Rc;

use gix_glob::wildmatch;
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::arguments::{Argument, Reader};
use crate::git::graph::commits::{CommitGraph, CommitNode};
use crate::git::store::StoreError;

/// Tags between which git chooses.
const CANDIDATES_MAX: usize = 10;

/// The mark of a commit that is or was in the queue.
const SEEN: u16 = 1;

/// Digits of an abbreviated id, at least.
const DIGITS_MIN: usize = 4;

/// The options behind `describe` in the brackets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// Whether tags without an object of their own count too.
    pub(crate) with_lightweight: bool,
    /// Digits of the id; 0 leaves out all behind the name.
    pub(crate) digits: Option<usize>,
    matching: Vec<BString>,
    excluded: Vec<BString>,
}

impl Arguments {
    /// Reads the options behind `(describe`; gives its bytes too.
    pub(super) fn parse(text: &[u8]) -> Option<(Self, usize)> {
        let (mut arguments, mut reader) = (Self::default(), Reader { rest: text });
        if let Some(rest) = text.strip_prefix(b":") {
            reader.rest = rest;
            while arguments.read(&mut reader)? {}
        }
        let is_whole = reader.rest.starts_with(b")");
        let used = text
            .len()
            .saturating_sub(reader.rest.len())
            .saturating_add(1);
        is_whole.then_some((arguments, used))
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Option<bool> {
        if let Some(is_on) = reader.take_switch("tags") {
            self.with_lightweight = is_on;
        } else if let Some(digits) = reader.take("abbrev") {
            let digits: i64 = digits.value?.to_str().ok()?.parse().ok()?;
            let digits = usize::try_from(digits).unwrap_or(DIGITS_MIN);
            self.digits = Some(if digits == 0 {
                0
            } else {
                digits.max(DIGITS_MIN)
            });
        } else if let Some(pattern) = reader.take("exclude") {
            self.excluded.push(given(pattern)?.into());
        } else if let Some(pattern) = reader.take("match") {
            self.matching.push(given(pattern)?.into());
        } else {
            return Some(false);
        }
        Some(true)
    }

    /// Whether a tag of this name counts.
    pub(crate) fn admits(&self, name: &BStr) -> bool {
        let matches =
            |pattern: &BString| wildmatch(pattern.as_bstr(), name, wildmatch::Mode::empty());
        let is_wanted = self.matching.is_empty() || self.matching.iter().any(matches);
        is_wanted && !self.excluded.iter().any(matches)
    }
}

/// The value of an argument, which must have one.
fn given(argument: Argument<'_>) -> Option<&[u8]> {
    argument.value.filter(|text| !text.is_empty())
}

/// A tag and how far it is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Nearest {
    /// The commit that it names.
    pub(crate) commit: ObjectId,
    /// Commits that it does not reach.
    pub(crate) distance: u32,
}

/// Looks for the nearest tag.
#[derive(Debug)]
pub(crate) struct Describe {
    graph: Rc<CommitGraph>,
    /// By commit: whether its tag has an object of its own.
    tagged: HashMap<ObjectId, bool>,
    /// By date, the latest first; of two with one date, the one that was found first.
    queue: BinaryHeap<(u64, Reverse<u64>, CommitNode)>,
    found: u64,
    /// By commit: [`SEEN`], and a bit for each candidate that reaches it.
    marks: Vec<u16>,
    candidates: Vec<Candidate>,
    has_annotated: bool,
    /// Commits that were taken.
    taken: u32,
    /// While the way of the nearest is counted: commits in the queue that it does not reach.
    outside: Option<HashSet<CommitNode>>,
}

#[derive(Debug, Clone, Copy)]
struct Candidate {
    commit: ObjectId,
    distance: u32,
    mark: u16,
}

impl Describe {
    /// Looks from a commit on for these tagged commits.
    pub(crate) fn new(
        graph: Rc<CommitGraph>,
        start: CommitNode,
        tagged: HashMap<ObjectId, bool>,
    ) -> Result<Self, StoreError> {
        let date = graph.time_seconds(start)?;
        let mut marks = vec![0; graph.len()];
        if let Some(mark) = marks.get_mut(start.index()) {
            *mark = SEEN;
        }
        Ok(Self {
            graph,
            tagged,
            queue: BinaryHeap::from([(date, Reverse(0), start)]),
            found: 1,
            marks,
            candidates: Vec::new(),
            has_annotated: false,
            taken: 0,
            outside: None,
        })
    }

    /// Commits that were taken.
    pub(crate) fn taken(&self) -> u32 {
        self.taken
    }

    /// Takes a commit; `false` at the end. After an error the same can be asked again.
    pub(crate) fn step(&mut self) -> Result<bool, StoreError> {
        let Some((_, _, node)) = self.queue.peek().copied() else {
            return Ok(self.outside.is_none() && self.begin_counting());
        };
        // All that can fail comes before anything changes.
        let mut parents = Vec::new();
        self.graph.parents(node, &mut parents)?;
        let mut dated = Vec::with_capacity(parents.len());
        for parent in parents {
            dated.push((parent, self.graph.time_seconds(parent)?));
        }
        let id = self.graph.commit_id(node)?;
        if self.outside.is_some() {
            return Ok(self.count(node, &dated));
        }
        if self.tagged.contains_key(&id) && self.candidates.len() >= CANDIDATES_MAX {
            return Ok(self.begin_counting());
        }
        self.queue.pop();
        if self.look(node, id) {
            return Ok(self.begin_counting());
        }
        self.put_parents(node, &dated);
        Ok(true)
    }

    /// The nearest tag, once the walk is at its end.
    pub(crate) fn nearest(&self) -> Option<Nearest> {
        self.candidates.first().map(|best| Nearest {
            commit: best.commit,
            distance: best.distance,
        })
    }

    /// Counts a commit for the candidates; says whether nothing can change any more.
    fn look(&mut self, node: CommitNode, id: ObjectId) -> bool {
        let mut marks = self.marks_of(node);
        if let Some(is_annotated) = self.tagged.get(&id) {
            let bit = u32::try_from(self.candidates.len())
                .unwrap_or(0)
                .saturating_add(1);
            let mark = 1_u16.checked_shl(bit).unwrap_or(0);
            self.candidates.push(Candidate {
                commit: id,
                distance: self.taken,
                mark,
            });
            marks |= mark;
            self.has_annotated |= is_annotated;
        }
        self.taken = self.taken.saturating_add(1);
        self.set_marks(node, marks);
        for candidate in &mut self.candidates {
            if marks & candidate.mark == 0 {
                candidate.distance = candidate.distance.saturating_add(1);
            }
        }
        if !self.has_annotated || !self.queue.is_empty() {
            return false;
        }
        let best = self
            .candidates
            .iter()
            .map(|candidate| candidate.distance)
            .min();
        let nearest = self
            .candidates
            .iter()
            .filter(|candidate| Some(candidate.distance) == best);
        let within = nearest.fold(0, |all, candidate| all | candidate.mark);
        marks & within == within
    }

    /// Goes on for the nearest candidate alone; `false` if there is none.
    fn begin_counting(&mut self) -> bool {
        // Among equals the first that was found comes first.
        self.candidates.sort_by_key(|candidate| candidate.distance);
        let Some(best) = self.candidates.first() else {
            return false;
        };
        let mark = best.mark;
        let queued = self.queue.iter().map(|(_, _, node)| *node);
        let outside = queued.filter(|node| self.marks_of(*node) & mark == 0);
        self.outside = Some(outside.collect());
        true
    }

    /// Counts a commit that the nearest does not reach; `false` once it reaches all that is left.
    fn count(&mut self, node: CommitNode, parents: &[(CommitNode, u64)]) -> bool {
        let Some(mark) = self.candidates.first().map(|best| best.mark) else {
            return false;
        };
        self.queue.pop();
        self.taken = self.taken.saturating_add(1);
        if self.marks_of(node) & mark == 0 {
            if let Some(best) = self.candidates.first_mut() {
                best.distance = best.distance.saturating_add(1);
            }
        } else if self.outside.as_ref().is_none_or(HashSet::is_empty) {
            return false;
        }
        self.put_parents(node, parents);
        if let Some(mut outside) = self.outside.take() {
            outside.remove(&node);
            for (parent, _) in parents {
                if self.marks_of(*parent) & mark != 0 {
                    outside.remove(parent);
                }
            }
            self.outside = Some(outside);
        }
        true
    }

    /// Puts parents into the queue that were never there, and marks them as their child is.
    fn put_parents(&mut self, node: CommitNode, parents: &[(CommitNode, u64)]) {
        let marks = self.marks_of(node);
        let mark = self.candidates.first().map_or(0, |best| best.mark);
        for (parent, date) in parents {
            let before = self.marks_of(*parent);
            if before & SEEN == 0 {
                self.queue.push((*date, Reverse(self.found), *parent));
                self.found = self.found.saturating_add(1);
                if let Some(outside) = self.outside.as_mut().filter(|_| marks & mark == 0) {
                    outside.insert(*parent);
                }
            }
            self.set_marks(*parent, before | marks);
        }
    }

    fn marks_of(&self, node: CommitNode) -> u16 {
        self.marks.get(node.index()).copied().unwrap_or(SEEN)
    }

    fn set_marks(&mut self, node: CommitNode, marks: u16) {
        if let Some(kept) = self.marks.get_mut(node.index()) {
            *kept = marks;
        }
    }
}
