//! The first round: sources and destinations with equal contents.

use std::collections::{HashMap, VecDeque};

use gix_hash::ObjectId;
use gix_object::tree::EntryKind;

use super::super::score::SCORE_MAX;
use super::super::tree::Side;
use super::names::basename;
use super::table::Table;

/// Sources of one content that are looked at for a destination, the first ones.
const ALTERNATIVES_MAX: usize = 100;

/// Destinations of one step.
const STEP_DESTINATIONS: usize = 500;

/// Sources by content, as far as they are not used.
#[derive(Debug)]
pub(super) struct ExactMatches {
    sources: HashMap<Content, VecDeque<usize>>,
    next_destination: usize,
}

/// The key by which files are equal; all regular files are of one kind.
type Content = (ObjectId, EntryKind);

fn content(side: Side) -> Content {
    if side.is_regular() {
        (side.id, EntryKind::Blob)
    } else {
        (side.id, side.kind)
    }
}

impl ExactMatches {
    pub(super) fn new(table: &Table) -> Self {
        let mut sources: HashMap<Content, VecDeque<usize>> = HashMap::new();
        for at in 0..table.sources.len() {
            if let Some((side, _)) = table.source(at) {
                sources.entry(content(side)).or_default().push_back(at);
            }
        }
        Self {
            sources,
            next_destination: 0,
        }
    }

    /// Pairs the next destinations; `false` behind the last one.
    pub(super) fn step(&mut self, table: &mut Table) -> bool {
        for _ in 0..STEP_DESTINATIONS {
            let destination = self.next_destination;
            let Some((side, path)) = table.destination(destination) else {
                return false;
            };
            self.next_destination = destination.saturating_add(1);
            let Some(sources) = self.sources.get_mut(&content(side)) else {
                continue;
            };
            // The first one with the same name, else the first of all.
            let is_namesake = |source: &usize| {
                let source = table.source(*source);
                source.is_some_and(|(_, from)| basename(from) == basename(path))
            };
            let mut alternatives = sources.iter().take(ALTERNATIVES_MAX);
            let place = alternatives.position(is_namesake).unwrap_or(0);
            if let Some(source) = sources.remove(place) {
                table.pair(source, destination, SCORE_MAX);
            }
        }
        true
    }
}
