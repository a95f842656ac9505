//! Sparse-checkout patterns: those of gitignore, but matching paths are taken
//! (<https://git-scm.com/docs/git-sparse-checkout#_internalsfull_pattern_set>).

use gix_glob::pattern::{Case, Mode};
use gix_glob::{Pattern, wildmatch};
use gix_object::bstr::{BStr, ByteSlice};

/// The patterns of one file, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SparsePatterns(Vec<Pattern>);

impl SparsePatterns {
    /// Reads a file of patterns, one a line; any bytes are one.
    pub fn parse(content: &[u8]) -> Self {
        let content = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
        let lines = content.split(|byte| *byte == b'\n');
        let lines = lines.map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let patterns = lines.filter(|line| !line.starts_with(b"#"));
        Self(
            patterns
                .filter_map(|line| Pattern::from_bytes(without_trailing_spaces(line)))
                .collect(),
        )
    }

    /// Whether the path is taken; `None` when no pattern matches, so that its directory decides.
    /// The last pattern that matches has its way. The root directory is the empty path.
    pub(crate) fn decide(&self, path: &BStr, is_directory: bool) -> Option<bool> {
        let basename_start = path.rfind_byte(b'/').map(|slash| slash.saturating_add(1));
        let matches = |pattern: &&Pattern| {
            pattern.matches_repo_relative_path(
                path,
                basename_start,
                Some(is_directory),
                Case::Sensitive,
                wildmatch::Mode::NO_MATCH_SLASH_LITERAL,
            )
        };
        let found = self.0.iter().rev().find(matches)?;
        Some(!found.mode.contains(Mode::NEGATIVE))
    }
}

/// The line up to its trailing spaces; a space behind a backslash is not one of them.
fn without_trailing_spaces(line: &[u8]) -> &[u8] {
    let mut spaces_start = None;
    let mut escaped = false;
    for (at, byte) in line.iter().enumerate() {
        match byte {
            b'\\' if !escaped => {
                escaped = true;
                continue;
            }
            b' ' if !escaped => {
                spaces_start.get_or_insert(at);
            }
            _ => spaces_start = None,
        }
        escaped = false;
    }
    match spaces_start {
        Some(end) if !escaped => line.get(..end).unwrap_or(line),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(patterns: &str, path: &str, expect: Option<bool>) {
        let is_directory = path.is_empty() || path.ends_with('/');
        let path = path.trim_end_matches('/');
        let decided = SparsePatterns::parse(patterns.as_bytes()).decide(path.into(), is_directory);
        assert_eq!(decided, expect, "{patterns:?} on {path:?}");
    }

    #[test]
    fn the_last_match_decides() {
        check("/*\n!/docs/\n", "docs/", Some(false));
        check("/*\n!/docs/\n", "docs", Some(true));
        check("/*\n!/docs/\n", "docs/a", None);
        check("/*\n", "", Some(true));
        check("*.c\n", "a/b.c", Some(true));
        check("a/*.c\n", "a/b/d.c", None);
        check("# no\n\\#yes\r\nx  \ny\\ \n", "#yes", Some(true));
        check("x  \n", "x", Some(true));
        check("y\\ \n", "y ", Some(true));
        check("", "a", None);
    }
}
