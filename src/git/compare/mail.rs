//! A commit as a mail: the text that `git format-patch --stdout -1` puts before and behind the patch
//! (`pretty.c` and `log-tree.c` of git).

use gix_object::bstr::ByteSlice as _;

use super::super::object::facts::{self, FactsError};
use super::super::protocol::oid_hex;
use super::stat::{FileStat, MAIL_COLUMNS, write_stat, write_summary};
use super::tree::Change;
use super::wrap::{last_line_length, push_encoded, push_wrapped};
use gix_hash::oid;

/// Columns of a header, unless it has encoded words.
const HEADER_COLUMNS: usize = 78;
/// Columns of one that has.
const ENCODED_COLUMNS: usize = 76;

/// Writes the headers, the message, and the statistics of a commit.
pub fn write_head(
    id: &oid,
    content: &[u8],
    changes: &[Change],
    stats: &[FileStat],
    out: &mut Vec<u8>,
) -> Result<(), FactsError> {
    let utf8 = as_utf8(content);
    let content = utf8.as_deref().unwrap_or(content);
    facts::commit(content)?;
    let (headers, message) = content.split_once_str("\n\n").unwrap_or((content, b""));
    out.extend_from_slice(b"From ");
    out.extend_from_slice(&oid_hex::hex(id));
    out.extend_from_slice(b" Mon Sep 17 00:00:00 2001\n");
    let mut mail = Vec::new();
    write_author(headers, &mut mail);
    write_message(message, &mut mail);
    out.append(&mut mail);
    if !changes.is_empty() {
        out.extend_from_slice(b"---\n");
        write_stat(stats, MAIL_COLUMNS, out);
        write_summary(changes, out);
        out.push(b'\n');
    }
    Ok(())
}

/// The tail of a mail, behind the patch. Git names its version there; this names its writer.
pub fn write_tail(signature: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(format!("-- \n{signature}\n\n").as_bytes());
}

/// The commit in UTF-8, if it says that it is in Latin-1. In other encodings the bytes stay.
fn as_utf8(content: &[u8]) -> Option<Vec<u8>> {
    let headers = content
        .split_once_str("\n\n")
        .map_or(content, |split| split.0);
    let mut lines = headers.lines();
    let encoding = lines.find_map(|line| line.strip_prefix(b"encoding "))?;
    let is_latin = [&b"iso-8859-1"[..], b"iso8859-1", b"latin1", b"latin-1"]
        .iter()
        .any(|name| encoding.eq_ignore_ascii_case(name));
    let text: String = content.iter().copied().map(char::from).collect();
    is_latin.then(|| text.into_bytes())
}

fn write_author(headers: &[u8], out: &mut Vec<u8>) {
    let line = headers
        .lines()
        .find_map(|line| line.strip_prefix(b"author "));
    let line = line.unwrap_or_default();
    let (name, rest) = line.split_once_str("<").unwrap_or_default();
    let (email, _) = rest.split_once_str(">").unwrap_or_default();
    let (name, (seconds, zone)) = (name.trim(), time_of(line));
    out.extend_from_slice(b"From: ");
    let mut columns = HEADER_COLUMNS;
    if needs_encoding(name) {
        push_encoded(name, true, out);
        columns = ENCODED_COLUMNS;
    } else if name.iter().any(|byte| b"()<>[]:;@,.\"\\".contains(byte)) {
        let mut quoted = vec![b'"'];
        for byte in name {
            if matches!(byte, b'"' | b'\\') {
                quoted.push(b'\\');
            }
            quoted.push(*byte);
        }
        quoted.push(b'"');
        push_wrapped(&quoted, 6, columns, out);
    } else {
        push_wrapped(name, 6, columns, out);
    }
    if columns
        < last_line_length(out)
            .saturating_add(email.len())
            .saturating_add(3)
    {
        out.push(b'\n');
    }
    out.extend_from_slice(b" <");
    out.extend_from_slice(email);
    out.extend_from_slice(b">\nDate: ");
    out.extend_from_slice(date(seconds, zone).as_bytes());
    out.push(b'\n');
}

/// Seconds since 1970, and `+0130` as 130; nothing reads as 0.
fn time_of(line: &[u8]) -> (i64, i32) {
    // Behind the last bracket: some addresses are broken, and have one more.
    let date = line.rsplit_once_str(">").map_or(&[][..], |(_, date)| date);
    let mut words = date.fields();
    let mut word = || words.next().and_then(|word| word.to_str().ok());
    let seconds = word().and_then(|seconds| seconds.parse().ok());
    let zone = word().and_then(|zone| zone.parse().ok());
    (seconds.unwrap_or(0), zone.unwrap_or(0))
}

/// `Thu, 7 Apr 2005 22:13:13 +0200`
fn date(seconds: i64, zone: i32) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let minutes = i64::from(zone / 100 * 60 + zone % 100);
    let local = seconds.saturating_add(minutes * 60);
    let (days, time) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let weekday = usize::try_from(days.rem_euclid(7)).unwrap_or(0);
    let (year, month, day) = civil(days);
    let name = |names: &[&'static str], at: usize| names.get(at).copied().unwrap_or("");
    format!(
        "{}, {day} {} {year} {:02}:{:02}:{:02} {}{:04}",
        name(&DAYS, weekday),
        name(&MONTHS, month),
        time / 3600,
        time / 60 % 60,
        time % 60,
        if zone < 0 { '-' } else { '+' },
        zone.unsigned_abs()
    )
}

/// Year, month from 0, and day of so many days after 1970-01-01.
fn civil(days: i64) -> (i64, usize, i64) {
    // Years begin in March here, so that the leap day is the last one.
    let shifted = days.saturating_add(719_468);
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12;
    let year = year_of_era + era * 400 + i64::from(month < 2);
    (year, usize::try_from(month).unwrap_or(0), day)
}

fn write_message(message: &[u8], out: &mut Vec<u8>) {
    let mut lines = message.lines_with_terminator().map(trim_end).peekable();
    while lines.next_if(|line| line.is_empty()).is_some() {}
    let mut title = Vec::new();
    while let Some(line) = lines.next_if(|line| !line.is_empty()) {
        if !title.is_empty() {
            title.push(b' ');
        }
        title.extend_from_slice(line);
    }
    out.extend_from_slice(b"Subject: [PATCH] ");
    if needs_encoding(&title) {
        push_encoded(&title, false, out);
    } else {
        let used = last_line_length(out);
        push_wrapped(&title, used, HEADER_COLUMNS, out);
    }
    out.push(b'\n');
    if message.iter().any(|byte| !byte.is_ascii() || *byte == 0x1b) {
        out.extend_from_slice(
            b"MIME-Version: 1.0\n\
              Content-Type: text/plain; charset=UTF-8\n\
              Content-Transfer-Encoding: 8bit\n",
        );
    }
    out.push(b'\n');
    let body_start = out.len();
    while lines.next_if(|line| line.is_empty()).is_some() {}
    for line in lines {
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.truncate(trim_end(out).len());
    out.push(b'\n');
    if out.len() <= body_start {
        out.push(b'\n');
    }
}

/// The line without the blanks at its end, as git counts blanks.
fn trim_end(line: &[u8]) -> &[u8] {
    line.trim_end_with(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))
}

fn needs_encoding(text: &[u8]) -> bool {
    let is_special = |byte: &u8| !byte.is_ascii() || matches!(byte, b'\n' | 0x1b);
    text.iter().any(is_special) || text.contains_str("=?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_as_mails_have_them() {
        for (seconds, zone, expected) in [
            (0, 0, "Thu, 1 Jan 1970 00:00:00 +0000"),
            (1_112_911_993, -700, "Thu, 7 Apr 2005 15:13:13 -0700"),
            (951_782_400, 130, "Tue, 29 Feb 2000 01:30:00 +0130"),
            (4_102_444_799, 0, "Thu, 31 Dec 2099 23:59:59 +0000"),
        ] {
            assert_eq!(date(seconds, zone), expected);
        }
    }
}
