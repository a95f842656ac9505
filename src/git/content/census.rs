//! The entries of the live packs, counted by kind.

use super::super::object::ObjectKind;
use super::super::pack::index::ScannedIndex;
use super::super::store::{PackStore, StoreError};

/// How many entries of each kind there are; an object in two packs counts twice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Census {
    /// Commits.
    pub commits: u64,
    /// Trees.
    pub trees: u64,
    /// Blobs.
    pub blobs: u64,
    /// Tags.
    pub tags: u64,
}

impl Census {
    /// Counts; reads the packs' indexes from end to end, and nothing else.
    pub(crate) fn take<S: PackStore>(store: &S) -> Result<Self, StoreError> {
        let mut census = Self::default();
        for record in store.live_packs()?.iter() {
            let index = ScannedIndex::open(store, record)?;
            for position in 0..index.len() {
                let count = match index.row(position)?.kind {
                    ObjectKind::Commit => &mut census.commits,
                    ObjectKind::Tree => &mut census.trees,
                    ObjectKind::Blob => &mut census.blobs,
                    ObjectKind::Tag => &mut census.tags,
                };
                *count = count.saturating_add(1);
            }
        }
        Ok(census)
    }
}
