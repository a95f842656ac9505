//! The headers of a commit or tag: lines up to the first empty one.

use gix_object::bstr::ByteSlice;

use super::finding::{Finding, MessageId};
use crate::git::object::facts::ID_DIGITS;

/// Fails unless the headers end with a newline and hold no NUL (git's `verify_headers`).
pub(super) fn verify(content: &[u8]) -> Result<(), Finding> {
    let headers = match content.find(b"\n\n") {
        Some(end) => content.get(..end).unwrap_or(content),
        None => content,
    };
    if let Some(offset) = headers.find_byte(0) {
        let detail = format!("unterminated header: NUL at offset {offset}");
        return Err(Finding::new(MessageId::NulInHeader, detail));
    }
    if headers.len() < content.len() || headers.ends_with(b"\n") {
        return Ok(());
    }
    Err(Finding::new(
        MessageId::UnterminatedHeader,
        "unterminated header",
    ))
}

/// Takes the line that starts with `key`, whose last byte is the space, and returns the line's value.
///
/// If the next line starts otherwise, it takes nothing and returns `None`.
pub(super) fn take_line<'a>(rest: &mut &'a [u8], key: &[u8]) -> Option<&'a [u8]> {
    let (value, after) = rest.strip_prefix(key)?.split_once_str("\n")?;
    *rest = after;
    Some(value)
}

/// The value is an id and nothing else. Git takes both cases of hexadecimal digits.
pub(super) fn is_id(value: &[u8]) -> bool {
    value.len() == ID_DIGITS && value.iter().all(u8::is_ascii_hexdigit)
}
