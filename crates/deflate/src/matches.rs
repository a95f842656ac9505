//! Finds where bytes of the content occurred before.

use cairn_common_prefix::common_prefix;

use super::symbols::LENGTH_MAX;

/// The shortest run, in bytes. A run of three seldom takes fewer bits than three literals.
pub(super) const MATCH_MIN: usize = 4;

/// How far back a run may begin, in bytes.
const WINDOW_BYTES: u32 = 32 << 10;

/// Two places for each of 2^14 hashes: 128 KiB.
const SLOT_BITS: u32 = 14;

/// An earlier run of bytes that is equal to those at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    /// Bytes of it, [`MATCH_MIN`] to [`LENGTH_MAX`].
    pub length: usize,
    /// How far back it begins, 1 to 32,768 bytes.
    pub distance: u32,
}

/// The latest two places of each four bytes, by hash.
///
/// A slot is only a hint, because the bytes it points to are compared before they are used. So
/// slots are never cleared. Places are numbered on from content to content, with a gap of one
/// window between them, so that every older place is out of reach.
pub(super) struct Matches {
    slots: Vec<[u32; 2]>,
    /// The number of the content's first byte.
    first: u32,
    /// The number of the next content's first byte.
    next: u32,
}

impl Matches {
    pub(super) fn new() -> Self {
        Self {
            slots: vec![[0; 2]; 1 << SLOT_BITS],
            first: 0,
            next: WINDOW_BYTES + 1,
        }
    }

    /// Forgets the content before this one.
    pub(super) fn begin(&mut self, content: &[u8]) {
        self.first = self.next;
        let past = number(content.len()).wrapping_add(WINDOW_BYTES + 1);
        self.next = self.first.wrapping_add(past);
    }

    /// The longest match at `at` that has more than `beyond` bytes, and notes the place.
    #[inline(always)]
    pub(super) fn longest(&mut self, content: &[u8], at: usize, beyond: usize) -> Option<Match> {
        let here = self.first.wrapping_add(number(at));
        let slot = self.slots.get_mut(slot_of(content, at)?)?;
        let places = *slot;
        *slot = [here, places[0]];
        let mut longest = None;
        let mut beyond = beyond;
        for place in places {
            let distance = here.wrapping_sub(place);
            // A place of an earlier content is farther away than the window.
            if distance == 0 || distance > WINDOW_BYTES {
                break;
            }
            let Some(from) = at.checked_sub(distance as usize) else {
                break;
            };
            // A longer match has the next byte in common too.
            if content.get(from + beyond) != content.get(at + beyond) {
                continue;
            }
            let length = common(content, from, at);
            if length > beyond {
                beyond = length;
                longest = Some(Match { length, distance });
            }
        }
        longest
    }

    /// Notes the place, and looks for no match.
    #[inline(always)]
    pub(super) fn note(&mut self, content: &[u8], at: usize) {
        let here = self.first.wrapping_add(number(at));
        let slot = slot_of(content, at).and_then(|slot| self.slots.get_mut(slot));
        if let Some(slot) = slot {
            *slot = [here, slot[0]];
        }
    }
}

/// The slot of the four bytes at `at`; `None` when fewer are left.
#[inline(always)]
fn slot_of(content: &[u8], at: usize) -> Option<usize> {
    let four = content.get(at..)?.first_chunk()?;
    // Knuth's multiplicative hash: 2^32 divided by the golden ratio.
    let hash = u32::from_le_bytes(*four).wrapping_mul(0x9e37_79b1);
    Some((hash >> (u32::BITS - SLOT_BITS)) as usize)
}

/// How many bytes at `from` and at `at` are equal, [`LENGTH_MAX`] at most.
#[inline(always)]
fn common(content: &[u8], from: usize, at: usize) -> usize {
    let (Some(one), Some(other)) = (content.get(from..), content.get(at..)) else {
        return 0;
    };
    common_prefix(one, other.get(..LENGTH_MAX).unwrap_or(other))
}

/// A content of more than 2^32 bytes would only be slower to compress: hints are compared.
#[inline(always)]
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
