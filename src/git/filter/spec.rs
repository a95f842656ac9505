//! Filter-specs read, as git's `gently_parse_list_objects_filter` does.

use std::rc::Rc;

use gix_object::bstr::{BStr, BString, ByteSlice};
use percent_encoding::percent_decode;

use super::super::object::ObjectKind;
use super::sparse::SparsePatterns;
use super::{FilterError, ObjectFilter, PARTS_MAX};

/// Characters that must be escaped in the parts of `combine:`, with all up to the space.
const RESERVED: &[u8] = b"~`!@#$^&*()[]{}\\;'\",<>?";

/// See [`ObjectFilter::parse`].
pub(super) fn parse<E: From<FilterError>>(
    spec: &BStr,
    blob: &mut dyn FnMut(&BStr) -> Result<SparsePatterns, E>,
) -> Result<ObjectFilter, E> {
    let mut filter = ObjectFilter::default();
    // Parts may be combined themselves: those still to read, not a recursion that a client drives.
    let mut specs: Vec<BString> = vec![spec.to_owned()];
    let mut parts = 0;
    while let Some(spec) = specs.pop() {
        parts += 1;
        if parts > PARTS_MAX {
            let parts_max = PARTS_MAX;
            return Err(FilterError::TooManyParts { parts_max }.into());
        }
        if let Some(list) = spec.strip_prefix(b"combine:") {
            specs.extend(combined(list)?.into_iter().rev());
        } else if let Some(name) = spec.strip_prefix(b"sparse:oid=") {
            filter.add(ObjectFilter {
                sparse: vec![Rc::new(blob(name.as_bstr())?)],
                ..ObjectFilter::default()
            });
        } else {
            filter.add(plain(spec.as_bstr())?);
        }
    }
    Ok(filter)
}

/// A filter-spec without parts, which needs no object of the repository.
fn plain(spec: &BStr) -> Result<ObjectFilter, FilterError> {
    let mut filter = ObjectFilter::default();
    let invalid = || FilterError::Invalid {
        spec: spec.to_string(),
    };
    if spec == "blob:none" {
        filter.blobs_below = Some(0);
    } else if let Some(limit) = spec.strip_prefix(b"blob:limit=") {
        filter.blobs_below = Some(magnitude(limit).ok_or_else(invalid)?);
    } else if let Some(depth) = spec.strip_prefix(b"tree:") {
        filter.depth_below = Some(magnitude(depth).ok_or(FilterError::TreeDepth)?);
    } else if let Some(name) = spec.strip_prefix(b"object:type=") {
        let unknown = || FilterError::ObjectType {
            name: name.as_bstr().to_string(),
        };
        let kind = ObjectKind::from_name(name).ok_or_else(unknown)?;
        filter.kinds = Some(vec![kind]);
    } else if spec.starts_with(b"sparse:path=") {
        return Err(FilterError::SparsePath);
    } else {
        return Err(invalid());
    }
    Ok(filter)
}

/// The parts of a combined filter, decoded.
fn combined(list: &[u8]) -> Result<Vec<BString>, FilterError> {
    if list.is_empty() {
        return Err(FilterError::CombineNothing);
    }
    let mut parts = Vec::new();
    for part in list.split(|byte| *byte == b'+') {
        let reserved = |byte: &&u8| **byte <= b' ' || RESERVED.contains(byte);
        if let Some(byte) = part.iter().find(reserved) {
            return Err(FilterError::Unescaped(char::from(*byte)));
        }
        if parts.len() == PARTS_MAX {
            let parts_max = PARTS_MAX;
            return Err(FilterError::TooManyParts { parts_max });
        }
        let decoded: Vec<u8> = percent_decode(part).collect();
        parts.push(decoded.into());
    }
    Ok(parts)
}

/// A number with git's suffixes `k`, `m` and `g`.
fn magnitude(text: &[u8]) -> Option<u64> {
    let (digits, unit) = match text.split_last()? {
        (b'k' | b'K', digits) => (digits, 1 << 10),
        (b'm' | b'M', digits) => (digits, 1 << 20),
        (b'g' | b'G', digits) => (digits, 1 << 30),
        _ => (text, 1),
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    digits.to_str().ok()?.parse::<u64>().ok()?.checked_mul(unit)
}
