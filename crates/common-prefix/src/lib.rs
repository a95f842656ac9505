//! How far two runs of bytes are the same.

#![allow(clippy::inline_always, reason = "mostly a few bytes are compared")]

/// How many bytes at the beginning of both are equal, found eight at a time.
#[inline(always)]
pub fn common_prefix(one: &[u8], other: &[u8]) -> usize {
    let mut length = 0;
    while let (Some(eight1), Some(eight2)) = (eight(one, length), eight(other, length)) {
        let differing = eight1 ^ eight2;
        if differing != 0 {
            return length + (differing.trailing_zeros() / 8) as usize;
        }
        length += 8;
    }
    // Fewer than eight are left.
    while let (Some(byte1), Some(byte2)) = (one.get(length), other.get(length)) {
        if byte1 != byte2 {
            break;
        }
        length += 1;
    }
    length
}

/// Eight bytes, the first in the lowest place.
#[inline(always)]
fn eight(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_ends_with_the_shorter_or_before_a_difference(
            shared in prop::collection::vec(any::<u8>(), 0..40),
            one in prop::collection::vec(0_u8..2, 0..20),
            other in prop::collection::vec(0_u8..2, 0..20),
        ) {
            let (one, other) = ([&*shared, &*one].concat(), [&*shared, &*other].concat());
            let plain = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
            prop_assert_eq!(common_prefix(&one, &other), plain);
            prop_assert_eq!(common_prefix(&other, &one), plain);
        }
    }
}
