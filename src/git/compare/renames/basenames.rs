//! The second round: a name that one source and one destination have alone. In a merge also a name
//! that several have, where the directory of the source went.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use gix_object::bstr::BString;

use super::super::super::store::ObjectSource;
use super::super::error::CompareError;
use super::estimate::Estimator;
use super::names::basename;
use super::table::Table;

/// The sources and destinations of the round by name.
#[derive(Debug)]
pub(super) struct Basenames {
    sources: Vec<usize>,
    source_names: UniqueNames,
    destination_names: UniqueNames,
    next_source: usize,
}

/// By name the one that has it, or `None` where several do.
type UniqueNames = HashMap<BString, Option<usize>>;

fn note(names: &mut UniqueNames, name: &[u8], at: usize) {
    match names.entry(name.into()) {
        Entry::Occupied(mut known) => *known.get_mut() = None,
        Entry::Vacant(new) => {
            new.insert(Some(at));
        }
    }
}

impl Basenames {
    pub(super) fn new(table: &Table) -> Self {
        let sources = table.open_sources();
        let (mut source_names, mut destination_names) = Default::default();
        for at in &sources {
            if let Some((_, path)) = table.source(*at) {
                note(&mut source_names, basename(path), *at);
            }
        }
        for at in table.open_destinations() {
            if let Some((_, path)) = table.destination(at) {
                note(&mut destination_names, basename(path), at);
            }
        }
        Self {
            sources,
            source_names,
            destination_names,
            next_source: 0,
        }
    }

    /// Looks at the next source; `false` behind the last one.
    pub(super) fn step(
        &mut self,
        objects: &impl ObjectSource,
        table: &mut Table,
        estimator: &mut Estimator,
        score_min: u16,
    ) -> Result<bool, CompareError> {
        let Some(source) = self.sources.get(self.next_source).copied() else {
            return Ok(false);
        };
        if let Some(destination) = self.destination_of(table, source) {
            let score = estimator.estimate(objects, table, source, destination, score_min)?;
            if score >= score_min {
                table.pair(source, destination, score);
            }
        }
        self.next_source = self.next_source.saturating_add(1);
        Ok(true)
    }

    fn destination_of(&self, table: &Table, source: usize) -> Option<usize> {
        let (_, path) = table.source(source)?;
        let directories = table.directories.as_ref();
        if directories.is_some_and(|directories| !directories.needs_source(path)) {
            return None;
        }
        let name = basename(path);
        let unique = self.destination_names.get(name)?;
        let is_unique = self.source_names.get(name)?.is_some();
        let destination = match unique {
            Some(destination) if is_unique => Some(*destination),
            _ => directories.and_then(|directories| directories.guess(path)),
        }?;
        table.is_open(destination).then_some(destination)
    }
}
