//! A blob's content as a checkout has it (`convert_to_working_tree` of git's `convert.c`), and as
//! `export-subst` fills it in. A server has no filters, no `core.autocrlf`, and the line ends of Unix.

use gix_hash::oid;
use gix_object::bstr::ByteSlice as _;

use super::encoding::Encoding;
use super::pretty::known::Stop;
use super::pretty::{Placeholders, filled_bytes_max};
use crate::git::attributes::State;
use crate::git::protocol::oid_hex;

/// Where the text of a placeholder begins and ends.
const FORMAT_START: &[u8] = b"$Format:";

/// How the content of a file differs from that of its blob.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Conversion {
    /// Which line ends it has.
    pub(crate) line_ends: LineEnds,
    /// Whether `$Id$` is filled in.
    pub(crate) with_id: bool,
    /// Whether the placeholders of `export-subst` are.
    pub(crate) with_placeholders: bool,
    /// The encoding that it has instead of UTF-8.
    pub(crate) encoding: Option<Encoding>,
}

/// Which line ends a file has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LineEnds {
    /// Those of its blob.
    #[default]
    AsStored,
    /// CR LF: a line that ends with LF gets a CR.
    CrLf,
    /// CR LF, if the blob is a text with no CR at all.
    CrLfIfText,
}

impl LineEnds {
    /// By the attributes `text`, `crlf` (an older name of it) and `eol`.
    pub(crate) fn of(text: State<'_>, crlf: State<'_>, eol: State<'_>) -> Self {
        let is =
            |state: State<'_>, value: &str| matches!(state, State::Value(text) if text == value);
        let text = match text {
            State::Unspecified => crlf,
            State::Value(value) if value != "auto" && value != "input" => crlf,
            text => text,
        };
        if text == State::Unset || !is(eol, "crlf") {
            Self::AsStored
        } else if is(text, "auto") {
            Self::CrLfIfText
        } else {
            Self::CrLf
        }
    }
}

impl Conversion {
    /// Whether the content is the blob's.
    pub(crate) fn is_none(self) -> bool {
        self == Self::default()
    }

    /// The encoding that the attribute `working-tree-encoding` asks for. One that is not known asks for
    /// nothing.
    pub(crate) fn encoding_of(state: State<'_>) -> Option<Encoding> {
        match state {
            State::Value(name) => Encoding::of(name),
            _ => None,
        }
    }

    /// The content of a file whose blob has this one.
    pub(crate) fn apply(
        self,
        id: &oid,
        content: &[u8],
        placeholders: Option<&Placeholders<'_>>,
    ) -> Result<Vec<u8>, Stop> {
        let mut content = content.to_vec();
        if self.with_id {
            content = with_id(&content, id);
        }
        if ends_with_cr_lf(self.line_ends, &content) {
            content = with_cr_lf(&content);
        }
        // Text that the encoding cannot hold stays as it is, and so does an empty file.
        let encoding = self.encoding.filter(|_| !content.is_empty());
        if let Some(encoded) = encoding.and_then(|encoding| encoding.encode(&content)) {
            content = encoded;
        }
        if let Some(placeholders) = placeholders.filter(|_| self.with_placeholders) {
            content = with_placeholders(&content, placeholders)?;
        }
        Ok(content)
    }
}

/// Counts of a content that decide about its line ends (`gather_stats` of git).
#[derive(Debug, Default)]
struct Stats {
    lone_cr: usize,
    lone_lf: usize,
    cr_lf: usize,
    nul: usize,
    printable: usize,
    others: usize,
}

impl Stats {
    fn of(content: &[u8]) -> Self {
        let mut stats = Self::default();
        let mut bytes = content.iter().copied().peekable();
        let add = |count: &mut usize| *count = count.saturating_add(1);
        while let Some(byte) = bytes.next() {
            match byte {
                b'\r' if bytes.next_if_eq(&b'\n').is_some() => add(&mut stats.cr_lf),
                b'\r' => add(&mut stats.lone_cr),
                b'\n' => add(&mut stats.lone_lf),
                // BS, HT, ESC, FF
                0x08 | b'\t' | 0x1b | 0x0c => add(&mut stats.printable),
                0 => {
                    add(&mut stats.nul);
                    add(&mut stats.others);
                }
                1..=31 | 127 => add(&mut stats.others),
                _ => add(&mut stats.printable),
            }
        }
        // The end of a file of DOS.
        if content.last() == Some(&0x1a) {
            stats.others = stats.others.saturating_sub(1);
        }
        stats
    }

    fn is_binary(&self) -> bool {
        self.lone_cr > 0 || self.nul > 0 || (self.printable >> 7) < self.others
    }
}

fn ends_with_cr_lf(line_ends: LineEnds, content: &[u8]) -> bool {
    match line_ends {
        LineEnds::AsStored => false,
        LineEnds::CrLf => content.contains(&b'\n'),
        LineEnds::CrLfIfText => {
            let stats = Stats::of(content);
            stats.lone_lf > 0 && stats.cr_lf == 0 && !stats.is_binary()
        }
    }
}

fn with_cr_lf(content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut last = 0;
    for byte in content {
        if *byte == b'\n' && last != b'\r' {
            out.push(b'\r');
        }
        out.push(*byte);
        last = *byte;
    }
    out
}

/// Fills in `$Id$`; text between the dollars is replaced, unless it looks like another system's.
fn with_id(content: &[u8], id: &oid) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some((before, behind)) = rest.split_once_str("$") {
        out.extend_from_slice(before);
        out.push(b'$');
        rest = behind;
        let Some(expanded) = expanded(behind) else {
            continue;
        };
        out.extend_from_slice(b"Id: ");
        out.extend_from_slice(&oid_hex::hex(id));
        out.extend_from_slice(b" $");
        rest = expanded;
    }
    out.extend_from_slice(rest);
    out
}

/// The text behind `Id$` or `Id: …$`; `None` if the text does not begin with one.
fn expanded(text: &[u8]) -> Option<&[u8]> {
    let text = text.strip_prefix(b"Id")?;
    if let Some(behind) = text.strip_prefix(b"$") {
        return Some(behind);
    }
    let text = text.strip_prefix(b":")?;
    let (inside, behind) = text.split_once_str("$")?;
    // Git looks behind the space that follows the colon.
    let foreign = inside.get(1..).and_then(|words| {
        let space = words.find_byte(b' ')?;
        (space.saturating_add(1) < words.len()).then_some(())
    });
    (!inside.contains(&b'\n') && foreign.is_none()).then_some(behind)
}

/// Whether a content may have placeholders.
pub(crate) fn has_placeholders(content: &[u8]) -> bool {
    content.contains_str(FORMAT_START)
}

fn with_placeholders(content: &[u8], placeholders: &Placeholders<'_>) -> Result<Vec<u8>, Stop> {
    let mut out = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some((before, behind)) = rest.split_once_str(FORMAT_START) {
        let Some((format, behind)) = behind.split_once_str("$") else {
            break;
        };
        out.extend_from_slice(before);
        placeholders.fill(format, filled_bytes_max(content.len()), &mut out)?;
        rest = behind;
    }
    out.extend_from_slice(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use gix_hash::ObjectId;

    use super::*;

    fn blob_id() -> ObjectId {
        ObjectId::empty_blob(gix_hash::Kind::Sha1)
    }

    fn filled(text: &str) -> String {
        let id = blob_id();
        String::from_utf8(with_id(text.as_bytes(), &id)).unwrap()
    }

    #[test]
    fn an_id_is_filled_in_but_another_systems_stays() {
        let id = blob_id();
        assert_eq!(filled("a $Id$ b"), format!("a $Id: {id} $ b"));
        assert_eq!(filled("$Id: 123 $"), format!("$Id: {id} $"));
        assert_eq!(filled("$Id:$x"), format!("$Id: {id} $x"));
        for same in [
            "$Id: a,v 1.2 joe $",
            "$Id: a\n$",
            "$Id: never",
            "$Idx$",
            "$$",
        ] {
            assert_eq!(filled(same), same);
        }
    }

    #[test]
    fn line_ends_follow_the_attributes() {
        let value = |value: &'static str| State::Value(value.into());
        let (set, unset, none) = (State::Set, State::Unset, State::Unspecified);
        for (text, crlf, eol, expected) in [
            (none, none, none, LineEnds::AsStored),
            (none, none, value("crlf"), LineEnds::CrLf),
            (set, none, value("crlf"), LineEnds::CrLf),
            (unset, none, value("crlf"), LineEnds::AsStored),
            (none, unset, value("crlf"), LineEnds::AsStored),
            (value("auto"), none, value("crlf"), LineEnds::CrLfIfText),
            (value("auto"), none, value("lf"), LineEnds::AsStored),
            (set, none, none, LineEnds::AsStored),
        ] {
            assert_eq!(LineEnds::of(text, crlf, eol), expected);
        }
        assert_eq!(with_cr_lf(b"a\nb\r\n\n"), b"a\r\nb\r\n\r\n");
        for (content, is_text) in [
            (&b"a\nb\n"[..], true),
            (b"a\r\nb\n", false),
            (b"a\0\n", false),
            (b"a\rb\n", false),
            (b"a\n\x1a", true),
            (b"a", false),
        ] {
            assert_eq!(ends_with_cr_lf(LineEnds::CrLfIfText, content), is_text);
        }
    }
}
