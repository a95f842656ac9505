//! Object ids as the wire spells them: forty hexadecimal digits.

use gix_hash::{ObjectId, oid};

/// Digits of an object id.
pub(crate) const HEX_BYTES: usize = 40;

/// The zero id, which stands for "no object".
pub(crate) const ZERO_HEX: [u8; HEX_BYTES] = [b'0'; HEX_BYTES];

/// The id's digits, in lower case.
pub(crate) fn hex(id: &oid) -> [u8; HEX_BYTES] {
    let mut digits = ZERO_HEX;
    let _ = id.hex_to_buf(&mut digits);
    digits
}

/// The id that `text` spells, and nothing else.
pub(crate) fn parse(text: &[u8]) -> Option<ObjectId> {
    if text.len() != HEX_BYTES {
        return None;
    }
    ObjectId::from_hex(text).ok()
}

/// The id at the start of `line`, and what follows it.
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
