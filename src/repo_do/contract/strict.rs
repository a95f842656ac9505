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
    let error = error.to_string();
    let mut pointer = pointer(path);
    if let Some(field) = missing_field(&error) {
        // The path ends at the object that lacks it.
        push(&mut pointer, field);
    }
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
            Segment::Map { key } => push(&mut pointer, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

fn push(pointer: &mut String, field: &str) {
    pointer.push('/');
    pointer.push_str(&field.replace('~', "~0").replace('/', "~1"));
}

/// The field that serde says is missing; it has no other way to say so.
fn missing_field(error: &str) -> Option<&str> {
    let (field, _) = error.strip_prefix("missing field `")?.split_once('`')?;
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[expect(dead_code, reason = "only read")]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        #[serde(rename = "a/b")]
        #[expect(dead_code, reason = "only read")]
        field: u8,
    }

    #[test]
    fn a_pointer_names_the_fault() {
        let pointer = |body: &str| {
            let refused = object::<Outer>(body.as_bytes()).unwrap_err();
            refused.pointer.unwrap_or_default()
        };
        assert_eq!(pointer("{}"), "/inner");
        assert_eq!(pointer(r#"{"inner": [{"a/b": 1}, {}]}"#), "/inner/1/a~1b");
        assert_eq!(pointer(r#"{"inner": [{"a/b": "x"}]}"#), "/inner/0/a~1b");
        assert_eq!(pointer(r#"{"inner": [], "x": 1}"#), "/x");
        assert_eq!(pointer("[]"), "");
    }
}
