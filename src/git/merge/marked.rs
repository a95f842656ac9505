//! A conflicted file with its conflicts marked, the base between both sides: for who has to decide.

use super::super::object::ObjectKind;
use super::super::store::{ObjectSource, ReadError};
use super::text::{self, Favor, Labels, MARKER_SIZE, Style, TextOptions};
use super::tree::{BranchNames, Version};

/// Where git looks for a NUL, which makes a file a binary one.
const BINARY_BYTES: usize = 8000;

/// Both sides and the base, merged with markers as `merge.conflictStyle=diff3` has them.
/// `None` if a side has no text there.
pub fn marked(
    objects: &impl ObjectSource,
    names: &BranchNames,
    [base, ours, theirs]: [Option<Version>; 3],
) -> Result<Option<Vec<u8>>, ReadError> {
    let base = base.filter(|base| base.is_file());
    let base = match base {
        Some(base) => text_of(objects, base)?,
        None => Some(Vec::new()),
    };
    let text = |side: Option<Version>| match side {
        Some(side) if side.is_file() => text_of(objects, side),
        _ => Ok(None),
    };
    let (Some(base), Some(ours), Some(theirs)) = (base, text(ours)?, text(theirs)?) else {
        return Ok(None);
    };
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
    Ok(Some(text::merge(&base, &ours, &theirs, &options).content))
}

fn text_of(objects: &impl ObjectSource, file: Version) -> Result<Option<Vec<u8>>, ReadError> {
    let content = match objects.read(&file.id) {
        Ok(Some((ObjectKind::Blob, content))) => content,
        Ok(_) | Err(ReadError::TooLarge { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let first = content.get(..BINARY_BYTES).unwrap_or(&content);
    Ok((!first.contains(&0)).then(|| content.to_vec()))
}
