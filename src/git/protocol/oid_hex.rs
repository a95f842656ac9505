//! Object ids as the wire spells them: forty hexadecimal digits.

use gix_hash::{ObjectId, oid};

/// Digits of an object id.
pub(crate) const HEX_BYTES: usize = 40;

/// The zero id, which stands for "no object".
pub(crate) const ZERO_HEX: [u8; HEX_BYTES] = [b'0'; HEX_BYTES];

/// The two digits of each byte.
#[expect(clippy::indexing_slicing, reason = "the compiler evaluates it")]
const PAIRS: [[u8; 2]; 256] = {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let mut pairs = [[0; 2]; 256];
    let mut byte = 0;
    while byte < pairs.len() {
        pairs[byte] = [DIGITS[byte >> 4], DIGITS[byte & 15]];
        byte += 1;
    }
    pairs
};

/// The id's digits, in lower case. A list of refs has hundreds of thousands of ids, so that they are
/// looked up byte by byte.
pub(crate) fn hex(id: &oid) -> [u8; HEX_BYTES] {
    let mut digits = ZERO_HEX;
    let (pairs, _) = digits.as_chunks_mut::<2>();
    for (pair, byte) in pairs.iter_mut().zip(id.as_bytes()) {
        *pair = pair_of(*byte);
    }
    digits
}

/// The two digits of a byte.
pub(super) fn pair_of(byte: u8) -> [u8; 2] {
    PAIRS.get(usize::from(byte)).copied().unwrap_or_default()
}

/// The id that `text` spells, and nothing else.
pub(crate) fn parse(text: &[u8]) -> Option<ObjectId> {
    if text.len() != HEX_BYTES {
        return None;
    }
    ObjectId::from_hex(text).ok()
}

/// The id at the start of `line`, and the rest behind it.
pub(crate) fn split_first(line: &[u8]) -> Option<(ObjectId, &[u8])> {
    let (digits, rest) = line.split_at_checked(HEX_BYTES)?;
    Some((parse(digits)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_forty_digits_in_either_case() {
        let id = parse(b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391").unwrap();
        assert_eq!(parse(b"E69DE29BB2D1D6434B8B29AE775AD8C2E48C5391"), Some(id));
        assert_eq!(&hex(&id), b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        for wrong in [&b""[..], &[b'a'; 39], &[b'a'; 41], &[b'g'; 40], &[b'a'; 64]] {
            assert_eq!(parse(wrong), None);
        }
        assert_eq!(
            split_first(b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391 x"),
            Some((id, &b" x"[..]))
        );
        assert_eq!(split_first(b"e69de29"), None);
    }
}
