//! The versions of a file, read to be compared.

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::super::compare::text::Text;
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::store::{ObjectSource, ReadError, Shared};
use super::error::BlameError;

/// Bytes that are noted of a line while it is compared.
const LINE_BYTES: u64 = 64;

/// Bytes that a version of a file takes while its lines are compared.
pub fn text_bytes(
    objects: &impl ObjectSource,
    id: ObjectId,
    limits: &Limits,
) -> Result<u64, BlameError> {
    let bytes = objects.size_bytes(&id)?.unwrap_or(0);
    if bytes > limits.diff_bytes_max {
        return Err(BlameError::TooLarge { bytes, lines: 0 });
    }
    let lines = bytes.min(limits.diff_lines_max);
    Ok(bytes.saturating_add(lines.saturating_mul(LINE_BYTES)))
}

/// How many lines a version has.
pub fn line_count(
    objects: &impl ObjectSource,
    id: ObjectId,
    limits: &Limits,
) -> Result<u32, BlameError> {
    let text = read_text(objects, id, limits)?;
    Ok(Text::new(text).len())
}

/// Reads a version of a file, if it is not too large to be compared.
pub(super) fn read_text(
    objects: &impl ObjectSource,
    id: ObjectId,
    limits: &Limits,
) -> Result<Shared, BlameError> {
    let what = "a tree names it, and it is no blob here";
    let corrupt = || ReadError::Corrupt { id, what };
    let bytes = objects.size_bytes(&id)?.ok_or_else(corrupt)?;
    if bytes > limits.diff_bytes_max {
        return Err(BlameError::TooLarge { bytes, lines: 0 });
    }
    let Some((ObjectKind::Blob, text)) = objects.read(&id)? else {
        return Err(corrupt().into());
    };
    let lines = text.lines_with_terminator().count() as u64;
    if lines > limits.diff_lines_max {
        return Err(BlameError::TooLarge { bytes, lines });
    }
    Ok(text)
}
