//! A query, read strictly: each field is known, and comes once.

use std::borrow::Cow;

use super::error::{ErrorCode, ErrorReply};

/// A field and its value, decoded.
type Field<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The fields in their order. One that comes twice is refused, except `path`.
pub(crate) fn fields(text: &str) -> impl Iterator<Item = Result<Field<'_>, ErrorReply>> {
    let mut given = Vec::new();
    form_urlencoded::parse(text.as_bytes()).map(move |(field, value)| {
        if field != "path" && given.contains(&field) {
            return Err(wrong(&field, format!("{field} is given twice")));
        }
        given.push(field.clone());
        Ok((field, value))
    })
}

/// The route does not have this field.
pub(crate) fn unknown(field: &str) -> ErrorReply {
    wrong(field, format!("this route takes no parameter {field}"))
}

/// The field and its fault.
pub(crate) fn wrong(field: &str, message: String) -> ErrorReply {
    ErrorReply::at(ErrorCode::InvalidInput, format!("/{field}"), message)
}
