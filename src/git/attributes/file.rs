//! One `.gitattributes` file, read as git's `attr.c` reads it from a tree: a line that git ignores
//! with a warning is ignored.

use gix_object::bstr::{BString, ByteSlice as _};

use super::pattern::Pattern;
use crate::git::unquote::unquote;

/// Bytes of the longest line that git reads, plus one (`ATTR_MAX_LINE_LENGTH`).
const LINE_BYTES_END: usize = 2048;

/// How a line begins that defines a macro.
const MACRO_PREFIX: &[u8] = b"[attr]";

/// The beginning of the names that git keeps for itself.
const RESERVED_PREFIX: &[u8] = b"builtin_";

/// Bytes between the words of a line.
const BLANK: &[u8] = b" \t\r\n";

/// The value that a line gives an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Setting {
    /// `name`
    Set,
    /// `-name`
    Unset,
    /// `!name`: as if no line above had said anything.
    Unspecified,
    /// `name=value`
    Value(BString),
}

/// An attribute, and its value in a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: BString,
    pub(super) setting: Setting,
}

/// A line that sets attributes of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) pattern: Pattern,
    pub(super) assignments: Vec<Assignment>,
}

/// The lines of one file, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AttributesFile {
    pub(super) lines: Vec<Line>,
    /// Macros by name, as they are defined one after the other.
    pub(super) macros: Vec<(BString, Vec<Assignment>)>,
}

impl AttributesFile {
    /// Reads a file; any bytes are one. Only the file of the root may define macros: in others git
    /// ignores them.
    pub fn parse(content: &[u8], is_root: bool) -> Self {
        // Git reads the file as a C string.
        let end = content.find_byte(0).unwrap_or(content.len());
        let text = content.get(..end).unwrap_or(content);
        let mut file = Self::default();
        for line in text.split(|byte| *byte == b'\n') {
            file.take(line, is_root);
        }
        file
    }

    fn take(&mut self, line: &[u8], is_root: bool) -> Option<()> {
        let text = skip_blank(line);
        let is_comment = text.first().is_none_or(|first| *first == b'#');
        if is_comment || line.len() >= LINE_BYTES_END {
            return None;
        }
        let quoted = unquote(text);
        let (name, rest) = quoted.unwrap_or_else(|| {
            let (name, rest) = split_word(text);
            (BString::from(name), rest)
        });
        let macro_name = name.strip_prefix(MACRO_PREFIX);
        let macro_name = macro_name.filter(|name| !name.is_empty());
        if let Some(macro_name) = macro_name {
            let (macro_name, _) = split_word(skip_blank(macro_name));
            if !is_root || !is_valid(macro_name) {
                return None;
            }
            let macro_name = BString::from(macro_name);
            self.macros.push((macro_name, assignments(rest)?));
        } else {
            let assignments = assignments(rest)?;
            let pattern = Pattern::parse(&name)?;
            self.lines.push(Line {
                pattern,
                assignments,
            });
        }
        Some(())
    }
}

/// The attributes of a line; `None` if one of the names is invalid, for which git ignores the line.
fn assignments(mut text: &[u8]) -> Option<Vec<Assignment>> {
    let mut found = Vec::new();
    loop {
        text = skip_blank(text);
        if text.is_empty() {
            return Some(found);
        }
        let (word, rest) = split_word(text);
        text = rest;
        found.push(assignment(word)?);
    }
}

fn assignment(word: &[u8]) -> Option<Assignment> {
    let (name, value) = match word.split_once_str("=") {
        Some((name, value)) => (name, Some(value)),
        None => (word, None),
    };
    let (name, setting) = match name.split_first() {
        Some((b'-', name)) => (name, Setting::Unset),
        Some((b'!', name)) => (name, Setting::Unspecified),
        _ => {
            let setting = value.map_or(Setting::Set, |value| Setting::Value(value.into()));
            (name, setting)
        }
    };
    (is_valid(name) && !name.starts_with(RESERVED_PREFIX)).then(|| Assignment {
        name: name.into(),
        setting,
    })
}

/// Whether git takes this for the name of an attribute.
fn is_valid(name: &[u8]) -> bool {
    let is_taken = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    !name.is_empty() && !name.starts_with(b"-") && name.iter().all(is_taken)
}

fn skip_blank(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| !BLANK.contains(byte));
    start
        .and_then(|start| text.get(start..))
        .unwrap_or_default()
}

/// The text up to the first blank, and the rest.
fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.find_byteset(BLANK).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, &[]))
}
