//! A compressor for contents that are held whole: zlib streams, RFC 1950 around RFC 1951.
//!
//! General compressors are made for long streams: for each content they clear tables that are
//! larger than a source file, and search it as if much were still to come. This one is made for
//! thousands of contents of a few kilobytes: it never clears its table of places, and soon passes
//! over what does not repeat. docs/adr/0066 compares the two.

#![allow(
    clippy::inline_always,
    reason = "the crate is built for size; calls would cost the inner loops a tenth"
)]

mod bits;
mod block;
mod code_lengths;
mod huffman;
mod matches;
mod symbols;
mod tokens;

use bits::BitWriter;
use matches::Matches;
use tokens::Tokens;

/// "Deflate, with a window of 32 KiB", and "compressed fast" with the check bits of both bytes.
const ZLIB_HEADER: [u8; 2] = [0x78, 0x5e];

/// A compressor, about 300 KiB, reused for every object.
pub struct Deflater {
    matches: Matches,
    tokens: Tokens,
}

impl Default for Deflater {
    fn default() -> Self {
        Self::new()
    }
}

impl Deflater {
    /// A compressor that has seen nothing yet.
    pub fn new() -> Self {
        Self {
            matches: Matches::new(),
            tokens: Tokens::new(),
        }
    }

    /// Appends the content to `out` as a zlib stream. The stream does not depend on earlier
    /// contents.
    pub fn append(&mut self, content: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(&ZLIB_HEADER);
        self.matches.begin(content);
        let mut bits = BitWriter::new(out, content.len() / 2);
        let mut rest = 0;
        loop {
            let begin = rest;
            rest = self.tokens.fill(content, begin, &mut self.matches);
            let is_last = rest >= content.len();
            let raw = content.get(begin..rest).unwrap_or_default();
            block::write(&self.tokens, raw, is_last, &mut bits);
            if is_last {
                break;
            }
        }
        bits.finish();
        out.extend_from_slice(&zlib_rs::adler32::adler32(1, content).to_be_bytes());
    }
}

#[cfg(test)]
mod tests;
