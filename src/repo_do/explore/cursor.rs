//! The place that a page leaves for the next one, as a client gets it: numbers and ids behind a mark of the
//! question, so that a cursor fits its own list alone.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gix_hash::ObjectId;
use sha2::{Digest as _, Sha256};

use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Bytes of a cursor at most; written as text they are fewer than a query may have.
const BYTES_MAX: usize = 4_400;

/// Bytes of the mark of the question.
const MARK_BYTES: usize = 4;

/// Hashes the question: each part with its length.
pub(super) fn question(parts: &[&[u8]]) -> [u8; 20] {
    let mut all = Sha256::new();
    for part in parts {
        all.update((part.len() as u64).to_be_bytes());
        all.update(part);
    }
    let hash: [u8; 32] = all.finalize().into();
    let (first, _) = hash.split_first_chunk().unwrap_or((&[0; 20], &[]));
    *first
}

/// Writes a cursor.
pub(super) struct CursorWriter(Vec<u8>);

impl CursorWriter {
    /// Begins one for this question.
    pub(super) fn new(question: [u8; 20]) -> Self {
        Self(question.iter().take(MARK_BYTES).copied().collect())
    }

    /// Writes a number: seven bits a byte, the last byte below 128.
    pub(super) fn number(&mut self, number: u32) {
        let mut left = number;
        loop {
            let low = u8::try_from(left & 0x7f).unwrap_or(0);
            left >>= 7;
            if left == 0 {
                return self.0.push(low);
            }
            self.0.push(low | 0x80);
        }
    }

    /// Writes an id.
    pub(super) fn id(&mut self, id: ObjectId) {
        self.0.extend_from_slice(id.as_slice());
    }

    /// Writes bytes and how many they are.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.number(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(bytes);
    }

    /// Whether so many bytes more have room.
    pub(super) fn has_room(&self, bytes: usize) -> bool {
        self.0.len().saturating_add(bytes) <= BYTES_MAX
    }

    /// The cursor.
    pub(super) fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }
}

/// Reads a cursor.
pub(super) struct CursorReader {
    bytes: Vec<u8>,
    at: usize,
}

impl CursorReader {
    /// Begins; a cursor of another question is refused.
    pub(super) fn new(text: &str, question: [u8; 20]) -> Result<Self, ErrorReply> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        let mark = question.get(..MARK_BYTES).unwrap_or_default();
        let bytes = bytes.filter(|bytes| bytes.starts_with(mark));
        Ok(Self {
            bytes: bytes.ok_or_else(foreign)?,
            at: MARK_BYTES,
        })
    }

    /// Whether all was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Reads a number.
    pub(super) fn number(&mut self) -> Result<u32, ErrorReply> {
        let mut number = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let byte = *self.bytes.get(self.at).ok_or_else(foreign)?;
            self.at = self.at.saturating_add(1);
            let bits = u64::from(byte & 0x7f) << shift;
            number |= u32::try_from(bits).map_err(|_| foreign())?;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(foreign())
    }

    /// Reads an id.
    pub(super) fn id(&mut self) -> Result<ObjectId, ErrorReply> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (id, _) = rest.split_first_chunk::<20>().ok_or_else(foreign)?;
        self.at = self.at.saturating_add(id.len());
        Ok(ObjectId::from(*id))
    }

    /// Reads bytes.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, ErrorReply> {
        let length = usize::try_from(self.number()?).map_err(|_| foreign())?;
        let end = self.at.checked_add(length).ok_or_else(foreign)?;
        let bytes = self.bytes.get(self.at..end).ok_or_else(foreign)?.to_vec();
        self.at = end;
        Ok(bytes)
    }
}

/// The text is not a cursor, or it is one of another list.
pub(super) fn foreign() -> ErrorReply {
    let message = "the cursor does not belong to this list";
    ErrorReply::at(ErrorCode::InvalidInput, "/cursor", message)
}

/// The history in which the cursor began is gone.
pub(super) fn gone() -> ErrorReply {
    let message = "the history that the cursor began in is gone: begin again";
    ErrorReply::at(ErrorCode::NotFound, "/cursor", message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cursor_is_of_its_question_alone() {
        let asked = question(&[b"a", b"bc"]);
        assert_ne!(asked, question(&[b"ab", b"c"]));
        let mut writer = CursorWriter::new(asked);
        writer.number(0);
        writer.number(u32::MAX);
        writer.id(ObjectId::from([7; 20]));
        writer.bytes(b"d/e");
        let text = writer.text();
        let mut reader = CursorReader::new(&text, asked).unwrap();
        assert_eq!(
            (reader.number().unwrap(), reader.number().unwrap()),
            (0, u32::MAX)
        );
        assert_eq!(reader.id().unwrap(), ObjectId::from([7; 20]));
        assert_eq!(reader.bytes().unwrap(), b"d/e");
        assert!(reader.is_at_end() && reader.number().is_err());
        assert!(CursorReader::new(&text, question(&[b"b"])).is_err());
        assert!(CursorReader::new("!", asked).is_err());
    }

    proptest! {
        #[test]
        fn no_cursor_panics(text in "[A-Za-z0-9_-]{0,60}") {
            let mut all = URL_SAFE_NO_PAD.encode([0; 3]);
            all.push_str(&text);
            if let Ok(mut reader) = CursorReader::new(&all, [0; 20]) {
                let _ = (reader.number(), reader.bytes(), reader.id());
            }
        }
    }
}
