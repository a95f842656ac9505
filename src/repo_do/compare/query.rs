//! The query of a comparison, read strictly.

use gix_object::bstr::{BString, ByteSlice as _};

use crate::git::compare::paths::PathLimits;
use crate::git::compare::renames::RenameOptions;
use crate::git::compare::text::Whitespace;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::contract::compare::HEAD_REPOSITORY;
use crate::repo_do::contract::query::{fields, unknown, wrong};

/// The most paths to which one comparison may be limited.
const PATHS_MAX: usize = 100;
/// The most bytes of such a path.
const PATH_BYTES_MAX: usize = 4096;
/// The most lines of context.
const CONTEXT_MAX: u32 = 1000;
/// Lines of context unless the query says otherwise, as in git.
const CONTEXT_DEFAULT: u32 = 3;
/// The most commits that one answer shows.
pub(super) const COMMITS_MAX: u32 = 1000;
/// Commits that it shows unless the query says otherwise.
const COMMITS_DEFAULT: u32 = 100;

/// The fields of all comparisons; each route takes some of them.
#[derive(Debug, Clone)]
pub(super) struct CompareQuery {
    /// The old side.
    pub(super) base: Option<String>,
    /// The new side.
    pub(super) head: Option<String>,
    /// The other repository that the new side is in.
    pub(super) head_repository: Option<String>,
    /// Several revisions, with commas between them.
    pub(super) refs: Option<String>,
    paths: Paths,
    /// Lines of context.
    pub(super) context: u32,
    /// Whether to look for renames.
    with_renames: bool,
    /// Whether to compare changed lines word by word.
    pub(super) by_words: bool,
    /// Whether lines differ by their white space.
    pub(super) whitespace: Whitespace,
    /// How many commits to show.
    pub(super) limit: u32,
}

impl CompareQuery {
    /// Reads the query of a route that takes these fields. Each may come once, `path` more often.
    pub(super) fn read(text: &str, takes: &[&str]) -> Result<Self, ErrorReply> {
        let mut query = Self {
            base: None,
            head: None,
            head_repository: None,
            refs: None,
            paths: Paths::default(),
            context: CONTEXT_DEFAULT,
            with_renames: true,
            by_words: false,
            whitespace: Whitespace::Counts,
            limit: COMMITS_DEFAULT,
        };
        for field in fields(text) {
            let (field, value) = field?;
            if !takes.contains(&field.as_ref()) {
                return Err(unknown(&field));
            }
            match field.as_ref() {
                "base" => query.base = Some(value.into_owned()),
                "head" => query.head = Some(value.into_owned()),
                HEAD_REPOSITORY => query.head_repository = Some(value.into_owned()),
                "refs" => query.refs = Some(value.into_owned()),
                "context" => query.context = number("context", &value, CONTEXT_MAX)?,
                "limit" => query.limit = number("limit", &value, COMMITS_MAX)?,
                "word" => query.by_words = switch("word", &value)?,
                "ignore_whitespace" => {
                    let is_ignored = switch("ignore_whitespace", &value)?;
                    query.whitespace = Whitespace::ignored_if(is_ignored);
                }
                "renames" => query.with_renames = switch("renames", &value)?,
                _ => query.paths.add(&value)?,
            }
        }
        Ok(query)
    }

    /// The limits by path.
    pub(super) fn paths(&self) -> PathLimits {
        self.paths.limits()
    }

    /// Which renames to look for.
    pub(super) fn renames(&self) -> Option<RenameOptions> {
        self.with_renames.then(RenameOptions::default)
    }
}

/// The paths to which a query limits its answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Paths(Vec<BString>);

impl Paths {
    /// Adds one that a query gives.
    pub(crate) fn add(&mut self, path: &str) -> Result<(), ErrorReply> {
        if path.is_empty() || path.len() > PATH_BYTES_MAX {
            let message = format!(
                "a path has 1 to {PATH_BYTES_MAX} bytes, this one {}",
                path.len()
            );
            return Err(wrong("path", message));
        }
        if self.0.len() >= PATHS_MAX {
            return Err(wrong("path", format!("more than {PATHS_MAX} paths")));
        }
        self.0.push(path.into());
        Ok(())
    }

    /// The limits that they are.
    pub(crate) fn limits(&self) -> PathLimits {
        PathLimits::new(self.iter().map(|path| path.as_bytes()))
    }

    /// Each of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &BString> {
        self.0.iter()
    }
}

/// The value of a required field.
pub(super) fn needed<'a>(field: &str, value: Option<&'a str>) -> Result<&'a str, ErrorReply> {
    value.ok_or_else(|| wrong(field, format!("{field} is needed")))
}

/// A number up to a bound.
pub(crate) fn number(field: &str, value: &str, max: u32) -> Result<u32, ErrorReply> {
    let number = value.parse().ok().filter(|number| *number <= max);
    number.ok_or_else(|| wrong(field, format!("{field} must be 0 to {max}, not '{value}'")))
}

/// A switch, which stands for true where it has no value.
pub(crate) fn switch(field: &str, value: &str) -> Result<bool, ErrorReply> {
    match value {
        "" | "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(wrong(
            field,
            format!("{field} must be true or false, not '{value}'"),
        )),
    }
}

/// Cuts `base...head` or `base..head`; an empty side is `HEAD`. The flag says whether to compare the head
/// with the merge base, as three dots ask.
pub(super) fn spec(text: &str) -> Result<(String, String, bool), ErrorReply> {
    let decoded = percent_encoding::percent_decode_str(text).decode_utf8();
    let decoded = decoded.map_err(|_| wrong("spec", "the revisions are not UTF-8".to_owned()))?;
    let (base, head, from_merge_base) = if let Some((base, head)) = decoded.split_once("...") {
        (base, head, true)
    } else {
        let (base, head) = decoded.split_once("..").ok_or_else(|| {
            let message = "two revisions are needed, with '...' or '..' between them";
            wrong("spec", message.to_owned())
        })?;
        (base, head, false)
    };
    let name = |name: &str| if name.is_empty() { "HEAD" } else { name }.to_owned();
    Ok((name(base), name(head), from_merge_base))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo_do::contract::ErrorCode;

    const ALL: [&str; 10] = [
        "base",
        "head",
        "head_repository",
        "path",
        "context",
        "renames",
        "limit",
        "refs",
        "word",
        "ignore_whitespace",
    ];

    #[test]
    fn each_field_has_its_bound_and_is_named() {
        let blamed = |text: &str, takes: &[&str]| {
            let error = CompareQuery::read(text, takes).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidInput);
            error.pointer.unwrap()
        };
        for (text, pointer) in [
            ("context=1001", "/context"),
            ("context=-1", "/context"),
            ("limit=x", "/limit"),
            ("renames=maybe", "/renames"),
            ("word=maybe", "/word"),
            ("ignore_whitespace=maybe", "/ignore_whitespace"),
            ("base=a&base=b", "/base"),
            (
                "head_repository=a/b&head_repository=a/c",
                "/head_repository",
            ),
            ("path=", "/path"),
            ("colour=red", "/colour"),
        ] {
            assert_eq!(blamed(text, &ALL), pointer, "{text}");
        }
        assert_eq!(blamed("limit=1", &["refs"]), "/limit");
        assert_eq!(blamed(&"path=a&".repeat(101), &ALL), "/path");
        assert_eq!(blamed(&format!("path={}", "p".repeat(4097)), &ALL), "/path");
        let query = CompareQuery::read("path=a&path=b%2F&context=0&renames=false", &ALL).unwrap();
        assert_eq!(query.context, 0);
        assert_eq!(query.renames(), None);
        assert!(!query.by_words);
        for text in ["word", "word=true", "word=1"] {
            assert!(CompareQuery::read(text, &ALL).unwrap().by_words);
        }
        assert_eq!(query.paths(), PathLimits::new([&b"a"[..], b"b/"]));
    }

    #[test]
    fn two_revisions_with_dots_between_them() {
        let cut = |text: &str| spec(text).unwrap();
        let is = |base: &str, head: &str, met| (base.to_owned(), head.to_owned(), met);
        assert_eq!(cut("main...a%2Fb"), is("main", "a/b", true));
        assert_eq!(cut("main..v1.0"), is("main", "v1.0", false));
        assert_eq!(cut("...x"), is("HEAD", "x", true));
        for wrong in ["main", "%ff...x"] {
            assert_eq!(spec(wrong).unwrap_err().pointer.unwrap(), "/spec");
        }
    }
}
