//! The overview of a change, as `git diff --stat --summary` prints it (`show_stats` and
//! `diff_summary` of git's `diff.c`).

use super::super::limits::Limits;
use super::super::store::ObjectSource;
use super::content::Content;
use super::error::CompareError;
use super::file_diff::FileDiff;
use super::patch::mode_of;
use super::quote::{needs_quotes, write_path};
use super::text::Whitespace;
use super::tree::Change;

/// Columns of a mail.
pub const MAIL_COLUMNS: usize = 72;

/// A file in the statistics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileStat {
    name: Vec<u8>,
    added: u64,
    deleted: u64,
    /// Then the numbers are bytes.
    is_binary: bool,
}

impl FileStat {
    /// Compares the file. After an error the same can be asked again.
    pub fn of(
        change: &Change,
        objects: &impl ObjectSource,
        limits: &Limits,
    ) -> Result<Self, CompareError> {
        let mut name = Vec::new();
        write_name(change, &mut name);
        let (added, deleted, is_binary) =
            match FileDiff::of(change, objects, 3, Whitespace::Counts, limits)? {
                FileDiff::Text(text) => {
                    let (added, deleted) = text.counts();
                    (added, deleted, false)
                }
                FileDiff::Binary(sizes) | FileDiff::TooLarge(sizes) => {
                    (sizes.new_bytes, sizes.old_bytes, true)
                }
                FileDiff::Same => {
                    let content = Content::read(objects, change.new, limits)?;
                    (0, 0, content.text().is_none())
                }
            };
        Ok(Self {
            name,
            added,
            deleted,
            is_binary,
        })
    }

    fn lines(&self) -> u64 {
        if self.is_binary {
            0
        } else {
            self.added.saturating_add(self.deleted)
        }
    }
}

/// Widths of the columns.
struct Widths {
    name: usize,
    number: usize,
    graph: usize,
    lines_max: u64,
}

impl Widths {
    fn of(files: &[FileStat], columns: usize) -> Self {
        let longest = files.iter().map(|file| file.name.len()).max();
        let lines_max = files.iter().map(FileStat::lines).max().unwrap_or(0);
        let binary = files.iter().filter(|file| file.is_binary);
        // "Bin XXX -> YYY bytes"
        let binary = binary.map(|file| 14 + digits(file.added) + digits(file.deleted));
        let binary = binary.max();
        let number = digits(lines_max).max(if binary.is_some() { 3 } else { 0 });
        let columns = columns.max(16 + 6 + number);
        let lines = usize::try_from(lines_max).unwrap_or(usize::MAX);
        let binary = binary.unwrap_or(0);
        let mut graph = if lines.saturating_add(4) > binary {
            lines
        } else {
            binary.saturating_sub(4)
        };
        let mut name = longest.unwrap_or(0);
        let fixed = number + 6;
        if name.saturating_add(fixed).saturating_add(graph) > columns {
            graph = graph.min((columns * 3 / 8).saturating_sub(fixed).max(6));
            let rest = columns.saturating_sub(fixed);
            if name > rest.saturating_sub(graph) {
                name = rest.saturating_sub(graph);
            } else {
                graph = rest.saturating_sub(name);
            }
        }
        Self {
            name,
            number,
            graph,
            lines_max,
        }
    }

    /// As many signs as there is room for; at least one for any line.
    fn scale(&self, lines: u64) -> u64 {
        if lines == 0 {
            return 0;
        }
        let room = (self.graph as u64).saturating_sub(1);
        let scaled = lines.saturating_mul(room).checked_div(self.lines_max);
        scaled.unwrap_or(0).saturating_add(1)
    }

    fn signs(&self, file: &FileStat) -> (u64, u64) {
        let (added, deleted) = (file.added, file.deleted);
        if self.graph as u64 > self.lines_max {
            return (added, deleted);
        }
        let mut total = self.scale(added.saturating_add(deleted));
        if total < 2 && added > 0 && deleted > 0 {
            total = 2;
        }
        if added < deleted {
            let added = self.scale(added);
            (added, total.saturating_sub(added))
        } else {
            let deleted = self.scale(deleted);
            (total.saturating_sub(deleted), deleted)
        }
    }
}

/// Appends a line for each file, and one for all of them.
pub fn write_stat(files: &[FileStat], columns: usize, out: &mut Vec<u8>) {
    if files.is_empty() {
        return;
    }
    let widths = Widths::of(files, columns);
    for file in files {
        write_file(file, &widths, out);
    }
    let sum = |count: fn(&FileStat) -> u64| -> u64 {
        let text = files.iter().filter(|file| !file.is_binary);
        text.map(count).fold(0, u64::saturating_add)
    };
    let (added, deleted) = (sum(|file| file.added), sum(|file| file.deleted));
    let plural = |count: u64| if count == 1 { "" } else { "s" };
    let count = files.len();
    let mut line = vec![format!(" {count} file{} changed", plural(count as u64))];
    if added > 0 || deleted == 0 {
        line.push(format!(" {added} insertion{}(+)", plural(added)));
    }
    if deleted > 0 || added == 0 {
        line.push(format!(" {deleted} deletion{}(-)", plural(deleted)));
    }
    out.extend_from_slice(line.join(",").as_bytes());
    out.push(b'\n');
}

fn write_file(file: &FileStat, widths: &Widths, out: &mut Vec<u8>) {
    out.push(b' ');
    let mut name = file.name.as_slice();
    let mut room = widths.name;
    if room < name.len() {
        out.extend_from_slice(b"...");
        room = room.saturating_sub(3);
        name = name.get(name.len().saturating_sub(room)..).unwrap_or(name);
        let slash = name.iter().position(|byte| *byte == b'/');
        name = slash.and_then(|slash| name.get(slash..)).unwrap_or(name);
    }
    out.extend_from_slice(name);
    out.resize(out.len() + room.saturating_sub(name.len()), b' ');
    let number = widths.number;
    if file.is_binary {
        out.extend_from_slice(format!(" | {:>number$}", "Bin").as_bytes());
        if file.added > 0 || file.deleted > 0 {
            let sizes = format!(" {} -> {} bytes", file.deleted, file.added);
            out.extend_from_slice(sizes.as_bytes());
        }
        out.push(b'\n');
        return;
    }
    let lines = file.lines();
    let space = if lines > 0 { " " } else { "" };
    out.extend_from_slice(format!(" | {lines:>number$}{space}").as_bytes());
    let (added, deleted) = widths.signs(file);
    for (sign, count) in [(b'+', added), (b'-', deleted)] {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        out.resize(out.len().saturating_add(count), sign);
    }
    out.push(b'\n');
}

/// Appends the changes of files as such: created, deleted, renamed, of another mode.
pub fn write_summary(changes: &[Change], out: &mut Vec<u8>) {
    for change in changes {
        let file = |what: &str, kind, out: &mut Vec<u8>| {
            out.extend_from_slice(format!(" {what} mode {} ", mode_of(kind)).as_bytes());
            write_path(&change.path, out);
            out.push(b'\n');
        };
        let (old, new) = match (change.old, change.new) {
            (None, None) => continue,
            (Some(old), None) => {
                file("delete", old.kind, out);
                continue;
            }
            (None, Some(new)) => {
                file("create", new.kind, out);
                continue;
            }
            (Some(old), Some(new)) => (old.kind, new.kind),
        };
        if let Some(percent) = change.similarity_percent() {
            out.extend_from_slice(b" rename ");
            write_name(change, out);
            out.extend_from_slice(format!(" ({percent}%)\n").as_bytes());
        }
        if old != new {
            let modes = format!(" mode change {} => {}", mode_of(old), mode_of(new));
            out.extend_from_slice(modes.as_bytes());
            if change.renamed.is_none() {
                out.push(b' ');
                write_path(&change.path, out);
            }
            out.push(b'\n');
        }
    }
}

/// A file's path; a renamed one's has both, with their common part once: `a/{b => c}/d`.
fn write_name(change: &Change, out: &mut Vec<u8>) {
    let new: &[u8] = &change.path;
    let Some(renamed) = &change.renamed else {
        write_path(new, out);
        return;
    };
    let old: &[u8] = &renamed.from;
    if needs_quotes(old) || needs_quotes(new) {
        write_path(old, out);
        out.extend_from_slice(b" => ");
        write_path(new, out);
        return;
    }
    let equal = old.iter().zip(new).take_while(|(old, new)| old == new);
    let before = equal.enumerate().filter(|(_, (byte, _))| **byte == b'/');
    let before = before.last().map_or(0, |(at, _)| at.saturating_add(1));
    // The slash at the end of the common beginning may be the one at the start of the common end.
    let start = before.saturating_sub(usize::from(before > 0));
    let tail = |path: &'_ [u8]| path.get(start..).unwrap_or_default().to_vec();
    let (old_tail, new_tail) = (tail(old), tail(new));
    let equal = old_tail.iter().rev().zip(new_tail.iter().rev());
    let equal = equal.take_while(|(old, new)| old == new);
    let behind = equal.enumerate().filter(|(_, (byte, _))| **byte == b'/');
    let behind = behind.last().map_or(0, |(at, _)| at.saturating_add(1));
    let middle = |path: &[u8]| {
        let end = path.len().saturating_sub(behind).max(before);
        path.get(before..end).unwrap_or_default().to_vec()
    };
    let has_braces = before > 0 || behind > 0;
    if has_braces {
        out.extend_from_slice(old.get(..before).unwrap_or_default());
        out.push(b'{');
    }
    out.extend_from_slice(&middle(old));
    out.extend_from_slice(b" => ");
    out.extend_from_slice(&middle(new));
    if has_braces {
        out.push(b'}');
        let start = old.len().saturating_sub(behind);
        out.extend_from_slice(old.get(start..).unwrap_or_default());
    }
}

fn digits(number: u64) -> usize {
    let log = number.checked_ilog10().unwrap_or(0);
    usize::try_from(log).unwrap_or(0) + 1
}
