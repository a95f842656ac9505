//! The lines of a content that match, and those around them.

use super::pattern::Pattern;

/// Where a NUL is searched (git's `FIRST_FEW_BYTES`).
const BINARY_BYTES: usize = 8000;

/// A line of a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grepped<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// Its bytes, without the newline.
    pub text: &'a [u8],
    /// Whether it matches; else it stands near one that does.
    pub is_match: bool,
}

/// The lines of a content that match a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines<'a> {
    /// Lines of a text, none if none matches; and whether there may be more behind them.
    Text(Vec<Grepped<'a>>, bool),
    /// A binary file that matches somewhere.
    Binary,
}

/// Searches a content behind a line, for so many lines that match, each with lines of context.
pub fn grep<'a>(
    pattern: &mut Pattern,
    text: &'a [u8],
    (behind, most): (u64, usize),
    context: usize,
) -> Lines<'a> {
    let first = text.get(..BINARY_BYTES).unwrap_or(text);
    if first.contains(&0) {
        let is_match = pattern.next_line(text, 0).is_some() || pattern.matches_behind(text);
        return if is_match {
            Lines::Binary
        } else {
            Lines::Text(Vec::new(), false)
        };
    }
    let mut found = Found {
        content: text,
        lines: Vec::new(),
        counted: (0, 0),
        context,
    };
    let (mut from, mut last) = (0, None);
    let mut matches = 0_usize;
    loop {
        let next = match pattern.next_line(text, from) {
            Some(line) => line,
            None if found.is_line_behind(pattern, last) => (text.len(), text.len()),
            None => break,
        };
        let (start, end) = next;
        from = end.saturating_add(1);
        let number = found.number_at(start);
        last = Some(number);
        if number > behind {
            if matches >= most {
                // The lines behind the last match were given already, up to this one.
                found.lines.retain(|line| line.number < number);
                return Lines::Text(found.lines, true);
            }
            matches = matches.saturating_add(1);
            found.add(number, (start, end));
        }
        if from >= text.len() {
            break;
        }
    }
    Lines::Text(found.lines, false)
}

/// Lines that were found, in order.
struct Found<'a> {
    content: &'a [u8],
    lines: Vec<Grepped<'a>>,
    /// The start of a line, and how many lines are before it.
    counted: (usize, u64),
    context: usize,
}

impl Found<'_> {
    /// Whether git takes the nothing behind the last newline for a line that matches, such as `^$`: so it
    /// does where it looks ahead, which it does not near a match.
    fn is_line_behind(&self, pattern: &mut Pattern, last: Option<u64>) -> bool {
        if !pattern.matches_behind(self.content) {
            return false;
        }
        let lines = memchr::memchr_iter(b'\n', self.content).count() as u64;
        last.is_none_or(|last| lines > last.saturating_add(self.context as u64))
    }

    /// The number of the line that starts there, which is not before the last one asked for.
    fn number_at(&mut self, start: usize) -> u64 {
        let between = self.content.get(self.counted.0..start).unwrap_or_default();
        let lines = memchr::memchr_iter(b'\n', between).count() as u64;
        self.counted = (start, self.counted.1.saturating_add(lines));
        self.counted.1.saturating_add(1)
    }

    /// Adds a line that matches, and those around it that are not there yet.
    fn add(&mut self, number: u64, (start, end): (usize, usize)) {
        let text = self.content.get(start..end).unwrap_or_default();
        if let Some(there) = self
            .lines
            .iter_mut()
            .rev()
            .find(|line| line.number == number)
        {
            // It stood behind another match.
            there.is_match = true;
        } else {
            let last = self.lines.last().map_or(0, |line| line.number);
            let before = self
                .content
                .get(..start.saturating_sub(1))
                .unwrap_or_default();
            let missing = number.saturating_sub(last).saturating_sub(1);
            let count = self
                .context
                .min(usize::try_from(missing).unwrap_or(usize::MAX));
            let mut above: Vec<&[u8]> = Vec::new();
            if start > 0 {
                above.extend(before.rsplit(|byte| *byte == b'\n').take(count));
            }
            let mut at = number.saturating_sub(above.len() as u64);
            for text in above.into_iter().rev() {
                self.lines.push(Grepped {
                    number: at,
                    text,
                    is_match: false,
                });
                at = at.saturating_add(1);
            }
            self.lines.push(Grepped {
                number,
                text,
                is_match: true,
            });
        }
        self.add_behind(number, end);
    }

    fn add_behind(&mut self, number: u64, end: usize) {
        let behind = self
            .content
            .get(end.saturating_add(1)..)
            .unwrap_or_default();
        let last = self.lines.last().map_or(0, |line| line.number);
        let lines = behind
            .split_inclusive(|byte| *byte == b'\n')
            .take(self.context);
        for (at, text) in (1..).zip(lines) {
            let number = number.saturating_add(at);
            if number > last {
                self.lines.push(Grepped {
                    number,
                    text: text.strip_suffix(b"\n").unwrap_or(text),
                    is_match: false,
                });
            }
        }
    }
}
