//! A body cut into its lines, as it comes.

use gix_object::bstr::ByteSlice as _;

use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// Bytes of the first line, which has the metadata.
pub(super) const FIRST_LINE_BYTES_MAX: usize = 16 << 20;

/// Bytes of every other line: 4 MiB of content in base64, and the text around it.
pub(super) const LINE_BYTES_MAX: usize = 6 << 20;

/// The line under way.
#[derive(Debug, Default)]
pub(super) struct Lines {
    line: Vec<u8>,
    /// The number of the line, from 1.
    number: u32,
    is_whole: bool,
}

impl Lines {
    /// Takes bytes of a line off the front of `piece`; says whether the line is whole.
    pub(super) fn take(&mut self, piece: &mut &[u8]) -> Result<bool, ErrorReply> {
        if self.is_whole || self.number == 0 {
            self.line.clear();
            self.is_whole = false;
            self.number = self.number.saturating_add(1);
        }
        let end = piece.find_byte(b'\n');
        let bytes = end.unwrap_or(piece.len());
        let limit = match self.number {
            1 => FIRST_LINE_BYTES_MAX,
            _ => LINE_BYTES_MAX,
        };
        if self.line.len().saturating_add(bytes) > limit {
            let message = format!("line {} has more than {limit} bytes", self.number);
            return Err(ErrorReply::new(ErrorCode::MemoryLimit, message));
        }
        let (line, rest) = piece.split_at_checked(bytes).unwrap_or((piece, &[]));
        self.line.extend_from_slice(line);
        *piece = rest.get(usize::from(end.is_some())..).unwrap_or_default();
        self.is_whole = end.is_some();
        Ok(self.is_whole)
    }

    /// The line, without its end.
    pub(super) fn line(&self) -> &[u8] {
        &self.line
    }

    /// The number of the line, from 1.
    pub(super) fn number(&self) -> u32 {
        self.number
    }

    /// The body is at its end: whether it has a last line without an end.
    pub(super) fn has_last(&self) -> bool {
        !self.is_whole && !self.line.is_empty()
    }

    /// Bytes that it holds.
    pub(super) fn held_bytes(&self) -> usize {
        self.line.capacity()
    }

    /// Gives back the memory of the first line.
    pub(super) fn shrink(&mut self) {
        self.line = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_of(body: &[u8], piece_bytes: usize) -> Vec<(u32, Vec<u8>)> {
        let (mut lines, mut found) = (Lines::default(), Vec::new());
        for mut piece in body.chunks(piece_bytes) {
            while !piece.is_empty() {
                if lines.take(&mut piece).unwrap() {
                    found.push((lines.number(), lines.line().to_vec()));
                }
            }
        }
        if lines.has_last() {
            found.push((lines.number(), lines.line().to_vec()));
        }
        found
    }

    #[test]
    fn every_split_gives_the_same_lines() {
        let body = b"first\n\nthird\r\nlast";
        let expected: Vec<(u32, Vec<u8>)> = vec![
            (1, b"first".to_vec()),
            (2, Vec::new()),
            (3, b"third\r".to_vec()),
            (4, b"last".to_vec()),
        ];
        for piece_bytes in 1..=body.len() {
            assert_eq!(lines_of(body, piece_bytes), expected, "{piece_bytes}");
        }
        assert_eq!(lines_of(b"a\n", 1), vec![(1, b"a".to_vec())]);
    }

    #[test]
    fn a_line_that_is_too_long_is_refused_with_its_number() {
        let mut lines = Lines::default();
        let mut piece: &[u8] = b"{}\n";
        assert!(lines.take(&mut piece).unwrap());
        let long = vec![b'x'; LINE_BYTES_MAX + 1];
        let error = lines.take(&mut long.as_slice()).unwrap_err();
        assert_eq!(error.code, ErrorCode::MemoryLimit);
        assert!(error.message.contains("line 2"), "{}", error.message);
    }
}
