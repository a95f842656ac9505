//! The checksum of Cairn's own tokens: the CRC-32 of their random digits, in six digits of base 62.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Digits of the checksum.
pub(crate) const CHECKSUM_DIGITS: usize = 6;

/// The checksum of a text.
pub(crate) fn of(text: &[u8]) -> [u8; CHECKSUM_DIGITS] {
    let mut rest = crc_32(text);
    let mut digits = [b'0'; CHECKSUM_DIGITS];
    for digit in digits.iter_mut().rev() {
        let found = DIGITS.get((rest % 62) as usize);
        *digit = found.copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits
}

/// The CRC-32 of ISO 3309, bit by bit: it is asked for rarely.
fn crc_32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let sum = bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            let carry = POLYNOMIAL & (sum & 1).wrapping_neg();
            (sum >> 1) ^ carry
        })
    });
    !sum
}
