//! Finds long words 64 bytes at a time: a bit for each byte says whether it may be of a word, and runs of
//! ones are found by shifts.

use crate::words::WORD_BYTES_MIN;

const BLOCK_BYTES: usize = 64;

/// Finds where the first run of [`WORD_BYTES_MIN`] or more bytes of a word begins. It takes `/`, `^` and
/// DEL for bytes of a word too, which they are not.
pub(crate) fn find_run(content: &[u8]) -> Option<usize> {
    // Bytes of a word right before the block.
    let mut before = 0_usize;
    let mut at = 0_usize;
    let (blocks, rest) = content.as_chunks::<BLOCK_BYTES>();
    for block in blocks {
        if let Some(run) = first_run(mask_of(block), &mut before) {
            return at.checked_add_signed(run);
        }
        at += BLOCK_BYTES;
    }
    let mut last = [b' '; BLOCK_BYTES];
    last.get_mut(..rest.len())?.copy_from_slice(rest);
    let run = first_run(mask_of(&last), &mut before)?;
    at.checked_add_signed(run)
}

/// Where the first long run of a block begins, counted from the block; `before` bytes of it may lie
/// before. The bits of `mask` are the block's bytes in order.
fn first_run(mask: u64, before: &mut usize) -> Option<isize> {
    let leading = mask.trailing_ones() as usize;
    if *before + leading >= WORD_BYTES_MIN {
        return isize::try_from(*before).ok().map(|before| -before);
    }
    // A bit stays where so many ones begin: 2, 4, 8, 16, 20.
    let runs = mask & mask >> 1;
    let runs = runs & runs >> 2;
    let runs = runs & runs >> 4;
    let runs = runs & runs >> 8;
    let runs = runs & runs >> 4;
    if runs != 0 {
        return isize::try_from(runs.trailing_zeros()).ok();
    }
    *before = if mask == u64::MAX {
        *before + BLOCK_BYTES
    } else {
        mask.leading_ones() as usize
    };
    None
}

/// A bit for each byte that may be of a word.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
fn mask_of(block: &[u8; BLOCK_BYTES]) -> u64 {
    let (sixteens, _) = block.as_chunks::<16>();
    let masks = sixteens.iter().map(|bytes| vector::mask_of(*bytes));
    masks
        .rev()
        .fold(0, |mask, bits| mask << 16 | u64::from(bits))
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod vector {
    use std::arch::wasm32::{
        i8x16_ge, i8x16_splat, u8x16_bitmask, u8x16_le, u8x16_splat, u8x16_sub, u64x2, v128_or,
    };

    /// A bit for each of sixteen bytes.
    pub(super) fn mask_of(bytes: [u8; 16]) -> u16 {
        let bits = u128::from_le_bytes(bytes);
        // Both halves, as they are.
        #[allow(clippy::cast_possible_truncation)]
        let bytes = u64x2(bits as u64, (bits >> 64) as u64);
        // `-./` and digits
        let digits = u8x16_sub(bytes, u8x16_splat(b'-'));
        let digits = u8x16_le(digits, u8x16_splat(b'9' - b'-'));
        let lower = v128_or(bytes, u8x16_splat(0x20));
        let letters = u8x16_sub(lower, u8x16_splat(b'a'));
        let letters = u8x16_le(letters, u8x16_splat(b'z' - b'a'));
        // `^_`, `~` and DEL: as signed numbers, bytes beyond ASCII are below.
        let marks = i8x16_ge(lower, i8x16_splat(0x7e));
        u8x16_bitmask(v128_or(v128_or(digits, letters), marks))
    }
}

/// The same where there are no vectors of wasm.
#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
fn mask_of(block: &[u8; BLOCK_BYTES]) -> u64 {
    let (eights, _) = block.as_chunks::<8>();
    let masks = eights.iter().map(|bytes| integer::mask_of(*bytes));
    masks.rev().fold(0, |mask, bits| mask << 8 | bits)
}

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod integer {
    /// The same byte eight times.
    const fn all(byte: u8) -> u64 {
        u64::from_le_bytes([byte; 8])
    }

    const HIGH: u64 = all(0x80);

    /// A bit for each of eight bytes. No sum of two bytes carries into the next one, because both are
    /// below 0x80.
    pub(super) fn mask_of(bytes: [u8; 8]) -> u64 {
        let bytes = u64::from_le_bytes(bytes);
        let low = bytes & !HIGH;
        // `-./` and digits
        let digits = (low + all(0x80 - b'-')) & !(low + all(0x7f - b'9'));
        let lower = low | all(0x20);
        let letters = (lower + all(0x80 - b'a')) & !(lower + all(0x7f - b'z'));
        // `^_`, `~` and DEL
        let marks = lower + all(0x80 - b'~');
        pack((digits | letters | marks) & !bytes & HIGH)
    }

    /// The high bits of the bytes, as the low byte.
    fn pack(flags: u64) -> u64 {
        (flags >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::words::Class;

    /// Whether a byte may be of a word, as the blocks have it.
    fn is_loosely_of_a_word(byte: u8) -> bool {
        Class::WORD.has(byte) || b"/^\x7f".contains(&byte)
    }

    #[test]
    fn each_byte_has_its_bit() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK_BYTES {
                for around in [b' ', b'a', 0xff] {
                    let mut block = [around; BLOCK_BYTES];
                    block[at] = byte;
                    let bit = mask_of(&block) >> at & 1 == 1;
                    assert_eq!(bit, is_loosely_of_a_word(byte), "{byte} at {at}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn the_first_run_is_found_wherever_it_lies(
            pieces in proptest::collection::vec((0..5_u8, 0..90_usize), 0..12),
        ) {
            let piece = |(kind, length): &(u8, usize)| {
                let byte = [b'a', b'_', b' ', b'/', 0xff][usize::from(*kind)];
                vec![byte; *length]
            };
            let content: Vec<u8> = pieces.iter().flat_map(piece).collect();
            let expected = content
                .windows(WORD_BYTES_MIN)
                .position(|window| window.iter().all(|byte| is_loosely_of_a_word(*byte)));
            prop_assert_eq!(find_run(&content), expected);
        }
    }
}
