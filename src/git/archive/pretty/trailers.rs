//! `%(trailers:…)`: the trailers of a message (`format_trailers_from_commit` of git's `trailer.c`).

use gix_object::bstr::{BString, ByteSlice as _};

use super::arguments::Reader;
use super::text::{is_space, trim, trim_end};
use crate::git::edit::trailers as found;

/// The options: which trailers to show, and how.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of git's")]
struct Options {
    keys: Vec<BString>,
    separator: Option<BString>,
    key_separator: Option<BString>,
    only_trailers: bool,
    unfold: bool,
    key_only: bool,
    value_only: bool,
}

/// Writes `(trailers:…)` for a message that begins with its title; gives its bytes, 0 if no placeholder
/// stands there.
pub(super) fn write(text: &[u8], message: &[u8], out: &mut Vec<u8>) -> usize {
    let Some(rest) = text.strip_prefix(b"(trailers") else {
        return 0;
    };
    let mut options = Options::default();
    let mut reader = Reader { rest };
    if let Some(rest) = rest.strip_prefix(b":") {
        reader.rest = rest;
        while !reader.rest.starts_with(b")") {
            if options.read(&mut reader).is_none() {
                return 0;
            }
        }
    }
    if !reader.rest.starts_with(b")") {
        return 0;
    }
    options.write(message, out);
    text.len()
        .saturating_sub(reader.rest.len())
        .saturating_add(1)
}

impl Options {
    fn read(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        if let Some(key) = reader.take("key") {
            let key = key.value?;
            self.keys.push(key.strip_suffix(b":").unwrap_or(key).into());
            self.only_trailers = true;
        } else if let Some(separator) = reader.take_text("separator") {
            self.separator = Some(separator);
        } else if let Some(separator) = reader.take_text("key_value_separator") {
            self.key_separator = Some(separator);
        } else if let Some(is_on) = reader.take_switch("only") {
            self.only_trailers = is_on;
        } else if let Some(is_on) = reader.take_switch("unfold") {
            self.unfold = is_on;
        } else if let Some(is_on) = reader.take_switch("keyonly") {
            self.key_only = is_on;
        } else {
            self.value_only = reader.take_switch("valueonly")?;
        }
        Some(())
    }

    fn is_plain(&self) -> bool {
        let has_text = self.separator.is_some() || self.key_separator.is_some();
        let is_changed = self.only_trailers || self.unfold || self.key_only || self.value_only;
        !has_text && !is_changed && self.keys.is_empty()
    }

    fn write(&self, message: &[u8], out: &mut Vec<u8>) {
        // A character for each byte: the keys to look for are ASCII.
        let text: String = message.iter().copied().map(char::from).collect();
        let bytes = |text: &str| -> Vec<u8> {
            text.chars()
                .filter_map(|c| u8::try_from(u32::from(c)).ok())
                .collect()
        };
        if self.is_plain() {
            out.extend_from_slice(&bytes(found::block(&text)));
            return;
        }
        let start = out.len();
        for line in found::lines(&text) {
            let line = bytes(&line);
            if !line.starts_with(b"#") {
                self.write_line(&line, start, out);
            }
        }
    }

    fn write_line(&self, line: &[u8], start: usize, out: &mut Vec<u8>) {
        let separate = |out: &mut Vec<u8>| {
            if let Some(separator) = self.separator.as_ref().filter(|_| out.len() != start) {
                out.extend_from_slice(separator);
            }
        };
        let split = found::separator_of(line).and_then(|at| line.split_at_checked(at));
        let Some((key, value)) = split else {
            if !self.only_trailers {
                separate(out);
                out.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
                if self.separator.is_some() {
                    let kept = trim_end(out).len();
                    out.truncate(kept);
                } else {
                    out.push(b'\n');
                }
            }
            return;
        };
        let (key, value) = (trim(key), trim(value.get(1..).unwrap_or_default()));
        let is_wanted = |known: &BString| known.eq_ignore_ascii_case(key);
        if !self.keys.is_empty() && !self.keys.iter().any(is_wanted) {
            return;
        }
        separate(out);
        if !self.value_only {
            out.extend_from_slice(key);
        }
        if !self.key_only && !self.value_only {
            let separator = self.key_separator.as_ref();
            out.extend_from_slice(separator.map_or(b": ", |separator| separator.as_bytes()));
        }
        if !self.key_only {
            if self.unfold {
                out.extend_from_slice(&unfolded(value));
            } else {
                out.extend_from_slice(value);
            }
        }
        if self.separator.is_none() {
            out.push(b'\n');
        }
    }
}

/// A value on one line.
fn unfolded(value: &[u8]) -> Vec<u8> {
    let (mut out, mut rest) = (Vec::with_capacity(value.len()), value);
    while let Some((line, behind)) = rest.split_once_str("\n") {
        out.extend_from_slice(line);
        out.push(b' ');
        let text = behind.iter().position(|byte| !is_space(*byte));
        rest = text.and_then(|at| behind.get(at..)).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    trim(&out).to_vec()
}
