//! Whether chance may have made a text: examples and placeholders have the same forms as secrets.

/// Words of examples and placeholders, in lower case. Chance makes one of them in 36 digits of base 62
/// less than once in ten thousand times.
const PLACEHOLDERS: [&[u8]; 7] = [
    b"example",
    b"xxxxx",
    b"placeholder",
    b"redacted",
    b"your_",
    b"your-",
    b"changeme",
];

/// How many different bytes a text must have: a hexadecimal one, a short one, and any other. Less than one of
/// 100,000 random texts has fewer.
const DIFFERENT_HEX_MIN: usize = 7;
const DIFFERENT_SHORT_MIN: usize = 7;
const DIFFERENT_MIN: usize = 11;

/// Bytes of the shortest text that is not short.
const LONG_BYTES_MIN: usize = 24;

/// Whether chance may have made the text.
pub(crate) fn may_have_made(text: &[u8]) -> bool {
    has_many_different(text) && !is_a_series(text) && !is_a_placeholder(text)
}

fn has_many_different(text: &[u8]) -> bool {
    let mut seen = [false; 256];
    let mut is_hex = true;
    for byte in text {
        is_hex &= byte.is_ascii_hexdigit();
        if let Some(seen) = seen.get_mut(usize::from(*byte)) {
            *seen = true;
        }
    }
    let different = seen.iter().filter(|seen| **seen).count();
    different
        >= if is_hex {
            DIFFERENT_HEX_MIN
        } else if text.len() < LONG_BYTES_MIN {
            DIFFERENT_SHORT_MIN
        } else {
            DIFFERENT_MIN
        }
}

/// Whether most bytes are the one before or the next after it: `aaaa`, `abcdef`, `123456`.
fn is_a_series(text: &[u8]) -> bool {
    let follows = |pair: &&[u8]| matches!(pair, [a, b] if b.wrapping_sub(*a) <= 1);
    let following = text.windows(2).filter(follows).count();
    following.saturating_mul(2) > text.len()
}

fn is_a_placeholder(text: &[u8]) -> bool {
    PLACEHOLDERS.iter().any(|placeholder| {
        let mut windows = text.windows(placeholder.len());
        windows.any(|window| window.eq_ignore_ascii_case(placeholder))
    })
}
