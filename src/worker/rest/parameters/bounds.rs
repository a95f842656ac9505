//! Bounds on texts and numbers, and the errors of values beyond them.

use std::fmt::Display;

use crate::repo_do::contract::{ErrorCode, ErrorReply};

/// A pebibyte; the platform's numbers are exact up to eight of them.
pub(crate) const THRESHOLD_BYTES_MAX: u64 = 1 << 50;
pub(crate) const PAGE_MAX: u32 = 1_000_000;
pub(crate) const PER_PAGE_MAX: u32 = 200;
pub(crate) const PER_PAGE_DEFAULT: u32 = 50;
const CURSOR_CHARACTERS_MAX: usize = 512;

/// Entries of a page.
pub(crate) fn page_limit(given: Option<u32>) -> Result<u32, ErrorReply> {
    within("limit", PER_PAGE_MAX, PER_PAGE_DEFAULT, given)
}

/// A cursor; an empty one counts as absent.
pub(crate) fn cursor(given: Option<String>) -> Result<Option<String>, ErrorReply> {
    let cursor = bounded("cursor", CURSOR_CHARACTERS_MAX, given)?;
    Ok(cursor.filter(|cursor| !cursor.is_empty()))
}

/// The error of a cursor that another list gave, or nobody.
pub(crate) fn foreign_cursor() -> ErrorReply {
    let message = "the cursor does not belong to this list";
    ErrorReply::at(ErrorCode::InvalidInput, "/cursor", message)
}

pub(crate) fn at_most<T: Copy + PartialOrd + Display>(
    field: &str,
    max: T,
    given: Option<T>,
) -> Result<Option<T>, ErrorReply> {
    match given {
        Some(given) if given > max => {
            let message = format!("{field} must be 0 to {max}, this is {given}");
            let pointer = format!("/{field}");
            Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message))
        }
        given => Ok(given),
    }
}

pub(crate) fn bounded(
    field: &str,
    characters_max: usize,
    text: Option<String>,
) -> Result<Option<String>, ErrorReply> {
    let characters = text.as_deref().map_or(0, |text| text.chars().count());
    match &text {
        _ if characters > characters_max => {
            let message = format!("{field} has {characters} characters, at most {characters_max}");
            Err(ErrorReply::at(
                ErrorCode::InvalidInput,
                format!("/{field}"),
                message,
            ))
        }
        Some(text) if text.contains('\0') => {
            let message = format!("{field} has a NUL character");
            Err(ErrorReply::at(
                ErrorCode::InvalidInput,
                format!("/{field}"),
                message,
            ))
        }
        _ => Ok(text),
    }
}

pub(crate) fn within(
    field: &str,
    max: u32,
    default: u32,
    given: Option<u32>,
) -> Result<u32, ErrorReply> {
    match given.unwrap_or(default) {
        number if (1..=max).contains(&number) => Ok(number),
        number => {
            let message = format!("{field} must be 1 to {max}, this is {number}");
            Err(ErrorReply::at(
                ErrorCode::InvalidInput,
                format!("/{field}"),
                message,
            ))
        }
    }
}
