//! Content as literal bytes and references to earlier runs.

use super::matches::{MATCH_MIN, Matches};
use super::symbols::{self, DISTANCES, END_OF_BLOCK, LENGTH_MAX, LENGTH_MIN, LITERALS};

/// Tokens of a block: 128 KiB. Codes for more would fit each part less well.
const TOKENS_MAX: usize = 32 << 10;

/// The deflater takes a match of at least this many bytes at once. After a shorter one it also
/// tries the match at the next byte.
const LENGTH_GOOD: usize = 32;

/// After this many bytes without a match it tries only every second byte, after as many again
/// every third. Source text seldom goes so long without a match; compressed data and keys never
/// match.
const MISSES_UNTIL_STEP: usize = 32;

/// A byte as it is, or a run: its length and distance, each less its smallest value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Literal(u8),
    Run { over: u8, back: u16 },
}

/// The tokens of one block, and how often each symbol occurs in them.
pub(super) struct Tokens {
    pub list: Vec<Token>,
    pub literal_counts: [u32; LITERALS],
    pub distance_counts: [u32; DISTANCES],
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self {
            list: Vec::new(),
            literal_counts: [0; LITERALS],
            distance_counts: [0; DISTANCES],
        }
    }

    /// Takes a block's worth of the content from `at` on, and returns where the next block begins.
    pub(super) fn fill(&mut self, content: &[u8], mut at: usize, matches: &mut Matches) -> usize {
        self.list.clear();
        self.literal_counts.fill(0);
        self.distance_counts.fill(0);
        let mut misses = 0;
        // A run that was begun is finished, so a block may have a few tokens more.
        while at < content.len() && self.list.len() < TOKENS_MAX {
            let Some(mut found) = matches.longest(content, at, MATCH_MIN - 1) else {
                let step = 1 + misses / MISSES_UNTIL_STEP;
                misses += 1;
                at = self.literals(content, at, step);
                continue;
            };
            misses = 0;
            // Looking at a place notes it: that at `at`, and below the one behind it.
            let mut noted = at + 1;
            while found.length < LENGTH_GOOD {
                noted = at + 2;
                let Some(longer) = matches.longest(content, at + 1, found.length) else {
                    break;
                };
                at = self.literals(content, at, 1);
                found = longer;
            }
            self.run(found.length, found.distance);
            let end = at + found.length;
            if found.length < LENGTH_GOOD {
                for place in noted..end {
                    matches.note(content, place);
                }
            } else {
                matches.note(content, end - 1);
            }
            at = end;
        }
        self.count(END_OF_BLOCK);
        at
    }

    /// Takes up to `count` bytes as they are.
    #[inline(always)]
    fn literals(&mut self, content: &[u8], at: usize, count: usize) -> usize {
        let end = content.len().min(at + count);
        for &byte in content.get(at..end).unwrap_or_default() {
            self.count(usize::from(byte));
            self.list.push(Token::Literal(byte));
        }
        end
    }

    #[inline(always)]
    fn run(&mut self, length: usize, distance: u32) {
        debug_assert!((MATCH_MIN..=LENGTH_MAX).contains(&length), "{length} bytes");
        debug_assert!((1..=32_768).contains(&distance), "{distance} bytes back");
        let over = u8::try_from(length.saturating_sub(LENGTH_MIN)).unwrap_or(u8::MAX);
        let back = u16::try_from(distance.saturating_sub(1)).unwrap_or(0);
        self.count(symbols::of_length(over).number as usize);
        let symbol = symbols::of_distance(back).number as usize;
        if let Some(count) = self.distance_counts.get_mut(symbol) {
            *count += 1;
        }
        self.list.push(Token::Run { over, back });
    }

    #[inline(always)]
    fn count(&mut self, symbol: usize) {
        if let Some(count) = self.literal_counts.get_mut(symbol) {
            *count += 1;
        }
    }
}
