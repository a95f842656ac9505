//! Four 32-bit words, one of each message, in one value.
//!
//! As wasm it is a vector of 128 bits. Natively, in tests, it is an array.

#![allow(
    clippy::inline_always,
    reason = "each is one instruction, at every level of optimization"
)]

use std::ops::{Add, BitAnd, BitOr, BitXor, Not};

/// How many messages are worked on together.
pub(super) const LANES: usize = 4;

/// One word of each message. Sums wrap.
#[derive(Clone, Copy)]
pub(super) struct Lanes(Words);

use words::Words;

impl Lanes {
    /// The same word in each lane.
    #[inline(always)]
    pub(super) fn splat(word: u32) -> Self {
        Self(words::splat(word))
    }

    /// The word of each lane.
    #[inline(always)]
    pub(super) fn to_array(self) -> [u32; LANES] {
        words::to_array(self.0)
    }

    /// The word of one lane.
    #[inline(always)]
    pub(super) fn lane<const LANE: usize>(self) -> u32 {
        words::lane::<LANE>(self.0)
    }

    /// Shifts the bits up; the highest are lost.
    #[inline(always)]
    pub(super) fn up(self, bits: u32) -> Self {
        Self(words::up(self.0, bits))
    }

    /// Shifts the bits down; the lowest are lost.
    #[inline(always)]
    pub(super) fn down(self, bits: u32) -> Self {
        Self(words::down(self.0, bits))
    }

    /// Rotates the bits up.
    #[inline(always)]
    pub(super) fn rotate(self, bits: u32) -> Self {
        self.up(bits) | self.down(u32::BITS - bits)
    }

    /// The same, but with `word` in one lane.
    #[inline(always)]
    pub(super) fn with(self, lane: usize, word: u32) -> Self {
        Self(words::with(self.0, lane, word))
    }

    /// Whether a bit is set in any lane.
    #[inline(always)]
    pub(super) fn any(self) -> bool {
        words::any(self.0)
    }

    /// The sixteen words of a block of each message.
    #[inline(always)]
    pub(super) fn read(blocks: [&[u8; 64]; LANES]) -> [Self; 16] {
        let [a, b, c, d] = blocks;
        let [a0, a1, a2, a3] = rows(a);
        let [b0, b1, b2, b3] = rows(b);
        let [c0, c1, c2, c3] = rows(c);
        let [d0, d1, d2, d3] = rows(d);
        let [w0, w1, w2, w3] = words::transposed([a0, b0, c0, d0]);
        let [w4, w5, w6, w7] = words::transposed([a1, b1, c1, d1]);
        let [w8, w9, w10, w11] = words::transposed([a2, b2, c2, d2]);
        let [w12, w13, w14, w15] = words::transposed([a3, b3, c3, d3]);
        [
            w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15,
        ]
        .map(Self)
    }
}

/// The words of one block, four together.
#[inline(always)]
fn rows(block: &[u8; 64]) -> [Words; 4] {
    let mut rows = [words::splat(0); 4];
    for (row, bytes) in rows.iter_mut().zip(block.as_chunks().0) {
        *row = words::big_endian(bytes);
    }
    rows
}

impl Add for Lanes {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(words::add(self.0, other.0))
    }
}

impl BitAnd for Lanes {
    type Output = Self;

    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(words::and(self.0, other.0))
    }
}

impl BitOr for Lanes {
    type Output = Self;

    #[inline(always)]
    fn bitor(self, other: Self) -> Self {
        Self(words::or(self.0, other.0))
    }
}

impl BitXor for Lanes {
    type Output = Self;

    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        Self(words::xor(self.0, other.0))
    }
}

impl Not for Lanes {
    type Output = Self;

    #[inline(always)]
    fn not(self) -> Self {
        Self(words::not(self.0))
    }
}

#[cfg(target_feature = "simd128")]
mod words {
    #![allow(clippy::many_single_char_names, reason = "the bytes of a vector")]

    use core::arch::wasm32::{
        i8x16_shuffle, i32x4_shuffle, u8x16, u32x4_extract_lane, u32x4_replace_lane, u32x4_shl,
        u32x4_shr,
    };
    pub(super) use core::arch::wasm32::{
        u32x4_add as add, u32x4_splat as splat, v128 as Words, v128_and as and,
        v128_any_true as any, v128_not as not, v128_or as or, v128_xor as xor,
    };

    #[inline(always)]
    pub(super) fn with(words: Words, lane: usize, word: u32) -> Words {
        match lane {
            0 => u32x4_replace_lane::<0>(words, word),
            1 => u32x4_replace_lane::<1>(words, word),
            2 => u32x4_replace_lane::<2>(words, word),
            _ => u32x4_replace_lane::<3>(words, word),
        }
    }

    #[inline(always)]
    pub(super) fn lane<const LANE: usize>(words: Words) -> u32 {
        u32x4_extract_lane::<LANE>(words)
    }

    #[inline(always)]
    pub(super) fn to_array(words: Words) -> [u32; 4] {
        [
            u32x4_extract_lane::<0>(words),
            u32x4_extract_lane::<1>(words),
            u32x4_extract_lane::<2>(words),
            u32x4_extract_lane::<3>(words),
        ]
    }

    #[inline(always)]
    pub(super) fn up(words: Words, bits: u32) -> Words {
        u32x4_shl(words, bits)
    }

    #[inline(always)]
    pub(super) fn down(words: Words, bits: u32) -> Words {
        u32x4_shr(words, bits)
    }

    #[inline(always)]
    pub(super) fn big_endian(bytes: &[u8; 16]) -> Words {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = *bytes;
        let row = u8x16(a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p);
        i8x16_shuffle::<3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12>(row, row)
    }

    #[inline(always)]
    pub(super) fn transposed([a, b, c, d]: [Words; 4]) -> [Words; 4] {
        let ab_low = i32x4_shuffle::<0, 4, 1, 5>(a, b);
        let ab_high = i32x4_shuffle::<2, 6, 3, 7>(a, b);
        let cd_low = i32x4_shuffle::<0, 4, 1, 5>(c, d);
        let cd_high = i32x4_shuffle::<2, 6, 3, 7>(c, d);
        [
            i32x4_shuffle::<0, 1, 4, 5>(ab_low, cd_low),
            i32x4_shuffle::<2, 3, 6, 7>(ab_low, cd_low),
            i32x4_shuffle::<0, 1, 4, 5>(ab_high, cd_high),
            i32x4_shuffle::<2, 3, 6, 7>(ab_high, cd_high),
        ]
    }
}

#[cfg(not(target_feature = "simd128"))]
mod words {
    #![allow(clippy::many_single_char_names, reason = "the lanes")]

    use std::array;

    pub(super) type Words = [u32; 4];

    #[inline(always)]
    fn each(one: Words, other: Words, both: impl Fn(u32, u32) -> u32) -> Words {
        let ([a, b, c, d], [e, f, g, h]) = (one, other);
        [both(a, e), both(b, f), both(c, g), both(d, h)]
    }

    #[inline(always)]
    pub(super) fn add(one: Words, other: Words) -> Words {
        each(one, other, u32::wrapping_add)
    }

    #[inline(always)]
    pub(super) fn and(one: Words, other: Words) -> Words {
        each(one, other, |one, other| one & other)
    }

    #[inline(always)]
    pub(super) fn or(one: Words, other: Words) -> Words {
        each(one, other, |one, other| one | other)
    }

    #[inline(always)]
    pub(super) fn xor(one: Words, other: Words) -> Words {
        each(one, other, |one, other| one ^ other)
    }

    #[inline(always)]
    pub(super) fn not(words: Words) -> Words {
        words.map(|word| !word)
    }

    #[inline(always)]
    pub(super) fn splat(word: u32) -> Words {
        [word; 4]
    }

    #[inline(always)]
    pub(super) fn any(words: Words) -> bool {
        words != [0; 4]
    }

    #[inline(always)]
    pub(super) fn with(mut words: Words, lane: usize, word: u32) -> Words {
        if let Some(other) = words.get_mut(lane) {
            *other = word;
        }
        words
    }

    #[inline(always)]
    pub(super) fn lane<const LANE: usize>(words: Words) -> u32 {
        words.get(LANE).copied().unwrap_or_default()
    }

    #[inline(always)]
    pub(super) fn to_array(words: Words) -> [u32; 4] {
        words
    }

    #[inline(always)]
    pub(super) fn up(words: Words, bits: u32) -> Words {
        words.map(|word| word << bits)
    }

    #[inline(always)]
    pub(super) fn down(words: Words, bits: u32) -> Words {
        words.map(|word| word >> bits)
    }

    #[inline(always)]
    pub(super) fn big_endian(bytes: &[u8; 16]) -> Words {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        words
    }

    #[inline(always)]
    pub(super) fn transposed(rows: [Words; 4]) -> [Words; 4] {
        let column = |at: usize| rows.map(|row| row.get(at).copied().unwrap_or_default());
        array::from_fn(column)
    }
}
