//! Blocks with a private key: PEM (RFC 7468), OpenSSH's and PGP's.

use crate::words::Class;
use crate::{Secret, SecretKind, chance};

/// Their kind.
pub(crate) const KIND: SecretKind = SecretKind("private-key");

/// Stands in the first line of every block.
pub(crate) const NEEDLE: &[u8] = b"PRIVATE KEY";

const BEGIN: &[u8] = b"-----BEGIN ";

/// Bytes between [`BEGIN`] and the needle: `OPENSSH `.
const ALGORITHM_BYTES_MAX: usize = 12;

/// Bytes after the first line in which the first line of the key stands; PGP has headers before it.
const NEAR_BYTES: usize = 320;

/// Digits of base64 of the shortest first line. An Ed25519 key has one line of 64; a key that was
/// replaced by dots has none.
const LINE_DIGITS_MIN: usize = 40;

/// The block whose needle stands here. An encrypted one is not a secret without its passphrase.
pub(crate) fn at(content: &[u8], needle_at: usize) -> Option<Secret> {
    let before = content.get(..needle_at)?;
    let before = before.get(
        before
            .len()
            .saturating_sub(BEGIN.len() + ALGORITHM_BYTES_MAX)..,
    )?;
    let begins = before
        .windows(BEGIN.len())
        .rposition(|window| window == BEGIN)?;
    let algorithm = before.get(begins + BEGIN.len()..)?;
    let is_name = |byte: &u8| Class::UPPER_ALNUM.has(*byte) || *byte == b' ';
    if !algorithm.iter().all(is_name) || algorithm.starts_with(b"ENCRYPTED") {
        return None;
    }
    let rest = content.get(needle_at + NEEDLE.len()..)?;
    let rest = rest.strip_prefix(b" BLOCK").unwrap_or(rest);
    let rest = rest.strip_prefix(b"-----")?;
    let near = rest.get(..rest.len().min(NEAR_BYTES))?;
    // The block may end soon, and the text behind it is not its own.
    let near = near.split(|byte| *byte == b'-').next()?;
    let is_encrypted = near.windows(9).any(|window| window == b"ENCRYPTED");
    if is_encrypted || !has_a_line(near) {
        return None;
    }
    let start = needle_at.checked_sub(algorithm.len() + BEGIN.len())?;
    Some(Secret {
        kind: KIND,
        range: start..content.len() - rest.len() + near.len(),
    })
}

/// Whether a line of base64 stands in the text, as a key has it.
fn has_a_line(text: &[u8]) -> bool {
    let runs = text.split(|byte| !Class::PADDED.has(*byte));
    runs.into_iter()
        .any(|run| run.len() >= LINE_DIGITS_MIN && chance::may_have_made(run))
}
