//! One file that differs, compared line by line: the changes as data.

use super::super::limits::Limits;
use super::super::store::ObjectSource;
use super::content::Content;
use super::error::CompareError;
use super::text::{TextDiff, Whitespace};
use super::tree::Change;

/// The difference in one file.
#[derive(Debug, Clone)]
pub enum FileDiff {
    /// Nothing but its path or its mode.
    Same,
    /// Its lines.
    Text(TextDiff),
    /// It is binary on one side at least.
    Binary(Sizes),
    /// It has more bytes or lines than are compared.
    TooLarge(Sizes),
}

/// Bytes of a file on both sides; 0 where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sizes {
    /// On the old side.
    pub old_bytes: u64,
    /// On the new side.
    pub new_bytes: u64,
}

impl FileDiff {
    /// Compares both sides of a change, for hunks of so many lines of context. After an error the
    /// same can be asked again. Where white space does not count, a text may be without changes.
    pub fn of(
        change: &Change,
        objects: &impl ObjectSource,
        context: u32,
        whitespace: Whitespace,
        limits: &Limits,
    ) -> Result<Self, CompareError> {
        if change.old.map(|side| side.id) == change.new.map(|side| side.id) {
            return Ok(Self::Same);
        }
        let old = Content::read(objects, change.old, limits)?;
        let new = Content::read(objects, change.new, limits)?;
        if let (Some(old), Some(new)) = (old.text(), new.text()) {
            let diff = TextDiff::by(whitespace, old.clone(), new.clone(), context);
            return Ok(Self::Text(diff));
        }
        let sizes = Sizes {
            old_bytes: old.bytes(),
            new_bytes: new.bytes(),
        };
        Ok(if old.is_too_large() || new.is_too_large() {
            Self::TooLarge(sizes)
        } else {
            Self::Binary(sizes)
        })
    }

    /// Lines that were added, and lines that were deleted.
    pub fn counts(&self) -> (u64, u64) {
        match self {
            Self::Text(text) => text.counts(),
            _ => (0, 0),
        }
    }
}
