//! The files that may have been renamed: deleted files, created files, and the pairs found so far.

use gix_object::bstr::{BStr, ByteSlice as _};

use super::super::score::SCORE_MAX;
use super::super::tree::{Change, Renamed, Side};
use super::directories::Directories;

/// Which renames to look for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenameOptions {
    /// The least score of a rename: half, as `git diff -M`.
    pub score_min: u16,
    /// With more pairs to compare than the square of this, only the first two rounds take place
    /// (`diff.renameLimit`); 0 sets no limit.
    pub limit: u32,
    /// Whether an empty file may count as renamed: yes in a diff, no in a merge.
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

/// The files that may have been renamed.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) changes: Vec<Change>,
    pub(super) sources: Vec<Source>,
    pub(super) destinations: Vec<Destination>,
    /// The renames of directories, for a merge.
    pub(super) directories: Option<Directories>,
}

#[derive(Debug)]
pub(super) struct Source {
    /// The deletion.
    pub(super) change: usize,
    pub(super) is_used: bool,
    pub(super) size_bytes: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Destination {
    /// The creation.
    pub(super) change: usize,
    /// The source, and how similar the two are.
    pub(super) source: Option<(usize, u16)>,
    pub(super) size_bytes: Option<u64>,
}

impl Table {
    pub(super) fn new(changes: Vec<Change>, options: RenameOptions) -> Self {
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

    /// The source as it was, and its path.
    pub(super) fn source(&self, at: usize) -> Option<(Side, &BStr)> {
        let change = self.changes.get(self.sources.get(at)?.change)?;
        Some((change.old?, change.path.as_bstr()))
    }

    /// The destination as it is, and its path.
    pub(super) fn destination(&self, at: usize) -> Option<(Side, &BStr)> {
        let change = self.changes.get(self.destinations.get(at)?.change)?;
        Some((change.new?, change.path.as_bstr()))
    }

    pub(super) fn begin_directories(&mut self) {
        if let Some(mut directories) = self.directories.take() {
            let destinations = (0..self.destinations.len()).filter_map(|at| {
                let (_, path) = self.destination(at)?;
                let source = self.destinations.get(at).and_then(|found| found.source);
                let source = source.and_then(|(source, _)| self.source(source));
                let from: Option<&[u8]> = source.map(|(_, from)| from.as_bytes());
                Some((at, path.as_bytes(), from))
            });
            directories.begin(destinations);
            self.directories = Some(directories);
        }
    }

    pub(super) fn is_open(&self, destination: usize) -> bool {
        let found = self.destinations.get(destination);
        found.is_some_and(|found| found.source.is_none())
    }

    pub(super) fn open_sources(&self) -> Vec<usize> {
        let sources = self.sources.iter().enumerate();
        let open = sources.filter(|(_, source)| !source.is_used);
        open.map(|(at, _)| at).collect()
    }

    pub(super) fn open_destinations(&self) -> Vec<usize> {
        let destinations = 0..self.destinations.len();
        destinations.filter(|at| self.is_open(*at)).collect()
    }

    /// Pairs a source with a destination. Neither may be paired already.
    pub(super) fn pair(&mut self, source: usize, destination: usize, score: u16) {
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

    pub(super) fn into_changes(mut self) -> Vec<Change> {
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
