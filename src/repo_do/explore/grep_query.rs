//! The query of a search in files, read strictly.

use std::fmt::Write as _;

use crate::git::compare::paths::PathLimits;
use crate::git::grep::Pattern;
use crate::repo_do::compare::query::{Paths, number, switch};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::query::{fields, unknown, wrong};

/// The most bytes of a pattern.
const PATTERN_BYTES_MAX: usize = 1_000;
/// The most lines of context.
const CONTEXT_MAX: u32 = 20;
/// The most matches of a page, and how many it has unless the query says otherwise.
const LIMIT: (u32, u32) = (1_000, 100);

/// A client's wishes for a search.
pub(super) struct GrepQuery {
    /// Where to search.
    pub(super) revision: String,
    /// The pattern to search for.
    pub(super) pattern: Pattern,
    /// Lines around a match.
    pub(super) context: usize,
    /// Matches of a page.
    pub(super) limit: usize,
    /// Where the page before ended.
    pub(super) cursor: Option<String>,
    /// The question without its page.
    pub(super) asked: String,
    paths: Paths,
}

impl GrepQuery {
    /// Reads a query.
    pub(super) fn read(text: &str) -> Result<Self, ErrorReply> {
        let (mut revision, mut pattern, mut cursor) = (None, None, None);
        let (mut fixed, mut ignore_case) = (false, false);
        let (mut context, mut limit) = (0, LIMIT.1);
        let mut paths = Paths::default();
        let mut asked = String::new();
        for field in fields(text) {
            let (field, value) = field?;
            match field.as_ref() {
                "ref" => revision = Some(value.to_string()),
                "pattern" => pattern = Some(value.to_string()),
                "fixed" => fixed = switch("fixed", &value)?,
                "ignore_case" => ignore_case = switch("ignore_case", &value)?,
                "context" => context = number("context", &value, CONTEXT_MAX)?,
                "limit" => limit = number("limit", &value, LIMIT.0)?.max(1),
                "cursor" => cursor = Some(value.to_string()).filter(|text| !text.is_empty()),
                "path" => paths.add(&value)?,
                _ => return Err(unknown(&field)),
            }
            if !["limit", "cursor", "ref"].contains(&field.as_ref()) {
                let _ = write!(asked, "{field}={value:?}&");
            }
        }
        let pattern = pattern.ok_or_else(|| wrong("pattern", "pattern is needed".to_owned()))?;
        if pattern.len() > PATTERN_BYTES_MAX {
            let bytes = pattern.len();
            let message =
                format!("a pattern has {PATTERN_BYTES_MAX} bytes at most, this one {bytes}");
            return Err(wrong("pattern", message));
        }
        let pattern = Pattern::new(&pattern, fixed, ignore_case);
        Ok(Self {
            revision: revision.unwrap_or_else(|| "HEAD".to_owned()),
            pattern: pattern.map_err(|error| wrong("pattern", error.to_string()))?,
            context: context as usize,
            limit: limit as usize,
            cursor,
            asked,
            paths,
        })
    }

    /// The limits by path.
    pub(super) fn limits(&self) -> PathLimits {
        self.paths.limits()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_field_is_named() {
        for (text, pointer) in [
            ("", "/pattern"),
            ("pattern=(", "/pattern"),
            ("pattern=a&pattern=b", "/pattern"),
            ("pattern=a&context=21", "/context"),
            ("pattern=a&limit=1001", "/limit"),
            ("pattern=a&fixed=maybe", "/fixed"),
            ("pattern=a&path=", "/path"),
            ("pattern=a&colour=red", "/colour"),
        ] {
            let error = GrepQuery::read(text).err().unwrap();
            assert_eq!(error.pointer.unwrap(), pointer, "{text}");
        }
        let long = format!("pattern={}", "a".repeat(1_001));
        assert!(GrepQuery::read(&long).is_err());
        let query = GrepQuery::read("pattern=(&fixed&path=a&path=b&limit=5").unwrap();
        assert_eq!((query.limit, query.context), (5, 0));
        assert_eq!(query.revision, "HEAD");
    }
}
