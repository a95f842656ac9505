//! The placeholders that the commit itself answers.

use std::borrow::Cow;
use std::cell::Cell;

use gix_hash::{ObjectId, oid};
use gix_object::bstr::ByteSlice as _;

use super::known::{CommitNames, Known, Stop, Wanted};
use super::person::Person;
use super::text::trim_end;
use super::{decorations, trailers};
use crate::git::archive::encoding::Encoding;
use crate::git::object::facts::{self, CommitFacts, FactsError};
use crate::git::protocol::oid_hex;

/// The two answers about a signature: that there is none; that it cannot be checked, since nobody's keys are
/// here.
const UNSIGNED: u8 = b'N';
const UNCHECKED: u8 = b'E';

/// A commit, cut into its parts.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    id: ObjectId,
    facts: CommitFacts,
    /// All of it in UTF-8, if it says how it is encoded.
    text: Cow<'a, [u8]>,
    /// The encoding that its header names.
    encoding: Option<&'a [u8]>,
    /// Whether a placeholder asked for a header or the message: only then is git's output encoded.
    is_read: Cell<bool>,
}

impl<'a> Parts<'a> {
    /// Cuts a commit with this content.
    pub(super) fn new(id: ObjectId, content: &'a [u8]) -> Result<Self, FactsError> {
        let facts = facts::commit(content)?;
        // It is a text of C.
        let content = content.split(|byte| *byte == 0).next().unwrap_or_default();
        let encoding = header(content, b"encoding ");
        let decoded = encoding
            .and_then(Encoding::of)
            .and_then(|encoding| encoding.decode(content));
        Ok(Self {
            id,
            facts,
            text: decoded.map_or(Cow::Borrowed(content), |text| Cow::Owned(text.into_bytes())),
            encoding,
            is_read: Cell::new(false),
        })
    }

    /// Converts a text to the encoding of the commit, as git does with all before the placeholder too.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let encoding = self.encoding.filter(|_| self.is_read.get());
        if let Some(encoded) = encoding
            .and_then(Encoding::of)
            .and_then(|to| to.encode(out))
        {
            *out = encoded;
        }
    }

    /// Writes the value of the placeholder at the beginning; gives its bytes, 0 if no placeholder stands
    /// there.
    pub(super) fn write(
        &self,
        text: &[u8],
        known: &Known,
        out: &mut Vec<u8>,
    ) -> Result<usize, Stop> {
        match text {
            [b'H', ..] => out.extend_from_slice(&oid_hex::hex(&self.id)),
            [b'T', ..] => out.extend_from_slice(&oid_hex::hex(&self.facts.tree)),
            [b'h', ..] => short(&self.id, known.names()?, out),
            [b't', ..] => short(&self.facts.tree, known.names()?, out),
            [kind @ (b'P' | b'p'), ..] => self.parents(*kind == b'p', known, out)?,
            [b'm', ..] => out.push(b'>'),
            [kind @ (b'd' | b'D'), ..] => {
                decorations::write(known.names()?, *kind == b'd', out);
            }
            // There is no reflog.
            [b'g', b'd' | b'D' | b's' | b'n' | b'N' | b'e' | b'E', ..] => return Ok(2),
            [b'G', what, ..] => return Ok(self.signature(*what, out)),
            [b'(', b'd', b'e', b'c', ..] => return decorations::placeholder(text, known, out),
            _ => {
                self.is_read.set(true);
                return self.write_read(text, known, out);
            }
        }
        Ok(1)
    }

    /// The placeholders for which git reads all of the commit.
    fn write_read(&self, text: &[u8], known: &Known, out: &mut Vec<u8>) -> Result<usize, Stop> {
        let message = self.message();
        match text {
            [b'a', what, ..] => return self.person(b"author ", *what, known, out),
            [b'c', what, ..] => return self.person(b"committer ", *what, known, out),
            [b'e', ..] => out.extend_from_slice(self.encoding.unwrap_or_default()),
            [b'B', ..] => out.extend_from_slice(message),
            [b's', ..] => out.extend_from_slice(&subject(message).0),
            [b'f', ..] => sanitized(first_line(message), out),
            [b'b', ..] => out.extend_from_slice(subject(message).1),
            [b'(', ..] => return Ok(trailers::write(text, without_blank_lines(message), out)),
            _ => return Ok(0),
        }
        Ok(1)
    }

    fn message(&self) -> &[u8] {
        let split = self.text.split_once_str("\n\n");
        split.map_or(&[], |(_, message)| message)
    }

    fn headers(&self) -> &[u8] {
        let split = self.text.split_once_str("\n\n");
        split.map_or(&self.text, |(headers, _)| headers)
    }

    fn parents(&self, is_short: bool, known: &Known, out: &mut Vec<u8>) -> Result<(), Stop> {
        for (number, parent) in self.facts.parents.iter().enumerate() {
            if number > 0 {
                out.push(b' ');
            }
            if is_short {
                short(parent, known.names()?, out);
            } else {
                out.extend_from_slice(&oid_hex::hex(parent));
            }
        }
        Ok(())
    }

    fn signature(&self, what: u8, out: &mut Vec<u8>) -> usize {
        match what {
            b'?' if header(self.headers(), b"gpgsig ").is_some() => out.push(UNCHECKED),
            b'?' => out.push(UNSIGNED),
            b'T' => out.extend_from_slice(b"undefined"),
            b'G' | b'S' | b'K' | b'F' | b'P' => {}
            _ => return 0,
        }
        2
    }

    fn person(
        &self,
        role: &[u8],
        what: u8,
        known: &Known,
        out: &mut Vec<u8>,
    ) -> Result<usize, Stop> {
        // The last one counts.
        let mut lines = self
            .headers()
            .lines()
            .filter_map(|line| line.strip_prefix(role));
        let Some(mut person) = lines.next_back().and_then(Person::parse) else {
            return Ok(if b"netdDri".contains(&what) { 2 } else { 0 });
        };
        if matches!(what, b'N' | b'E' | b'L') {
            let mailmap = known
                .mailmap
                .as_ref()
                .ok_or(Stop::Wanted(Wanted::Mailmap))?;
            person = person.mapped(mailmap);
        }
        let shown = match what {
            b'n' | b'N' => Some(Cow::Borrowed(person.name)),
            b'e' | b'E' => Some(Cow::Borrowed(person.email)),
            b'l' | b'L' => Some(Cow::Borrowed(person.local_part())),
            b't' => person.seconds().map(Cow::Borrowed),
            form => {
                let moment = person.moment();
                let shown = moment.and_then(|moment| moment.shown(form, known.now_seconds));
                shown.map(|text| Cow::Owned(text.into_bytes()))
            }
        };
        match shown {
            Some(shown) => out.extend_from_slice(&shown),
            None if b"tdDri".contains(&what) => {}
            None => return Ok(0),
        }
        Ok(2)
    }
}

fn short(id: &oid, names: &CommitNames, out: &mut Vec<u8>) {
    match names.short.iter().find(|(known, _)| **known == *id) {
        Some((_, short)) => out.extend_from_slice(short),
        None => out.extend_from_slice(&oid_hex::hex(id)),
    }
}

/// The first header of a name.
fn header<'a>(content: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut headers = content.lines().take_while(|line| !line.is_empty());
    headers.find_map(|line| line.strip_prefix(name))
}

/// The lines up to the first blank one, joined by spaces; and the text behind the blank ones.
fn subject(message: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut rest = without_blank_lines(message);
    let mut joined = Vec::new();
    while !rest.is_empty() {
        let (line, behind) = rest.split_once_str("\n").unwrap_or((rest, b""));
        let line = trim_end(line);
        if line.is_empty() {
            break;
        }
        if !joined.is_empty() {
            joined.push(b' ');
        }
        joined.extend_from_slice(line);
        rest = behind;
    }
    (joined, without_blank_lines(rest))
}

fn first_line(message: &[u8]) -> &[u8] {
    let text = without_blank_lines(message);
    text.split_once_str("\n").map_or(text, |(line, _)| line)
}

fn without_blank_lines(mut text: &[u8]) -> &[u8] {
    while !text.is_empty() {
        let (line, behind) = text.split_once_str("\n").unwrap_or((text, b""));
        if !trim_end(line).is_empty() {
            break;
        }
        text = behind;
    }
    text
}

/// A line as the name of a file (`format_sanitized_subject` of git).
fn sanitized(line: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let (mut space, mut last) = (2, 0);
    for byte in line {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') {
            if space == 1 {
                out.push(b'-');
            }
            space = 0;
            if *byte != b'.' || last != b'.' || out.len() == start {
                out.push(*byte);
            }
        } else {
            space |= 1;
        }
        last = *byte;
    }
    let trimmed = out.trim_end_with(|c| matches!(c, '.' | '-')).len();
    out.truncate(trimmed.max(start));
}
