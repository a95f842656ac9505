//! A private key in PEM (RFC 7468). GitHub issues PKCS#1, but the platform reads only PKCS#8: the same
//! key in an envelope that names the algorithm (RFC 5958).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Bytes of a PEM: a key of 16,384 bits has some 12,500.
const PEM_BYTES_MAX: usize = 16 << 10;

/// `INTEGER 0` and `SEQUENCE { OBJECT IDENTIFIER rsaEncryption, NULL }`, in DER.
const RSA_PREFIX: [u8; 18] = [
    0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    0x05, 0x00,
];

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;

/// The key in PKCS#8; `None` if the text has no key. A secret that was set in one line has `\n`
/// in place of line breaks.
pub(super) fn pkcs8_of(pem: &str) -> Option<Vec<u8>> {
    if pem.len() > PEM_BYTES_MAX {
        return None;
    }
    let pem = pem.replace("\\n", "\n");
    let between = |label: &str| {
        let (_, rest) = pem.split_once(&format!("-----BEGIN {label}-----"))?;
        let (base64, _) = rest.split_once(&format!("-----END {label}-----"))?;
        let base64: String = base64.split_ascii_whitespace().collect();
        STANDARD.decode(base64).ok().filter(|der| !der.is_empty())
    };
    if let Some(pkcs8) = between("PRIVATE KEY") {
        return Some(pkcs8);
    }
    let pkcs1 = between("RSA PRIVATE KEY")?;
    let key = der(OCTET_STRING, &pkcs1);
    Some(der(SEQUENCE, &[&RSA_PREFIX[..], &key].concat()))
}

/// The DER encoding of a value: tag, length, content.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let length = length.get(zeros..).unwrap_or_default();
    let mut out = vec![tag];
    match (u8::try_from(value.len()), u8::try_from(length.len())) {
        (Ok(short @ 0..0x80), _) => out.push(short),
        (_, Ok(bytes)) => {
            out.push(0x80 | bytes);
            out.extend_from_slice(length);
        }
        // A length has at most eight bytes.
        (_, Err(_)) => {}
    }
    out.extend_from_slice(value);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_as_der_has_them() {
        assert_eq!(der(4, &[7; 3]), [4, 3, 7, 7, 7]);
        assert_eq!(der(4, &[7; 127])[..2], [4, 127]);
        assert_eq!(der(4, &[7; 128])[..3], [4, 0x81, 128]);
        assert_eq!(der(0x30, &[7; 1217])[..4], [0x30, 0x82, 0x04, 0xc1]);
    }

    #[test]
    fn what_has_no_key_is_none() {
        for text in [
            "",
            "-----BEGIN RSA PRIVATE KEY-----",
            "-----BEGIN RSA PRIVATE KEY-----\n!\n-----END RSA PRIVATE KEY-----",
            "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----",
            "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----",
        ] {
            assert_eq!(pkcs8_of(text), None, "{text}");
        }
        assert_eq!(pkcs8_of(&"A".repeat(20_000)), None);
    }

    #[test]
    fn a_key_of_one_line_is_one_as_well() {
        let lines = "-----BEGIN PRIVATE KEY-----\nAAEC\nAwQF\n-----END PRIVATE KEY-----\n";
        let key = Some(vec![0, 1, 2, 3, 4, 5]);
        assert_eq!(pkcs8_of(lines), key);
        assert_eq!(pkcs8_of(&lines.replace('\n', "\\n")), key);
        let rsa = lines.replace("PRIVATE", "RSA PRIVATE");
        let wrapped = pkcs8_of(&rsa).unwrap();
        assert_eq!(wrapped[..2], [0x30, 26]);
        assert_eq!(wrapped[20..], [4, 6, 0, 1, 2, 3, 4, 5]);
    }
}
