//! Objects deflated anew, as zlib streams: RFC 1950 around RFC 1951.
//!
//! Only objects whose delta base stays behind come here: of the files of a clone with `--depth 1`
//! all that were pushed as deltas, each a few kilobytes and held whole. General compressors are made
//! for long streams: for each object they clear tables larger than the object, and search it as if
//! there were much to come. Here the table of places is never cleared, and what does not repeat is
//! passed over soon (docs/adr/0050).

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
    /// One that has seen nothing yet.
    pub fn new() -> Self {
        Self {
            matches: Matches::new(),
            tokens: Tokens::new(),
        }
    }

    /// Appends the content as a zlib stream, which depends on nothing that was appended before.
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
