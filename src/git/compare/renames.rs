//! Renames among the files that differ, as git's `diffcore-rename.c` finds them: deleted files
//! (sources) are paired with created ones (destinations).
//!
//! Three rounds, each over the rest of the earlier ones: equal contents; names that are unique among
//! the sources and among the destinations, if the contents are three quarters the same; every source
//! against every destination, the most similar first. The last round is left out where it had more
//! than `limit` squared pairs to compare.
//!
//! Files of more bytes than can be read whole take part in the first round only.

use super::super::store::ObjectSource;
use super::error::CompareError;
use super::score::SCORE_MAX;
use super::tree::Change;

mod basenames;
mod directories;
mod estimate;
mod exact;
mod matrix;
mod names;
mod table;

pub use directories::{DirectoryCounts, DirectoryNeed, FileNeed, MergeNeeds, SharedPath};

use basenames::Basenames;
use directories::Directories;
use estimate::Estimator;
use exact::ExactMatches;
use matrix::Matrix;
pub use table::RenameOptions;
use table::Table;

/// Looks for renames, step by step.
#[derive(Debug)]
pub struct Renames {
    table: Table,
    options: RenameOptions,
    round: Round,
    estimator: Estimator,
    limit_needed: Option<u32>,
}

#[derive(Debug)]
enum Round {
    Exact(ExactMatches),
    Basenames(Basenames),
    Matrix(Matrix),
    Over,
}

impl Renames {
    /// Looks among these changes, which stand in the order of the trees.
    pub fn new(changes: Vec<Change>, options: RenameOptions) -> Self {
        let table = Table::new(changes, options);
        let round = if table.sources.is_empty() || table.destinations.is_empty() {
            Round::Over
        } else {
            Round::Exact(ExactMatches::new(&table))
        };
        Self {
            table,
            options,
            round,
            estimator: Estimator::default(),
            limit_needed: None,
        }
    }

    /// The same for a merge, which needs some of the renames only, and to know where directories went.
    pub fn for_merge(changes: Vec<Change>, options: RenameOptions, needs: MergeNeeds) -> Self {
        let mut renames = Self::new(changes, options);
        renames.table.directories = Some(Directories::new(needs));
        renames
    }

    /// Bytes of contents that are kept beside the changes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.estimator.held_bytes()
    }

    /// Does a piece of the work; `false` when all is done. After an error the same can be asked
    /// again.
    pub fn step(&mut self, objects: &impl ObjectSource) -> Result<bool, CompareError> {
        let score_min = self.options.score_min;
        let (table, estimator) = (&mut self.table, &mut self.estimator);
        match &mut self.round {
            Round::Exact(exact) => {
                if !exact.step(table) {
                    table.begin_directories();
                    self.round = if score_min >= SCORE_MAX {
                        Round::Over
                    } else {
                        Round::Basenames(Basenames::new(table))
                    };
                }
            }
            Round::Basenames(basenames) => {
                let score_min = score_min.midpoint(SCORE_MAX);
                if !basenames.step(objects, table, estimator, score_min)? {
                    self.begin_matrix();
                }
            }
            Round::Matrix(matrix) => {
                if !matrix.step(objects, table, estimator, score_min)? {
                    self.round = Round::Over;
                }
            }
            Round::Over => return Ok(false),
        }
        Ok(true)
    }

    /// Every source against every destination, unless these are too many.
    fn begin_matrix(&mut self) {
        let mut sources = self.table.open_sources();
        if let Some(mut directories) = self.table.directories.take() {
            sources = directories.still_needed(sources, |source| {
                let path: &[u8] = self.table.source(source)?.1;
                Some(path)
            });
            self.table.directories = Some(directories);
        }
        let destinations = self.table.open_destinations();
        self.round = Round::Over;
        if sources.is_empty() || destinations.is_empty() {
            return;
        }
        let pairs = (sources.len() as u64).saturating_mul(destinations.len() as u64);
        let limit = u64::from(self.options.limit);
        if limit > 0 && pairs > limit.saturating_mul(limit) {
            let needed = sources.len().max(destinations.len());
            self.limit_needed = Some(u32::try_from(needed).unwrap_or(u32::MAX));
            return;
        }
        self.round = Round::Matrix(Matrix::new(sources, destinations));
    }

    /// Takes all steps that are left. After an error the same can be asked again.
    pub fn run(&mut self, objects: &impl ObjectSource) -> Result<(), CompareError> {
        while self.step(objects)? {}
        Ok(())
    }

    /// The limit that all pairs had needed, if they were more than the limit allows.
    pub fn limit_needed(&self) -> Option<u32> {
        self.limit_needed
    }

    /// Bytes of contents that were read.
    pub fn read_bytes(&self) -> u64 {
        self.estimator.read_bytes()
    }

    /// As [`Renames::into_changes`], with where the files of removed directories went.
    pub fn into_changes_and_counts(mut self) -> (Vec<Change>, DirectoryCounts) {
        let directories = self.table.directories.take();
        let counts = directories.map(Directories::into_counts);
        (self.into_changes(), counts.unwrap_or_default())
    }

    /// The changes with the renames that were found: a destination that was paired names its source, and the
    /// deletion of that source is gone.
    pub fn into_changes(self) -> Vec<Change> {
        self.table.into_changes()
    }
}

#[cfg(test)]
mod tests;
