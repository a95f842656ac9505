//! The lengths of a block's codes. They are sent before the block, as runs that are coded
//! themselves (RFC 1951, section 3.2.7).

use super::bits::BitWriter;
use super::huffman::{self, Code};
use super::symbols::{DISTANCES, END_OF_BLOCK, LITERALS};

/// Lengths 0 to 15, and three symbols for runs: a length repeated, some zeros, many zeros.
const SYMBOLS: usize = 19;
const REPEAT: u8 = 16;
const ZEROS: u8 = 17;
const MANY_ZEROS: u8 = 18;

/// Bits of the longest code of a length.
const LENGTH_MAX: usize = 7;

/// The order in which the lengths of these symbols' codes are sent: the most common symbols first.
const ORDER: [u8; SYMBOLS] = [
    16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
];

/// The fewest entries of each list that may be sent.
const LITERALS_MIN: usize = END_OF_BLOCK + 1;
const DISTANCES_MIN: usize = 1;
const ORDER_MIN: usize = 4;

/// A symbol with the value of the bits that follow it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Item {
    symbol: u8,
    extra: u8,
}

/// The lengths of two codes, ready to be sent.
pub(super) struct CodeLengths {
    literals: usize,
    distances: usize,
    items: Vec<Item>,
    codes: [Code; SYMBOLS],
    ordered: usize,
}

impl CodeLengths {
    pub(super) fn new(literals: &[Code; LITERALS], distances: &[Code; DISTANCES]) -> Self {
        let used = |codes: &[Code]| {
            let last = codes.iter().rposition(|code| code.length > 0);
            last.map_or(0, |last| last + 1)
        };
        let literal_count = used(literals).max(LITERALS_MIN);
        let distance_count = used(distances).max(DISTANCES_MIN);
        let both = literals.iter().take(literal_count);
        let lengths = both.chain(distances.iter().take(distance_count));
        let items = items(lengths.map(|code| code.length));
        let mut counts = [0; SYMBOLS];
        for item in &items {
            if let Some(count) = counts.get_mut(usize::from(item.symbol)) {
                *count += 1;
            }
        }
        let codes = huffman::codes(&counts, LENGTH_MAX);
        let is_used = |symbol: &u8| code(&codes, *symbol).length > 0;
        let ordered = ORDER.iter().rposition(is_used).map_or(0, |last| last + 1);
        Self {
            literals: literal_count,
            distances: distance_count,
            items,
            codes,
            ordered: ordered.max(ORDER_MIN),
        }
    }

    /// Bits that [`CodeLengths::write`] appends.
    pub(super) fn bits(&self) -> u32 {
        let items = self.items.iter();
        let of_item = |item: &Item| {
            u32::from(code(&self.codes, item.symbol).length) + extra_count(item.symbol)
        };
        let ordered = u32::try_from(self.ordered).unwrap_or(0);
        5 + 5 + 4 + 3 * ordered + items.map(of_item).sum::<u32>()
    }

    pub(super) fn write(&self, bits: &mut BitWriter<'_>) {
        let over = |count: usize, min: usize| u32::try_from(count - min).unwrap_or(0);
        bits.put(over(self.literals, LITERALS_MIN), 5);
        bits.put(over(self.distances, DISTANCES_MIN), 5);
        bits.put(over(self.ordered, ORDER_MIN), 4);
        for &symbol in ORDER.iter().take(self.ordered) {
            bits.put(code(&self.codes, symbol).length.into(), 3);
        }
        for item in &self.items {
            let code = code(&self.codes, item.symbol);
            bits.put(code.bits.into(), code.length.into());
            bits.put(item.extra.into(), extra_count(item.symbol));
        }
    }
}

/// Turns lengths into items: a run of equal lengths becomes one item.
fn items(lengths: impl Iterator<Item = u8>) -> Vec<Item> {
    let mut items = Vec::with_capacity(LITERALS);
    let mut lengths = lengths.peekable();
    while let Some(length) = lengths.next() {
        let mut count = 1;
        while lengths.next_if_eq(&length).is_some() {
            count += 1;
        }
        repeat(length, count, &mut items);
    }
    items
}

/// Appends `count` times the same length.
fn repeat(length: u8, mut count: u16, items: &mut Vec<Item>) {
    let once = Item {
        symbol: length,
        extra: 0,
    };
    let runs: &[(u8, u16, u16)] = if length == 0 {
        &[(MANY_ZEROS, 11, 138), (ZEROS, 3, 10)]
    } else {
        // "Repeat the length before" needs one before it.
        items.push(once);
        count -= 1;
        &[(REPEAT, 3, 6)]
    };
    for &(symbol, min, max) in runs {
        while count >= min {
            let taken = count.min(max);
            // At most 138 - 11.
            let extra = u8::try_from(taken - min).unwrap_or(0);
            items.push(Item { symbol, extra });
            count -= taken;
        }
    }
    items.extend((0..count).map(|_| once));
}

fn code(codes: &[Code; SYMBOLS], symbol: u8) -> Code {
    codes.get(usize::from(symbol)).copied().unwrap_or_default()
}

/// Bits that follow a symbol.
fn extra_count(symbol: u8) -> u32 {
    match symbol {
        REPEAT => 2,
        ZEROS => 3,
        MANY_ZEROS => 7,
        _ => 0,
    }
}
