//! The operator's keys, which seal credentials.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha2::{Digest as _, Sha256};

/// The key.
pub(crate) const KEY: &str = "CAIRN_SECRETS_KEY";

/// The previous key, while the operator replaces it.
pub(crate) const PREVIOUS_KEY: &str = "CAIRN_SECRETS_KEY_PREVIOUS";

const KEY_BYTES: usize = 32;

/// Bytes of a key's id.
pub(crate) const KEY_ID_BYTES: usize = 8;

/// Base64 with or without padding: `openssl rand -base64 32` writes padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The reason why there is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeyError {
    /// The operator has set no key.
    #[error("this server stores no credentials: {KEY} is not set")]
    Unset,
    /// The secret's value is no key.
    #[error("{0} must be {KEY_BYTES} random bytes, in base64 or in hex")]
    Malformed(&'static str),
}

/// A key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SecretsKey {
    /// The key itself.
    pub(crate) bytes: [u8; KEY_BYTES],
    /// The first bytes of the key's SHA-256, which reveal nothing about the key.
    pub(crate) id: [u8; KEY_ID_BYTES],
}

impl SecretsKey {
    fn new(bytes: [u8; KEY_BYTES]) -> Self {
        let digest = Sha256::digest(bytes);
        let mut id = [0; KEY_ID_BYTES];
        for (byte, of) in id.iter_mut().zip(digest) {
            *byte = of;
        }
        Self { bytes, id }
    }

    fn read(name: &'static str, text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let mut bytes = [0; KEY_BYTES];
        if text.len() == 2 * KEY_BYTES
            && faster_hex::hex_decode(text.as_bytes(), &mut bytes).is_ok()
        {
            return Ok(Self::new(bytes));
        }
        let decoded = BASE64.decode(text).ok();
        let decoded = decoded.and_then(|decoded| decoded.try_into().ok());
        decoded.map(Self::new).ok_or(KeyError::Malformed(name))
    }
}

impl std::fmt::Debug for SecretsKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretsKey(…)")
    }
}

/// The key that seals, and the keys that open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyRing {
    current: SecretsKey,
    previous: Option<SecretsKey>,
}

impl KeyRing {
    /// Reads the operator's secrets. An empty or blank secret counts as unset.
    pub(crate) fn read(secret: impl Fn(&str) -> Option<String>) -> Result<Self, KeyError> {
        let set = |name: &'static str| {
            let text = secret(name).filter(|text| !text.trim().is_empty());
            text.map(|text| SecretsKey::read(name, &text)).transpose()
        };
        Ok(Self {
            current: set(KEY)?.ok_or(KeyError::Unset)?,
            previous: set(PREVIOUS_KEY)?,
        })
    }

    /// The key that seals.
    pub(crate) fn current(&self) -> &SecretsKey {
        &self.current
    }

    /// The key with this id.
    pub(crate) fn of_id(&self, id: [u8; KEY_ID_BYTES]) -> Option<&SecretsKey> {
        let all = [Some(&self.current), self.previous.as_ref()];
        all.into_iter().flatten().find(|key| key.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const IN_BASE64: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn ring(current: &str, previous: Option<&str>) -> Result<KeyRing, KeyError> {
        KeyRing::read(|name| match name {
            KEY => Some(current.to_owned()),
            PREVIOUS_KEY => previous.map(str::to_owned),
            _ => None,
        })
    }

    #[test]
    fn a_key_is_read_of_hex_or_of_base64() {
        let key = ring(HEX, None).unwrap();
        assert_eq!(ring(&HEX.to_uppercase(), None).unwrap(), key);
        assert_eq!(ring(IN_BASE64, None).unwrap(), key);
        let padded = format!(" {}\n", IN_BASE64.trim_end_matches('='));
        assert_eq!(ring(&padded, Some(" ")).unwrap(), key);
        assert_eq!(format!("{:?}", key.current()), "SecretsKey(…)");
        // sha256sum of these 32 bytes.
        let id = [0x63, 0x0d, 0xcd, 0x29, 0x66, 0xc4, 0x33, 0x66];
        assert_eq!(key.current().id, id);
        assert_eq!(key.of_id(id), Some(key.current()));
        assert_eq!(key.of_id([0; 8]), None);
    }

    #[test]
    fn a_key_that_is_none_is_told_by_its_name() {
        for text in [&HEX[1..], &IN_BASE64[4..], "hunter2", "ä"] {
            assert_eq!(ring(text, None), Err(KeyError::Malformed(KEY)), "{text}");
            let previous = ring(HEX, Some(text));
            assert_eq!(previous, Err(KeyError::Malformed(PREVIOUS_KEY)), "{text}");
        }
        assert_eq!(ring(" ", None), Err(KeyError::Unset));
    }

    #[test]
    fn the_key_before_still_opens() {
        let other = HEX.replace("00", "ff");
        let before = ring(HEX, None).unwrap();
        let ring = ring(&other, Some(HEX)).unwrap();
        let id = before.current().id;
        assert_ne!(ring.current().id, id);
        assert_eq!(ring.of_id(id), Some(before.current()));
    }
}
