//! The content of a file, as a diff reads it.

use gix_object::bstr::ByteSlice as _;
use gix_object::tree::EntryKind;

use super::super::limits::Limits;
use super::super::protocol::oid_hex;
use super::super::store::{ObjectSource, ReadError, Shared};
use super::error::CompareError;
use super::similarity::is_binary;
use super::text::no_text;
use super::tree::Side;

/// The content of a file.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// Text, or nothing.
    Text(Shared),
    /// A NUL is among its first bytes.
    Binary(Shared),
    /// It has more bytes or lines than a diff compares.
    TooLarge(u64),
}

impl Content {
    /// Reads one side; where there is no file it is empty.
    pub(super) fn read(
        objects: &impl ObjectSource,
        side: Option<Side>,
        limits: &Limits,
    ) -> Result<Self, CompareError> {
        let Some(side) = side else {
            return Ok(Self::Text(no_text()));
        };
        if side.kind == EntryKind::Commit {
            let mut text = b"Subproject commit ".to_vec();
            text.extend_from_slice(&oid_hex::hex(&side.id));
            text.push(b'\n');
            return Ok(Self::Text(text.into()));
        }
        let missing = CompareError::Missing(side.id);
        let bytes = objects.size_bytes(&side.id)?.ok_or(missing.clone())?;
        if bytes > limits.diff_bytes_max {
            return Ok(Self::TooLarge(bytes));
        }
        let content = match objects.read(&side.id) {
            Ok(found) => found.ok_or(missing)?.1,
            Err(ReadError::TooLarge { size, .. }) => return Ok(Self::TooLarge(size)),
            Err(error) => return Err(error.into()),
        };
        if is_binary(&content) {
            return Ok(Self::Binary(content));
        }
        if content.lines_with_terminator().count() as u64 > limits.diff_lines_max {
            return Ok(Self::TooLarge(bytes));
        }
        Ok(Self::Text(content))
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&Shared> {
        match self {
            Self::Text(text) => Some(text),
            Self::Binary(_) | Self::TooLarge(_) => None,
        }
    }

    /// The whole content, unless it is too large.
    pub(super) fn whole(&self) -> Option<&Shared> {
        match self {
            Self::Text(content) | Self::Binary(content) => Some(content),
            Self::TooLarge(_) => None,
        }
    }

    /// Bytes of the content.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Text(content) | Self::Binary(content) => content.len() as u64,
            Self::TooLarge(bytes) => *bytes,
        }
    }

    /// Whether it was not compared because of its size.
    pub(super) fn is_too_large(&self) -> bool {
        matches!(self, Self::TooLarge(_))
    }
}
