//! The third round: every source against every destination.

use std::cmp::Ordering;

use super::super::super::store::ObjectSource;
use super::super::error::CompareError;
use super::estimate::Estimator;
use super::names::basename;
use super::table::Table;

/// Pairs that are remembered for a destination, the best ones.
const CANDIDATES: usize = 4;

/// Pairs that one step compares, unless it has to read much.
const STEP_PAIRS: usize = 64;

/// Bytes of contents behind which a step ends.
const STEP_BYTES: u64 = 128 << 10;

/// The comparison under way.
#[derive(Debug)]
pub(super) struct Matrix {
    sources: Vec<usize>,
    destinations: Vec<usize>,
    /// The pair that is next, by places in these lists.
    next: (usize, usize),
    /// The best pairs of the destination that is compared.
    row: [Option<Candidate>; CANDIDATES],
    /// Those of the destinations before it, as far as they are similar enough.
    candidates: Vec<Candidate>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Candidate {
    source: usize,
    destination: usize,
    score: u16,
    is_namesake: bool,
}

impl Candidate {
    /// The better one first: the more similar one, and of equally similar ones a namesake.
    fn order(&self, other: &Self) -> Ordering {
        let key = |candidate: &Self| (candidate.score, candidate.is_namesake);
        key(other).cmp(&key(self))
    }
}

impl Matrix {
    pub(super) fn new(sources: Vec<usize>, destinations: Vec<usize>) -> Self {
        Self {
            sources,
            destinations,
            next: (0, 0),
            row: [None; CANDIDATES],
            candidates: Vec::new(),
        }
    }

    /// Compares the next pairs; behind the last one it chooses the best ones, and gives `false`.
    pub(super) fn step(
        &mut self,
        objects: &impl ObjectSource,
        table: &mut Table,
        estimator: &mut Estimator,
        score_min: u16,
    ) -> Result<bool, CompareError> {
        let read_bytes = estimator.read_bytes().saturating_add(STEP_BYTES);
        for _ in 0..STEP_PAIRS {
            let (to, from) = self.next;
            let Some(destination) = self.destinations.get(to).copied() else {
                self.choose(table);
                return Ok(false);
            };
            let Some(source) = self.sources.get(from).copied() else {
                self.end_row(score_min);
                self.next = (to.saturating_add(1), 0);
                continue;
            };
            let score = estimator.estimate(objects, table, source, destination, score_min)?;
            let names = (table.source(source), table.destination(destination));
            let is_namesake = match names {
                (Some((_, old)), Some((_, new))) => basename(old) == basename(new),
                _ => false,
            };
            self.note(Candidate {
                source,
                destination,
                score,
                is_namesake,
            });
            self.next = (to, from.saturating_add(1));
            if estimator.read_bytes() >= read_bytes {
                break;
            }
        }
        Ok(true)
    }

    /// Puts a pair into the row in place of the worst one, if it is better. Which of equally bad
    /// ones that is, and at which place the new one stands then, is git's choice.
    fn note(&mut self, candidate: Candidate) {
        let mut worst: Option<&mut Option<Candidate>> = None;
        for place in &mut self.row {
            let is_worse = match (&place, &worst) {
                (_, None) => true,
                (None, Some(worst)) => worst.is_some(),
                (Some(_), Some(None)) => false,
                (Some(place), Some(Some(worst))) => place.order(worst).is_gt(),
            };
            if is_worse {
                worst = Some(place);
            }
        }
        if let Some(worst) = worst
            && worst.is_none_or(|worst| worst.order(&candidate).is_gt())
        {
            *worst = Some(candidate);
        }
    }

    fn end_row(&mut self, score_min: u16) {
        let row = std::mem::take(&mut self.row);
        let similar = row.into_iter().flatten();
        let similar = similar.filter(|candidate| candidate.score >= score_min);
        self.candidates.extend(similar);
    }

    fn choose(&mut self, table: &mut Table) {
        self.candidates.sort_by(Candidate::order);
        for candidate in self.candidates.drain(..) {
            let source = table.sources.get(candidate.source);
            let is_free = source.is_some_and(|source| !source.is_used);
            if is_free && table.is_open(candidate.destination) {
                table.pair(candidate.source, candidate.destination, candidate.score);
            }
        }
    }
}
