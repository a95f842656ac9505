//! The text behind a prefix where it is more than digits of one class. Each function gives how many
//! bytes of the text belong to the secret.

use crate::chance;
use crate::checksum::{self, CHECKSUM_DIGITS, RANDOM_DIGITS};
use crate::words::Class;

/// 27 digits and their checksum, or `v1_` and 40 hexadecimal digits.
pub(crate) fn cairn(text: &[u8]) -> Option<usize> {
    if let Some(hex) = text.strip_prefix(b"v1_") {
        let digits = Class::HEX.run(hex);
        let is_token = digits == 40 && chance::may_have_made(hex.get(..digits)?);
        return is_token.then_some(43);
    }
    let digits = text.get(..RANDOM_DIGITS + CHECKSUM_DIGITS)?;
    let (random, given) = digits.split_at_checked(RANDOM_DIGITS)?;
    let is_token = Class::ALNUM.run(random) == RANDOM_DIGITS && *given == checksum::of(random);
    is_token.then_some(digits.len())
}

/// An assignment and 40 digits of base64.
pub(crate) fn aws_secret(text: &[u8]) -> Option<usize> {
    assigned(text, Class::BASE64, 40)
}

/// An assignment and a token as they were before they had a prefix.
pub(crate) fn cloudflare_assigned(text: &[u8]) -> Option<usize> {
    assigned(text, Class::URL_SAFE, 40)
}

/// The rest of a connection string, whose key has 86 digits.
pub(crate) fn azure_storage(text: &[u8]) -> Option<usize> {
    named(text, b";AccountKey=", 86, b"==")
}

/// The rest of a connection string, whose key has 43 digits.
pub(crate) fn azure_shared(text: &[u8]) -> Option<usize> {
    named(text, b";SharedAccessKey=", 43, b"=")
}

/// 22 digits, `.` and 43 digits.
pub(crate) fn sendgrid(text: &[u8]) -> Option<usize> {
    dotted(text, (Class::URL_SAFE, 22), (Class::URL_SAFE, 43))
}

/// 14 digits, `.` and 64 hexadecimal digits.
pub(crate) fn airtable(text: &[u8]) -> Option<usize> {
    dotted(text, (Class::ALNUM, 14), (Class::HEX, 64))
}

/// A word, two digits, `-` and 80 digits or more: `api03-…`.
pub(crate) fn anthropic(text: &[u8]) -> Option<usize> {
    let word = Class::LETTERS.run(text);
    let rest = text.get(word..)?;
    let key = rest.get(2..)?.strip_prefix(b"-")?;
    let digits = Class::URL_SAFE.run_within(key, 80..=200)?;
    let is_key = (2..=8).contains(&word)
        && Class::DIGITS.run(rest) == 2
        && chance::may_have_made(key.get(..digits)?);
    is_key.then_some(word + 3 + digits)
}

/// A digit, and numbers and digits between hyphens.
pub(crate) fn slack(text: &[u8]) -> Option<usize> {
    let bytes = Class::HYPHENED.run_within(text, 20..=400)?;
    let token = text.get(..bytes)?;
    let is_token =
        token.first()?.is_ascii_digit() && token.contains(&b'-') && chance::may_have_made(token);
    is_token.then_some(bytes)
}

/// Two runs of digits and a dot between them.
fn dotted(text: &[u8], left: (Class, usize), right: (Class, usize)) -> Option<usize> {
    let (class, left_digits) = left;
    let has_left = class.run(text) == left_digits;
    let rest = text.get(left_digits..)?.strip_prefix(b".")?;
    let (class, right_digits) = right;
    let is_whole = has_left && class.run(rest) == right_digits;
    let is_secret = is_whole && chance::may_have_made(rest.get(..right_digits)?);
    is_secret.then_some(left_digits + 1 + right_digits)
}

/// Signs of an assignment in any language, and exactly so many digits.
fn assigned(text: &[u8], class: Class, digits: usize) -> Option<usize> {
    const SIGNS_MAX: usize = 10;
    let is_sign = |byte: &&u8| b" \t\"'`=:>,(".contains(byte);
    let signs = text.iter().take(SIGNS_MAX).take_while(is_sign).count();
    let value = text.get(signs..)?;
    let is_secret =
        signs > 0 && class.run(value) == digits && chance::may_have_made(value.get(..digits)?);
    is_secret.then_some(signs + digits)
}

/// The value that a connection string gives this name, on the same line.
fn named(text: &[u8], name: &[u8], digits: usize, pad: &[u8]) -> Option<usize> {
    const BETWEEN_BYTES_MAX: usize = 200;
    let near = text.get(..text.len().min(BETWEEN_BYTES_MAX))?;
    let line = near.split(|byte| *byte == b'\n').next()?;
    let at = line.windows(name.len()).position(|window| window == name)?;
    let key = text.get(at + name.len()..)?;
    let is_key = Class::BASE64.run(key) == digits
        && key.get(digits..)?.starts_with(pad)
        && chance::may_have_made(key.get(..digits)?);
    is_key.then_some(at + name.len() + digits + pad.len())
}
