//! Messages of commits and tags, cleaned as `git commit -m` cleans them (`--cleanup=whitespace`):
//! no space at the ends of lines, no empty lines at the ends, one empty line where there were more,
//! and a newline at the end. A line that starts with `#` stays.

use super::person::Person;
use super::trailers::{self, SIGNED_OFF_BY, is_space};

/// Bytes of a message at most.
pub(crate) const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// Git does not take the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MessageFault {
    /// It is too long.
    #[error("message has {bytes} bytes, at most {MESSAGE_BYTES_MAX} are taken")]
    TooLong {
        /// Its bytes.
        bytes: usize,
    },
    /// It has a NUL.
    #[error("message has a NUL byte at offset {offset}")]
    Nul {
        /// Where.
        offset: usize,
    },
    /// It is not UTF-8, as a commit without an `encoding` header must be.
    #[error("message is not UTF-8 from offset {offset} on")]
    NotUtf8 {
        /// Where.
        offset: usize,
    },
    /// It has only spaces and `Signed-off-by` lines.
    #[error("message is empty")]
    Empty,
}

/// Cleans a message. Refuses an empty one, as `git commit` does without `--allow-empty-message`.
pub fn clean(message: &[u8]) -> Result<String, MessageFault> {
    let cleaned = clean_or_empty(message)?;
    if is_empty(&cleaned) {
        return Err(MessageFault::Empty);
    }
    Ok(cleaned)
}

/// The same for messages that may be empty.
pub fn clean_or_empty(message: &[u8]) -> Result<String, MessageFault> {
    let bytes = message.len();
    if bytes > MESSAGE_BYTES_MAX {
        return Err(MessageFault::TooLong { bytes });
    }
    if let Some(offset) = message.iter().position(|byte| *byte == 0) {
        return Err(MessageFault::Nul { offset });
    }
    let text = std::str::from_utf8(message).map_err(|error| MessageFault::NotUtf8 {
        offset: error.valid_up_to(),
    })?;
    Ok(strip_space(text))
}

/// Appends `Signed-off-by` as `git commit --signoff` does: unless it is the last trailer already, and
/// behind an empty line unless trailers precede it.
pub fn sign_off(message: &str, committer: &Person) -> String {
    let line = format!("{SIGNED_OFF_BY}{}\n", committer.name_and_email());
    strip_space(&trailers::append(message, &line))
}

/// Git's `strbuf_stripspace` without a comment character.
fn strip_space(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len().saturating_add(1));
    let mut is_after_gap = false;
    for line in text.split('\n') {
        let line = line.trim_end_matches(is_space);
        if line.is_empty() {
            is_after_gap = true;
            continue;
        }
        if is_after_gap && !cleaned.is_empty() {
            cleaned.push('\n');
        }
        is_after_gap = false;
        cleaned.push_str(line);
        cleaned.push('\n');
    }
    cleaned
}

/// Git's `rest_is_empty`.
fn is_empty(message: &str) -> bool {
    let mut lines = message.split('\n');
    lines.all(|line| line.starts_with(SIGNED_OFF_BY) || line.trim_matches(is_space).is_empty())
}
