//! The arguments in a placeholder's brackets: `name=value,name,…` (`match_placeholder_arg_value` of git's
//! `pretty.c`).

use gix_object::bstr::{BString, ByteSlice as _};

/// Reads arguments one after the other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    /// The rest, not read yet.
    pub(super) rest: &'a [u8],
}

/// An argument.
#[derive(Debug, Clone, Copy)]
pub(super) struct Argument<'a> {
    /// The text behind its `=`, if it has one.
    pub(super) value: Option<&'a [u8]>,
}

impl<'a> Reader<'a> {
    /// Takes an argument of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<Argument<'a>> {
        let rest = self.rest.strip_prefix(name.as_bytes())?;
        let (value, rest) = match rest.strip_prefix(b"=") {
            Some(text) => {
                let end = text.find_byteset(b",)")?;
                let (value, rest) = text.split_at_checked(end)?;
                (Some(value), rest)
            }
            None => (None, rest),
        };
        self.rest = match rest.first()? {
            b',' => rest.get(1..)?,
            b')' => rest,
            _ => return None,
        };
        Some(Argument { value })
    }

    /// Takes an argument that is on or off.
    pub(super) fn take_switch(&mut self, name: &str) -> Option<bool> {
        let before = *self;
        let is_on = match self.take(name)?.value {
            None => Some(true),
            Some(value) => switch(value),
        };
        if is_on.is_none() {
            *self = before;
        }
        is_on
    }

    /// Takes an argument that is a text in which `%n` and so on may stand.
    pub(super) fn take_text(&mut self, name: &str) -> Option<BString> {
        let argument = self.take(name)?;
        Some(expand(argument.value.unwrap_or_default()))
    }
}

/// A value of configuration that is true or false.
fn switch(value: &[u8]) -> Option<bool> {
    let is = |words: [&str; 3]| {
        words
            .iter()
            .any(|word| value.eq_ignore_ascii_case(word.as_bytes()))
    };
    if is(["true", "yes", "on"]) {
        return Some(true);
    }
    if is(["false", "no", "off"]) || value.is_empty() {
        return Some(false);
    }
    let digits = value
        .strip_suffix(b"k")
        .or(value.strip_suffix(b"m"))
        .unwrap_or(value);
    let number: i64 = digits.to_str().ok()?.parse().ok()?;
    Some(number != 0)
}

/// A text with `%%`, `%n` and `%x41` filled in.
fn expand(text: &[u8]) -> BString {
    let (mut out, mut rest) = (Vec::new(), text);
    while let Some((before, behind)) = rest.split_once_str("%") {
        out.extend_from_slice(before);
        let (byte, used) = literal(behind).unwrap_or((b'%', usize::from(behind.starts_with(b"%"))));
        out.push(byte);
        rest = behind.get(used..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out.into()
}

/// The byte that a placeholder without a commit stands for, and the placeholder's bytes.
pub(super) fn literal(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'n', ..] => Some((b'\n', 1)),
        [b'x', high, low, ..] => {
            let digit = |byte: u8| char::from(byte).to_digit(16);
            let byte = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
            Some((u8::try_from(byte).ok()?, 3))
        }
        _ => None,
    }
}
