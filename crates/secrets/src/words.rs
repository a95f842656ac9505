//! Classes of bytes, and the long words of a content.

use std::ops::{Range, RangeInclusive};

use crate::blocks;

/// Bytes of the shortest word that is looked at: the id of an AWS key.
pub(crate) const WORD_BYTES_MIN: usize = 20;

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class(u16);

impl Class {
    const DIGIT: Self = Self(1);
    const HEX_LETTER: Self = Self(1 << 1);
    const OTHER_LOWER: Self = Self(1 << 2);
    const UPPER: Self = Self(1 << 3);
    const UNDERSCORE: Self = Self(1 << 4);
    const HYPHEN: Self = Self(1 << 5);
    const DOT: Self = Self(1 << 6);
    const TILDE: Self = Self(1 << 7);
    const PLUS_OR_SLASH: Self = Self(1 << 8);
    const EQUALS: Self = Self(1 << 9);

    /// `0-9a-f`
    pub(crate) const HEX: Self = Self::DIGIT.or(Self::HEX_LETTER);
    /// `0-9`
    pub(crate) const DIGITS: Self = Self::DIGIT;
    /// `A-Z0-9`
    pub(crate) const UPPER_ALNUM: Self = Self::UPPER.or(Self::DIGIT);
    /// `A-Za-z`
    pub(crate) const LETTERS: Self = Self::UPPER.or(Self::HEX_LETTER).or(Self::OTHER_LOWER);
    /// `A-Za-z0-9`
    pub(crate) const ALNUM: Self = Self::LETTERS.or(Self::DIGIT);
    /// `A-Za-z0-9_`
    pub(crate) const IDENTIFIER: Self = Self::ALNUM.or(Self::UNDERSCORE);
    /// `A-Za-z0-9-`
    pub(crate) const HYPHENED: Self = Self::ALNUM.or(Self::HYPHEN);
    /// `A-Za-z0-9_-`, the digits of base64 for URLs.
    pub(crate) const URL_SAFE: Self = Self::IDENTIFIER.or(Self::HYPHEN);
    /// `A-Za-z0-9_.-`
    pub(crate) const DOTTED: Self = Self::URL_SAFE.or(Self::DOT);
    /// `A-Za-z0-9+/`
    pub(crate) const BASE64: Self = Self::ALNUM.or(Self::PLUS_OR_SLASH);
    /// `A-Za-z0-9+/=`
    pub(crate) const PADDED: Self = Self::BASE64.or(Self::EQUALS);
    /// The bytes of a word: `A-Za-z0-9_.~-`
    pub(crate) const WORD: Self = Self::DOTTED.or(Self::TILDE);

    const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the byte is of the class.
    pub(crate) fn has(self, byte: u8) -> bool {
        let classes = CLASSES.get(usize::from(byte)).copied();
        classes.unwrap_or(0) & self.0 != 0
    }

    /// How many of the first bytes are of the class.
    pub(crate) fn run(self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(|byte| !self.has(*byte));
        end.unwrap_or(bytes.len())
    }

    /// How many of the first bytes are of the class, if these are no fewer and no more than `bounds`
    /// say. This reads no byte beyond the bounds, because a word may be as long as the content.
    pub(crate) fn run_within(self, bytes: &[u8], bounds: RangeInclusive<usize>) -> Option<usize> {
        let near = bytes.get(..bounds.end().saturating_add(1));
        let run = self.run(near.unwrap_or(bytes));
        bounds.contains(&run).then_some(run)
    }

    /// How many of the last bytes are of the class, at most so many.
    pub(crate) fn run_back(self, bytes: &[u8], most: usize) -> usize {
        let last = bytes.iter().rev().take(most);
        last.take_while(|byte| self.has(**byte)).count()
    }
}

/// The class that a byte is of by itself; 0 if none.
static CLASSES: [u16; 256] = classes();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "it is computed when the crate is compiled, and the index is below 256"
)]
const fn classes() -> [u16; 256] {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < classes.len() {
        classes[byte] = class_of(byte as u8).0;
        byte += 1;
    }
    classes
}

const fn class_of(byte: u8) -> Class {
    match byte {
        b'0'..=b'9' => Class::DIGIT,
        b'a'..=b'f' => Class::HEX_LETTER,
        b'g'..=b'z' => Class::OTHER_LOWER,
        b'A'..=b'Z' => Class::UPPER,
        b'_' => Class::UNDERSCORE,
        b'-' => Class::HYPHEN,
        b'.' => Class::DOT,
        b'~' => Class::TILDE,
        b'+' | b'/' => Class::PLUS_OR_SLASH,
        b'=' => Class::EQUALS,
        _ => Class(0),
    }
}

/// The words of a content that have [`WORD_BYTES_MIN`] bytes or more, in order.
pub(crate) struct Words<'a> {
    content: &'a [u8],
    /// Where the next word may begin: the byte before is of no word.
    from: usize,
}

impl<'a> Words<'a> {
    pub(crate) fn new(content: &'a [u8]) -> Self {
        Self { content, from: 0 }
    }
}

impl Iterator for Words<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let start = self.from + blocks::find_run(self.content.get(self.from..)?)?;
            let end = start + WORD_BYTES_MIN;
            let first = self.content.get(start..end)?;
            // The run may have a byte that is of no word after all.
            if let Some(at) = first.iter().rposition(|byte| !Class::WORD.has(*byte)) {
                self.from = start + at + 1;
                continue;
            }
            let end = end + Class::WORD.run(self.content.get(end..)?);
            self.from = end;
            return Some(start..end);
        }
    }
}
