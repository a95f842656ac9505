//! The placeholders of `export-subst` (<https://git-scm.com/docs/gitattributes#_creating_an_archive>): those
//! of `git log --format` that a commit alone answers, and its refs.
//!
//! A placeholder that is not known here stays as it stands. Of those that git knows these are relative
//! and human dates, colours, columns, signatures, trailers, notes, `%(describe)` and mail maps.

use chrono::{DateTime, FixedOffset};
use gix_hash::{ObjectId, oid};
use gix_object::bstr::{BString, ByteSlice as _};

use crate::git::object::facts::{self, CommitFacts, FactsError};
use crate::git::protocol::oid_hex;

/// Seconds of a minute and of an hour.
const ZONE_SECONDS: (i32, i32) = (60, 3600);

/// What placeholders stand for.
#[derive(Debug)]
pub(crate) struct Placeholders<'a> {
    id: ObjectId,
    facts: CommitFacts,
    headers: &'a [u8],
    message: &'a [u8],
    names: &'a CommitNames,
}

/// What a repository says of a commit.
#[derive(Debug, Clone, Default)]
pub(crate) struct CommitNames {
    /// The commit's id, its tree's and its parents', each with its short form.
    pub(crate) short: Vec<(ObjectId, BString)>,
    /// The refs that name the commit, as git shows them: `HEAD -> main`, `tag: v1`.
    pub(crate) refs: Vec<BString>,
}

/// A line `name <address> time zone`.
struct Person<'a> {
    name: &'a [u8],
    email: &'a [u8],
    date: Option<DateTime<FixedOffset>>,
    seconds: &'a [u8],
}

impl<'a> Placeholders<'a> {
    /// What they stand for of a commit with this content.
    pub(crate) fn new(
        id: ObjectId,
        content: &'a [u8],
        names: &'a CommitNames,
    ) -> Result<Self, FactsError> {
        let facts = facts::commit(content)?;
        let (headers, message) = content.split_once_str("\n\n").unwrap_or((content, b""));
        Ok(Self {
            id,
            facts,
            headers,
            message,
            names,
        })
    }

    /// Writes a format with its placeholders filled in.
    pub(super) fn fill(&self, format: &[u8], out: &mut Vec<u8>) {
        let mut rest = format;
        while let Some((before, behind)) = rest.split_once_str("%") {
            out.extend_from_slice(before);
            let used = self.one(behind, out);
            if used.is_none() {
                out.push(b'%');
            }
            rest = behind.get(used.unwrap_or(0)..).unwrap_or_default();
        }
        out.extend_from_slice(rest);
    }

    /// Writes what the placeholder at the beginning stands for; gives its bytes.
    fn one(&self, text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        match text {
            [b'%', ..] => out.push(b'%'),
            [b'n', ..] => out.push(b'\n'),
            [b'x', high, low, ..] => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let byte = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
                out.push(u8::try_from(byte).ok()?);
                return Some(3);
            }
            [b'H', ..] => out.extend_from_slice(&oid_hex::hex(&self.id)),
            [b'h', ..] => self.short(&self.id, out),
            [b'T', ..] => out.extend_from_slice(&oid_hex::hex(&self.facts.tree)),
            [b't', ..] => self.short(&self.facts.tree, out),
            [kind @ (b'P' | b'p'), ..] => {
                for (number, parent) in self.facts.parents.iter().enumerate() {
                    if number > 0 {
                        out.push(b' ');
                    }
                    if *kind == b'P' {
                        out.extend_from_slice(&oid_hex::hex(parent));
                    } else {
                        self.short(parent, out);
                    }
                }
            }
            [b's', ..] => out.extend_from_slice(&subject(self.message).0),
            [b'f', ..] => sanitized(first_line(self.message), out),
            [b'b', ..] => out.extend_from_slice(subject(self.message).1),
            [b'B', ..] => out.extend_from_slice(without_blank_lines(self.message)),
            [kind @ (b'd' | b'D'), ..] => self.decorated(*kind == b'd', out),
            [b'a', what, ..] => return self.person(b"author ", *what, out),
            [b'c', what, ..] => return self.person(b"committer ", *what, out),
            _ => return None,
        }
        Some(1)
    }

    fn short(&self, id: &oid, out: &mut Vec<u8>) {
        let mut names = self.names.short.iter();
        match names.find(|(known, _)| **known == *id) {
            Some((_, short)) => out.extend_from_slice(short),
            None => out.extend_from_slice(&oid_hex::hex(id)),
        }
    }

    fn decorated(&self, in_brackets: bool, out: &mut Vec<u8>) {
        let refs = &self.names.refs;
        if refs.is_empty() {
            return;
        }
        let joined = gix_object::bstr::join(", ", refs);
        let (before, behind) = if in_brackets { (" (", ")") } else { ("", "") };
        out.extend_from_slice(before.as_bytes());
        out.extend_from_slice(&joined);
        out.extend_from_slice(behind.as_bytes());
    }

    fn person(&self, role: &[u8], what: u8, out: &mut Vec<u8>) -> Option<usize> {
        let mut lines = self.headers.lines();
        let line = lines.find_map(|line| line.strip_prefix(role))?;
        let person = Person::parse(line)?;
        match what {
            b'n' | b'N' => out.extend_from_slice(person.name),
            b'e' | b'E' => out.extend_from_slice(person.email),
            b'l' | b'L' => {
                let local = person.email.split_once_str("@");
                out.extend_from_slice(local.map_or(person.email, |(local, _)| local));
            }
            b't' => out.extend_from_slice(person.seconds),
            _ => {
                let date = person.date?;
                let offset = date.offset().local_minus_utc();
                let iso_zone = if offset == 0 { "Z" } else { "%:z" };
                let strict = format!("%Y-%m-%dT%H:%M:%S{iso_zone}");
                let form = match what {
                    b'd' => "%a %b %-d %H:%M:%S %Y %z",
                    b'D' => "%a, %-d %b %Y %H:%M:%S %z",
                    b'i' => "%Y-%m-%d %H:%M:%S %z",
                    b'I' => &strict,
                    b's' => "%Y-%m-%d",
                    _ => return None,
                };
                out.extend_from_slice(date.format(form).to_string().as_bytes());
            }
        }
        Some(2)
    }
}

impl<'a> Person<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let (name, rest) = line.split_once_str("<")?;
        let (email, _) = rest.split_once_str(">")?;
        let (_, date) = line.rsplit_once_str(">")?;
        let mut words = date.fields();
        let seconds = words.next().unwrap_or_default();
        let zone = words
            .next()
            .and_then(|zone| zone.to_str().ok()?.parse().ok());
        Some(Self {
            name: name.trim(),
            email,
            date: moment(seconds, zone.unwrap_or(0)),
            seconds,
        })
    }
}

/// A moment in the zone that `+0130` names as 130.
fn moment(seconds: &[u8], zone: i32) -> Option<DateTime<FixedOffset>> {
    let seconds = seconds.to_str().ok()?.parse().ok()?;
    let (minute, hour) = ZONE_SECONDS;
    let (hours, minutes) = (zone.checked_div(100)?, zone.checked_rem(100)?);
    let offset = hours
        .checked_mul(hour)?
        .checked_add(minutes.checked_mul(minute)?)?;
    let utc = DateTime::from_timestamp(seconds, 0)?;
    Some(utc.with_timezone(&FixedOffset::east_opt(offset)?))
}

/// The lines up to the first blank one, joined by spaces; and what stands behind the blank ones.
fn subject(message: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut rest = without_blank_lines(message);
    let mut joined = Vec::new();
    while !rest.is_empty() {
        let (line, behind) = rest.split_once_str("\n").unwrap_or((rest, b""));
        if line.trim().is_empty() {
            break;
        }
        if !joined.is_empty() {
            joined.push(b' ');
        }
        joined.extend_from_slice(line.trim_end());
        rest = behind;
    }
    (joined, without_blank_lines(rest))
}

fn first_line(message: &[u8]) -> &[u8] {
    let text = without_blank_lines(message);
    text.split_once_str("\n").map_or(text, |(line, _)| line)
}

fn without_blank_lines(mut text: &[u8]) -> &[u8] {
    while let Some((line, behind)) = text.split_once_str("\n") {
        if !line.trim().is_empty() {
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

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: &str = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\
        parent 1d0c7be91d0c7be91d0c7be91d0c7be91d0c7be9\n\
        author A U. Thor <author@example.com> 1112911993 -0730\n\
        committer C <c@example.com> 1700000000 +0000\n\n\
        A title\nin two lines..\n\n\nThe body.\n";

    fn filled(format: &str) -> String {
        let id = ObjectId::empty_blob(gix_hash::Kind::Sha1);
        let facts = facts::commit(CONTENT.as_bytes()).unwrap();
        let all = [vec![id, facts.tree], facts.parents.to_vec()].concat();
        let short = |id: ObjectId| (id, BString::from(id.to_hex_with_len(7).to_string()));
        let names = CommitNames {
            short: all.into_iter().map(short).collect(),
            refs: vec!["HEAD -> main".into(), "tag: v1".into()],
        };
        let placeholders = Placeholders::new(id, CONTENT.as_bytes(), &names).unwrap();
        let mut out = Vec::new();
        placeholders.fill(format.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn placeholders_that_a_commit_answers() {
        for (format, expected) in [
            ("%h %t %p", "e69de29 4b825dc 1d0c7be"),
            ("%T", "4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
            ("%an|%ae|%al", "A U. Thor|author@example.com|author"),
            ("%at %as", "1112911993 2005-04-07"),
            ("%ad", "Thu Apr 7 14:43:13 2005 -0730"),
            ("%aD", "Thu, 7 Apr 2005 14:43:13 -0730"),
            ("%ai", "2005-04-07 14:43:13 -0730"),
            ("%aI", "2005-04-07T14:43:13-07:30"),
            ("%cI", "2023-11-14T22:13:20Z"),
            ("%s", "A title in two lines.."),
            ("%f", "A-title"),
            ("%b", "The body.\n"),
            ("%B", "A title\nin two lines..\n\n\nThe body.\n"),
            ("%D|%d", "HEAD -> main, tag: v1| (HEAD -> main, tag: v1)"),
            ("%%%n%x41", "%\nA"),
            ("%ar %Q %x4", "%ar %Q %x4"),
            ("100%", "100%"),
        ] {
            assert_eq!(filled(format), expected, "{format}");
        }
    }
}
