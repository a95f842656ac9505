//! The refs that name a commit: `%d`, `%D` and `%(decorate:…)` (`format_decorations` of git's
//! `log-tree.c`).

use gix_object::bstr::BString;

use super::arguments::Reader;
use super::known::{CommitNames, Known, RefKind, Stop};

/// The texts around refs.
struct Around {
    prefix: BString,
    suffix: BString,
    separator: BString,
    pointer: BString,
    tag: BString,
}

impl Default for Around {
    fn default() -> Self {
        Self {
            prefix: " (".into(),
            suffix: ")".into(),
            separator: ", ".into(),
            pointer: " -> ".into(),
            tag: "tag: ".into(),
        }
    }
}

/// Writes the refs, in brackets or without.
pub(super) fn write(names: &CommitNames, in_brackets: bool, out: &mut Vec<u8>) {
    let mut around = Around::default();
    if !in_brackets {
        (around.prefix, around.suffix) = (BString::default(), BString::default());
    }
    around.write(names, out);
}

/// Writes `(decorate:…)`; gives its bytes, 0 if no placeholder stands there.
pub(super) fn placeholder(text: &[u8], known: &Known, out: &mut Vec<u8>) -> Result<usize, Stop> {
    let Some(rest) = text.strip_prefix(b"(decorate") else {
        return Ok(0);
    };
    let mut around = Around::default();
    let mut reader = Reader { rest };
    if let Some(rest) = rest.strip_prefix(b":") {
        reader.rest = rest;
        while around.read(&mut reader) {}
    }
    if !reader.rest.starts_with(b")") {
        return Ok(0);
    }
    around.write(known.names()?, out);
    Ok(text
        .len()
        .saturating_sub(reader.rest.len())
        .saturating_add(1))
}

impl Around {
    fn read(&mut self, reader: &mut Reader<'_>) -> bool {
        for (name, text) in [
            ("prefix", &mut self.prefix),
            ("suffix", &mut self.suffix),
            ("separator", &mut self.separator),
            ("pointer", &mut self.pointer),
            ("tag", &mut self.tag),
        ] {
            if let Some(given) = reader.take_text(name) {
                *text = given;
                return true;
            }
        }
        false
    }

    fn write(&self, names: &CommitNames, out: &mut Vec<u8>) {
        if names.refs.is_empty() {
            return;
        }
        for (number, named) in names.refs.iter().enumerate() {
            out.extend_from_slice(if number == 0 {
                &self.prefix
            } else {
                &self.separator
            });
            match named.kind {
                RefKind::Head => {
                    out.extend_from_slice(b"HEAD");
                    out.extend_from_slice(&self.pointer);
                }
                RefKind::Tag => out.extend_from_slice(&self.tag),
                RefKind::Other => {}
            }
            out.extend_from_slice(&named.name);
        }
        out.extend_from_slice(&self.suffix);
    }
}
