//! Hunks as lines of a patch (`xemit.c` of git's xdiff, and `fn_out_consume` of its `diff.c`).

use super::hunks::{Hunk, Hunks};
use super::text::{LineChange, TextDiff};
use super::words::WordDiff;

/// Bytes of git's buffer for the head of a hunk.
const HUNK_HEADER_BYTES_MAX: usize = 128;

/// Writes the hunks of a comparison.
#[derive(Debug)]
pub(super) struct Unified {
    diff: TextDiff,
    hunks: Hunks,
    /// Changes are shown by their words.
    by_words: bool,
    current: Option<Current>,
}

/// The hunk that is written.
#[derive(Debug)]
struct Current {
    hunk: Hunk,
    /// The change that is next.
    change: usize,
    place: Place,
}

/// The next line.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// One that both sides have; its number in the new text.
    Context(u32),
    /// One that the change deletes.
    Deleted(u32),
    /// One that the change adds.
    Added(u32),
}

impl Unified {
    pub(super) fn new(diff: TextDiff, context: u32, by_words: bool) -> Self {
        Self {
            diff,
            hunks: Hunks::new(context),
            by_words,
            current: None,
        }
    }

    /// Appends lines until some `bytes` are written; `false` when there are no more.
    pub(super) fn write(&mut self, bytes: usize, out: &mut Vec<u8>) -> bool {
        let full = out.len().saturating_add(bytes);
        let mut has_written = false;
        while out.len() < full {
            if self.current.is_none() {
                let Some(hunk) = self.hunks.next(&self.diff) else {
                    return has_written;
                };
                write_header(&hunk, out);
                self.current = Some(Current {
                    change: hunk.changes.start,
                    place: Place::Context(hunk.new.start),
                    hunk,
                });
            }
            has_written = true;
            let is_over = match &mut self.current {
                Some(current) if self.by_words => !current.write_words(&self.diff, out),
                Some(current) => !current.write_line(&self.diff, out),
                None => true,
            };
            if is_over {
                self.current = None;
            }
        }
        true
    }
}

impl Current {
    /// Writes the next line, or goes on to the next kind of lines; `false` behind the last line.
    fn write_line(&mut self, diff: &TextDiff, out: &mut Vec<u8>) -> bool {
        let change = diff.changes.get(self.change);
        let change = change.filter(|_| self.hunk.changes.contains(&self.change));
        let next = |number: u32| number.saturating_add(1);
        self.place = match (self.place, change) {
            (Place::Context(number), Some(change)) if number >= change.new.start => {
                Place::Deleted(change.old.start)
            }
            (Place::Context(number), None) if number >= self.hunk.new.end => return false,
            (Place::Context(number), _) => {
                write_line(b' ', diff.new.line(number), out);
                Place::Context(next(number))
            }
            (Place::Deleted(number), Some(LineChange { old, .. })) if number < old.end => {
                write_line(b'-', diff.old.line(number), out);
                Place::Deleted(next(number))
            }
            (Place::Deleted(_), Some(change)) => Place::Added(change.new.start),
            (Place::Added(number), Some(LineChange { new, .. })) if number < new.end => {
                write_line(b'+', diff.new.line(number), out);
                Place::Added(next(number))
            }
            (Place::Added(number), Some(_)) => {
                self.change = self.change.saturating_add(1);
                Place::Context(number)
            }
            // A change is at hand as long as its lines are.
            (Place::Deleted(_) | Place::Added(_), None) => return false,
        };
        true
    }
    /// Writes the next line that both sides have, or the words of the next change; `false` behind the
    /// last line.
    fn write_words(&mut self, diff: &TextDiff, out: &mut Vec<u8>) -> bool {
        let Place::Context(number) = self.place else {
            return false;
        };
        let change = diff.changes.get(self.change);
        let change = change.filter(|_| self.hunk.changes.contains(&self.change));
        let next = match change {
            Some(change) if number >= change.new.start => {
                WordDiff::of(diff, change).write_plain(out);
                self.change = self.change.saturating_add(1);
                change.new.end
            }
            None if number >= self.hunk.new.end => return false,
            _ => {
                let line = diff.new.line(number);
                out.extend_from_slice(line.strip_suffix(b"\n").unwrap_or(line));
                out.push(b'\n');
                number.saturating_add(1)
            }
        };
        self.place = Place::Context(next);
        true
    }
}

fn write_line(sign: u8, line: &[u8], out: &mut Vec<u8>) {
    out.push(sign);
    out.extend_from_slice(line);
    if line.last() != Some(&b'\n') {
        out.extend_from_slice(b"\n\\ No newline at end of file\n");
    }
}

/// `@@ -1,3 +1,4 @@ fn main() {`. Bytes that are not UTF-8 end the line.
fn write_header(hunk: &Hunk, out: &mut Vec<u8>) {
    let range = |range: &std::ops::Range<u32>| {
        let count = range.end.saturating_sub(range.start);
        // Without lines git names the line before.
        let first = range.start.saturating_add(u32::from(count > 0));
        if count == 1 {
            format!("{first}")
        } else {
            format!("{first},{count}")
        }
    };
    let ranges = format!("@@ -{} +{} @@", range(&hunk.old), range(&hunk.new));
    out.extend_from_slice(ranges.as_bytes());
    if !hunk.function.is_empty() {
        out.push(b' ');
        let room = HUNK_HEADER_BYTES_MAX.saturating_sub(ranges.len().saturating_add(2));
        let function = hunk.function.get(..room).unwrap_or(&hunk.function);
        out.extend_from_slice(valid_start(function));
    }
    out.push(b'\n');
}

/// The start of a text that git takes for UTF-8: that excludes U+FFFE and U+FFFF.
fn valid_start(text: &[u8]) -> &[u8] {
    let valid = text.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let end = valid.find(['\u{fffe}', '\u{ffff}']).unwrap_or(valid.len());
    text.get(..end).unwrap_or_default()
}
