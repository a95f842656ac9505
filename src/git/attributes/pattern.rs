//! Whether a pattern of a `.gitattributes` file matches a path, as git's `match_basename` and
//! `match_pathname` (`dir.c`) decide it.

use gix_glob::wildmatch;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

/// Bytes that make a pattern more than a text.
const GLOB: &[u8] = br"*?[\";

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pattern {
    text: BString,
    /// It has no slash: it matches the last name of a path.
    is_name: bool,
    /// It ends with a slash: it matches directories, whose attributes only an archive asks for.
    is_directory: bool,
    /// Bytes before its first wildcard.
    literal_bytes: usize,
}

impl Pattern {
    /// Reads a pattern; `None` if it is negative, which git ignores.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.starts_with(b"!") {
            return None;
        }
        let (text, is_directory) = match text.strip_suffix(b"/") {
            Some(text) => (text, true),
            None => (text, false),
        };
        Some(Self {
            is_name: !text.contains(&b'/'),
            is_directory,
            literal_bytes: text.find_byteset(GLOB).unwrap_or(text.len()),
            text: text.into(),
        })
    }

    /// Whether it matches a file; the path is relative to the directory of the pattern's file.
    pub(super) fn matches(&self, path: &BStr) -> bool {
        self.matches_entry(path, false)
    }

    /// Whether it matches a file or a directory, whose path has no slash at its end.
    pub(super) fn matches_entry(&self, path: &BStr, is_directory: bool) -> bool {
        if self.is_directory && !is_directory {
            return false;
        }
        if self.is_name {
            let name = path.rsplit_str("/").next().unwrap_or(path);
            return self.matches_name(name.as_bstr());
        }
        self.matches_path(path)
    }

    fn matches_name(&self, name: &BStr) -> bool {
        if self.literal_bytes == self.text.len() {
            return self.text == name;
        }
        wildmatch(self.text.as_bstr(), name, wildmatch::Mode::empty())
    }

    fn matches_path(&self, path: &BStr) -> bool {
        let text = self.text.strip_prefix(b"/");
        let is_absolute = text.is_some();
        let text = text.unwrap_or(&self.text);
        let literal_bytes = self.literal_bytes.saturating_sub(usize::from(is_absolute));
        let (literal, rest) = text.split_at_checked(literal_bytes).unwrap_or((text, &[]));
        let Some(path) = path.strip_prefix(literal) else {
            return false;
        };
        if rest.is_empty() && path.is_empty() {
            return true;
        }
        // Git matches the rest by itself: in `a**/b` the stars count as the beginning of a pattern.
        let mode = wildmatch::Mode::NO_MATCH_SLASH_LITERAL;
        wildmatch(rest.as_bstr(), path.as_bstr(), mode)
    }
}
