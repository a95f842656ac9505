//! Signatures of requests to somebody's receiver: events of webhooks, and questions to a hook.
//!
//! They are as Standard Webhooks has them: HMAC-SHA256 of `id.timestamp.body`, in base64
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::storage::webhook::definition::{Definition, Secret};

/// How every secret starts.
pub(crate) const PREFIX: &str = "whsec_";

/// Bytes of a key, as the specification bounds them.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Bytes of a key that is made here.
pub(crate) const KEY_BYTES_MADE: usize = 32;

/// Why a text is not a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SecretError {
    /// It starts otherwise.
    #[error("a secret starts with {PREFIX}")]
    Prefix,
    /// The rest is not base64.
    #[error("a secret is {PREFIX} and base64 with its padding")]
    Base64,
    /// The key is too short or too long.
    #[error("a secret has {min} to {max} bytes in base64, this has {bytes}", min = KEY_BYTES.start(), max = KEY_BYTES.end())]
    Length {
        /// Bytes of the key.
        bytes: usize,
    },
}

/// Reads a secret that a caller gave.
pub(crate) fn secret(text: &str) -> Result<Secret, SecretError> {
    let base64 = text.strip_prefix(PREFIX).ok_or(SecretError::Prefix)?;
    // Three bytes are four characters: longer texts are not decoded.
    if base64.len() > KEY_BYTES.end().div_ceil(3).saturating_mul(4) {
        return Err(SecretError::Length {
            bytes: base64.len() / 4 * 3,
        });
    }
    let key = STANDARD.decode(base64).map_err(|_| SecretError::Base64)?;
    if !KEY_BYTES.contains(&key.len()) {
        return Err(SecretError::Length { bytes: key.len() });
    }
    Ok(Secret::new(text.to_owned()))
}

/// The secret of a random key.
#[must_use]
pub(crate) fn secret_of(key: [u8; KEY_BYTES_MADE]) -> Secret {
    Secret::new(format!("{PREFIX}{}", STANDARD.encode(key)))
}

/// The header `webhook-signature`: one signature, or two while a secret is replaced.
#[must_use]
pub(crate) fn signatures(
    definition: &Definition,
    id: &str,
    body: &str,
    now_ms: i64,
) -> Option<String> {
    let seconds = timestamp(now_ms);
    let present = signature(&definition.secret, id, seconds, body)?;
    let former = definition.former.as_ref();
    match former.filter(|former| now_ms < former.until_ms) {
        Some(former) => {
            let former = signature(&former.secret, id, seconds, body)?;
            Some(format!("{present} {former}"))
        }
        None => Some(present),
    }
}

/// The header `webhook-timestamp`, in seconds.
#[must_use]
pub(crate) fn timestamp(now_ms: i64) -> i64 {
    now_ms.div_euclid(1000)
}

/// The signature of one message. `None` for a text that is not a secret: none like it was stored.
#[must_use]
pub(crate) fn signature(secret: &Secret, id: &str, seconds: i64, body: &str) -> Option<String> {
    let base64 = secret.reveal().strip_prefix(PREFIX)?;
    let key = STANDARD.decode(base64).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body.as_bytes());
    let signed = STANDARD.encode(mac.finalize().into_bytes());
    Some(format!("v1,{signed}"))
}

#[cfg(test)]
mod tests {
    use standardwebhooks::Webhook;

    use super::*;
    use crate::storage::webhook::definition::FormerSecret;

    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";

    fn definition(former: Option<FormerSecret>) -> Definition {
        Definition {
            secret: secret(SECRET).unwrap(),
            former,
            ..Definition::of_test(1)
        }
    }

    /// The test vector of that project's libraries.
    #[test]
    fn the_signature_of_the_specification() {
        let body = r#"{"email":"test@example.com","username":"test_user"}"#;
        let id = "msg_27UH4WbU6Z5A5EzD8u03UvzRbpk";
        let signed = signatures(&definition(None), id, body, 1_649_367_553_999);
        let expect = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";
        assert_eq!(signed.as_deref(), Some(expect));
    }

    #[test]
    fn two_signatures_until_the_former_secret_ends() {
        let former = FormerSecret {
            secret: secret_of([7; KEY_BYTES_MADE]),
            until_ms: 2_000,
        };
        let old = Webhook::new(former.secret.reveal()).unwrap();
        let new = Webhook::new(SECRET).unwrap();
        let definition = definition(Some(former));
        let signed = signatures(&definition, "evt_1", "{}", 1_999).unwrap();
        let expect = [&new, &old].map(|key| key.sign("evt_1", 1, b"{}").unwrap());
        assert_eq!(signed.split(' ').collect::<Vec<_>>(), expect);
        let signed = signatures(&definition, "evt_1", "{}", 2_000).unwrap();
        assert_eq!(signed, new.sign("evt_1", 2, b"{}").unwrap());
    }

    #[test]
    fn secrets_have_24_to_64_bytes() {
        let of = |bytes: usize| format!("{PREFIX}{}", STANDARD.encode(vec![1; bytes]));
        for bytes in [24, 32, 64] {
            assert_eq!(secret(&of(bytes)).unwrap().reveal(), of(bytes));
        }
        for bytes in [0, 23, 65, 66] {
            assert_eq!(secret(&of(bytes)), Err(SecretError::Length { bytes }));
        }
        assert!(matches!(
            secret(&of(1 << 20)),
            Err(SecretError::Length { .. })
        ));
        let wrong = [
            ("", SecretError::Prefix),
            ("C2FVsBQIhrscChlQIMV+b5sSYspob7oD", SecretError::Prefix),
            (
                "whsec_C2FVsBQIhrscChlQIMV-b5sSYspob7oD",
                SecretError::Base64,
            ),
            ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7o", SecretError::Base64),
        ];
        for (text, error) in wrong {
            assert_eq!(secret(text), Err(error), "{text}");
        }
    }
}
