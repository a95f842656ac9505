//! The checksum of Cairn's own tokens: the CRC-32 of their random digits, in six digits of base 62. The
//! Worker makes and reads tokens by it, so that the search finds the same tokens as the Worker.

/// The digits of base 62, in order.
pub const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random digits of a token, before the checksum: as many as 160 bits take.
pub const RANDOM_DIGITS: usize = 27;

/// Digits of the checksum: as many as 32 bits take.
pub const CHECKSUM_DIGITS: usize = 6;

/// The checksum of a text.
pub fn of(text: &[u8]) -> [u8; CHECKSUM_DIGITS] {
    let mut rest = crc_32(text);
    let mut digits = [b'0'; CHECKSUM_DIGITS];
    for digit in digits.iter_mut().rev() {
        let found = DIGITS.get((rest % 62) as usize);
        *digit = found.copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits
}

/// The CRC-32 of ISO 3309, as zlib has it. Bit by bit: a table would take more than 27 bytes are worth.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_zlib_s() {
        assert_eq!(crc_32(b"123456789"), 0xcbf4_3926);
    }
}
