//! The name of a large file: the SHA-256 of its bytes.

use std::fmt;

/// Bytes of a name.
pub const LFS_OID_BYTES: usize = 32;

/// The SHA-256 of a large file, by which Git LFS calls it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LfsOid([u8; LFS_OID_BYTES]);

impl LfsOid {
    /// The name that 64 lower-case hexadecimal digits spell, as Git LFS writes it; `None` for any
    /// other text.
    pub fn from_hex(digits: &[u8]) -> Option<Self> {
        let is_lower = digits.iter().all(|digit| !digit.is_ascii_uppercase());
        let mut bytes = [0; LFS_OID_BYTES];
        let is_name = is_lower && digits.len() == 2 * LFS_OID_BYTES;
        (is_name && faster_hex::hex_decode(digits, &mut bytes).is_ok()).then_some(Self(bytes))
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8; LFS_OID_BYTES] {
        &self.0
    }
}

impl From<[u8; LFS_OID_BYTES]> for LfsOid {
    fn from(bytes: [u8; LFS_OID_BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for LfsOid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&faster_hex::hex_string(&self.0))
    }
}

impl fmt::Debug for LfsOid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LfsOid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_64_lower_case_digits() {
        let digits = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let oid = LfsOid::from_hex(digits.as_bytes()).unwrap();
        assert_eq!(oid.to_string(), digits);
        assert_eq!(LfsOid::from(*oid.as_bytes()), oid);
        let upper = digits.to_uppercase();
        for wrong in [
            "",
            &digits[1..],
            &format!("{digits}0"),
            &upper,
            &digits.replace('4', "g"),
        ] {
            assert_eq!(LfsOid::from_hex(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
