//! A conflicted file with its conflicts marked, the base between both sides: for the person who has to
//! decide.

use super::super::object::ObjectKind;
use super::super::store::{ObjectSource, ReadError, Shared};
use super::text::{self, Favor, Labels, MARKER_SIZE, Style, TextOptions};
use super::tree::{BranchNames, Version};

/// Where git looks for a NUL, which makes a file a binary one.
const BINARY_BYTES: usize = 8000;

/// Both sides of a conflicted file and their base, as texts.
#[derive(Debug)]
pub struct ConflictedTexts([Shared; 3]);

impl ConflictedTexts {
    /// Reads the base and both sides. `None` if a side has no text there, or if the texts take more
    /// than `bytes_max` to merge.
    pub fn read(
        objects: &impl ObjectSource,
        [base, ours, theirs]: [Option<Version>; 3],
        bytes_max: u64,
    ) -> Result<Option<Self>, ReadError> {
        let base = match base.filter(|base| base.is_file()) {
            Some(base) => text_of(objects, base)?,
            None => Some(Shared::default()),
        };
        let text = |side: Option<Version>| match side {
            Some(side) if side.is_file() => text_of(objects, side),
            _ => Ok(None),
        };
        let (Some(base), Some(ours), Some(theirs)) = (base, text(ours)?, text(theirs)?) else {
            return Ok(None);
        };
        let texts = Self([base, ours, theirs]);
        Ok(Some(texts).filter(|texts| texts.merge_bytes() <= bytes_max))
    }

    /// Bytes that [`Self::marked`] takes.
    pub fn merge_bytes(&self) -> u64 {
        let Self([base, ours, theirs]) = self;
        text::merge_bytes([base, ours, theirs])
    }

    /// Merges them with markers as `merge.conflictStyle=diff3` has them.
    pub fn marked(&self, names: &BranchNames) -> Vec<u8> {
        let Self([base, ours, theirs]) = self;
        let options = TextOptions {
            style: Style::Diff3,
            favor: Favor::Nobody,
            marker_size: MARKER_SIZE,
            labels: Labels {
                base: &names.base,
                ours: &names.ours,
                theirs: &names.theirs,
            },
        };
        text::merge(base, ours, theirs, &options).content
    }
}

fn text_of(objects: &impl ObjectSource, file: Version) -> Result<Option<Shared>, ReadError> {
    let content = match objects.read(&file.id) {
        Ok(Some((ObjectKind::Blob, content))) => content,
        Ok(_) | Err(ReadError::TooLarge { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let first = content.get(..BINARY_BYTES).unwrap_or(&content);
    Ok((!first.contains(&0)).then_some(content))
}
