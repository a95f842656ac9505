//! JSON objects and queries read strictly: an unknown field is refused, and a wrong one is named by a
//! JSON pointer.

use std::fmt::Display;

use gix_object::bstr::ByteSlice as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::{ErrorCode, ErrorReply};

/// Reads one JSON object; nothing at all reads as `{}`.
pub(crate) fn object<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, ErrorReply> {
    let bytes = if bytes.trim().is_empty() {
        b"{}"
    } else {
        bytes
    };
    // A struct could be read of an array too, its fields by their places.
    if !bytes.trim_start().starts_with(b"{") {
        let message = "the body is not a JSON object";
        return Err(ErrorReply::new(ErrorCode::InvalidInput, message));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer)
        .map_err(|error| wrong_field("body", error.path(), error.inner()))?;
    deserializer.end().map_err(|error| {
        ErrorReply::new(
            ErrorCode::InvalidInput,
            format!("the body is not one JSON object: {error}"),
        )
    })?;
    Ok(value)
}

/// Reads a query, without its question mark.
pub(crate) fn query<T: DeserializeOwned>(text: &str) -> Result<T, ErrorReply> {
    let pairs = form_urlencoded::parse(text.as_bytes());
    serde_path_to_error::deserialize(serde_urlencoded::Deserializer::new(pairs))
        .map_err(|error| wrong_field("query", error.path(), error.inner()))
}

/// The error of a body that has more than `bytes_max` bytes.
#[must_use]
pub(crate) fn too_large(bytes_max: usize) -> ErrorReply {
    let message = format!("the body has more than {bytes_max} bytes");
    ErrorReply::new(ErrorCode::MemoryLimit, message)
}

fn wrong_field(place: &str, path: &serde_path_to_error::Path, error: &dyn Display) -> ErrorReply {
    let pointer = pointer(path);
    let message = format!("the {place} is wrong: {error}");
    if pointer.is_empty() {
        ErrorReply::new(ErrorCode::InvalidInput, message)
    } else {
        ErrorReply::at(ErrorCode::InvalidInput, pointer, message)
    }
}

/// The JSON pointer (RFC 6901) of a path.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => {
                pointer.push('/');
                pointer.push_str(&index.to_string());
            }
            Segment::Map { key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}
