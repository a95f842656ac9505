//! Renames among the files that differ, as git's `diffcore-rename.c` finds them: deleted files
//! (sources) are paired with created ones (destinations).
//!
//! Three rounds, each over what the earlier ones left: equal contents; names that are unique among
//! the sources and among the destinations, if the contents are three quarters the same; every source
//! against every destination, the most similar first. The last round is left out where it had more
//! than `limit` squared pairs to compare.
//!
//! Files of more bytes than can be read whole take part in the first round only.

use gix_object::bstr::{BStr, ByteSlice as _};

use super::super::store::ObjectSource;
use super::error::CompareError;
use super::tree::{Change, Renamed, Side};

mod basenames;
mod directories;
mod estimate;
mod exact;
mod matrix;

pub use directories::{DirectoryCounts, DirectoryNeed, FileNeed, MergeNeeds, SharedPath};

use basenames::Basenames;
use directories::Directories;
use estimate::Estimator;
use exact::ExactMatches;
use matrix::Matrix;

/// The score of equal files.
pub const SCORE_MAX: u16 = 60_000;

/// A score in per cent, as git rounds it.
pub fn percent(score: u16) -> u16 {
    score / (SCORE_MAX / 100)
}

/// Which renames are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenameOptions {
    /// The least score of a rename: half, as `git diff -M`.
    pub score_min: u16,
    /// Above the square of this many pairs only the first two rounds take place
    /// (`diff.renameLimit`); 0 is no limit.
    pub limit: u32,
    /// Whether empty files may be renamed: in a diff, not in a merge.
    pub with_empty_files: bool,
}

impl Default for RenameOptions {
    fn default() -> Self {
        Self {
            score_min: SCORE_MAX / 2,
            limit: 1000,
            with_empty_files: true,
        }
    }
}

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

/// The files that may be renamed.
#[derive(Debug)]
struct Table {
    changes: Vec<Change>,
    sources: Vec<Source>,
    destinations: Vec<Destination>,
    /// What a merge needs.
    directories: Option<Directories>,
}

#[derive(Debug)]
struct Source {
    /// The deletion.
    change: usize,
    is_used: bool,
    size_bytes: Option<u64>,
}

#[derive(Debug)]
struct Destination {
    /// The creation.
    change: usize,
    /// The source, and how similar the two are.
    source: Option<(usize, u16)>,
    size_bytes: Option<u64>,
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
            sources = directories.still_needed(&self.table, sources);
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

    /// The changes with what was found: a destination that was paired names its source, and the
    /// deletion of that source is gone.
    pub fn into_changes(self) -> Vec<Change> {
        self.table.into_changes()
    }
}

impl Table {
    fn new(changes: Vec<Change>, options: RenameOptions) -> Self {
        let (mut sources, mut destinations) = (Vec::new(), Vec::new());
        for (at, change) in changes.iter().enumerate() {
            let is_empty = |side: Side| side.id.is_empty_blob();
            match (change.old, change.new) {
                (Some(old), None) if options.with_empty_files || !is_empty(old) => {
                    sources.push(Source {
                        change: at,
                        is_used: false,
                        size_bytes: None,
                    });
                }
                (None, Some(new)) if options.with_empty_files || !is_empty(new) => {
                    destinations.push(Destination {
                        change: at,
                        source: None,
                        size_bytes: None,
                    });
                }
                _ => {}
            }
        }
        Self {
            changes,
            sources,
            destinations,
            directories: None,
        }
    }

    /// What the source was, and its path.
    fn source(&self, at: usize) -> Option<(Side, &BStr)> {
        let change = self.changes.get(self.sources.get(at)?.change)?;
        Some((change.old?, change.path.as_bstr()))
    }

    /// What the destination is, and its path.
    fn destination(&self, at: usize) -> Option<(Side, &BStr)> {
        let change = self.changes.get(self.destinations.get(at)?.change)?;
        Some((change.new?, change.path.as_bstr()))
    }

    fn begin_directories(&mut self) {
        if let Some(mut directories) = self.directories.take() {
            directories.begin(self);
            self.directories = Some(directories);
        }
    }

    fn is_open(&self, destination: usize) -> bool {
        let found = self.destinations.get(destination);
        found.is_some_and(|found| found.source.is_none())
    }

    fn open_sources(&self) -> Vec<usize> {
        let sources = self.sources.iter().enumerate();
        let open = sources.filter(|(_, source)| !source.is_used);
        open.map(|(at, _)| at).collect()
    }

    fn open_destinations(&self) -> Vec<usize> {
        let destinations = 0..self.destinations.len();
        destinations.filter(|at| self.is_open(*at)).collect()
    }

    /// Pairs a source with a destination, neither of which has another one.
    fn pair(&mut self, source: usize, destination: usize, score: u16) {
        let found = (
            self.sources.get_mut(source),
            self.destinations.get_mut(destination),
        );
        if let (Some(from), Some(to)) = found {
            debug_assert!(!from.is_used && to.source.is_none(), "paired twice");
            from.is_used = true;
            to.source = Some((source, score));
        }
        if let Some(mut directories) = self.directories.take() {
            if let (Some((_, old)), Some((_, new))) =
                (self.source(source), self.destination(destination))
            {
                directories.count(old, new);
            }
            self.directories = Some(directories);
        }
    }

    fn into_changes(mut self) -> Vec<Change> {
        for destination in &self.destinations {
            let Some((source, score)) = destination.source else {
                continue;
            };
            let from = self.sources.get(source).map(|source| source.change);
            let from = from.and_then(|from| self.changes.get(from));
            let from = from.map(|from| (from.path.clone(), from.old));
            if let (Some((path, old)), Some(change)) =
                (from, self.changes.get_mut(destination.change))
            {
                change.old = old;
                change.renamed = Some(Box::new(Renamed { from: path, score }));
            }
        }
        let used = self.sources.iter().filter(|source| source.is_used);
        let mut used = used.map(|source| source.change).peekable();
        let mut at = 0_usize;
        self.changes.retain(|_| {
            let is_used = used.next_if_eq(&at).is_some();
            at = at.saturating_add(1);
            !is_used
        });
        self.changes
    }
}

/// What stands behind the last slash of a path.
fn basename(path: &[u8]) -> &[u8] {
    path.rsplit_once_str("/").map_or(path, |(_, name)| name)
}

#[cfg(test)]
mod tests;
