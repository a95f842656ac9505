//! Padding and wrapping: options of one placeholder that hold for the next one, or for all behind it.

use gix_object::bstr::ByteSlice as _;

use super::columns::{colour_bytes, cut, push_blanks, width, wrapped};

/// Git's bound of a width.
const COLUMNS_MAX: i64 = 16 << 10;

/// Columns of git's terminal where git has none.
const TERMINAL_COLUMNS: i64 = 80;

/// Bytes behind which the beginning of a line is no longer looked for.
const LINE_BYTES_MAX: usize = 64 << 10;

/// Bytes in which git looks for a sequence that sets a colour.
const COLOUR_BYTES_MAX: usize = 10;

/// Where a placeholder stands in its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flush {
    /// It has none.
    None,
    /// At the left, with blanks behind it.
    Right,
    /// At the right.
    Left,
    /// At the right; blanks before it make room.
    LeftAndSteal,
    /// In the middle.
    Both,
}

/// The side that is cut where the text takes more columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    None,
    Left,
    Middle,
    Right,
}

/// Width and indents; 0 asks for nothing.
type Wrapping = (usize, usize, usize);

/// The layout of the placeholders that follow.
#[derive(Debug)]
pub(super) struct Layout {
    /// Where the next one stands.
    pub(super) flush: Flush,
    /// Its columns; below 0 the column to which it reaches.
    padding: i64,
    cut: Cut,
    wrapping: Wrapping,
    /// The beginning of the text to wrap.
    wrap_start: usize,
}

impl Layout {
    /// Asks for nothing; the text begins here.
    pub(super) fn new(wrap_start: usize) -> Self {
        Self {
            flush: Flush::None,
            padding: 0,
            cut: Cut::None,
            wrapping: (0, 0, 0),
            wrap_start,
        }
    }

    /// Takes `w(width,first,others)` without its `w`; gives the bytes of all of it, 0 if no placeholder
    /// stands there.
    pub(super) fn wrap(&mut self, text: &[u8], out: &mut Vec<u8>) -> usize {
        let Some(end) = text.find_byte(b')').filter(|_| text.starts_with(b"(")) else {
            return 0;
        };
        let inside = text.get(1..end).unwrap_or_default();
        let mut numbers = [0; 3];
        if !inside.is_empty() {
            let mut rest = Some(inside);
            for number in &mut numbers {
                let Some(text) = rest else { break };
                let (value, behind) = leading_number(text);
                *number = value;
                rest = behind.strip_prefix(b",");
                if rest.is_none() && !behind.is_empty() {
                    return 0;
                }
            }
            if rest.is_some() {
                return 0;
            }
        }
        if numbers
            .iter()
            .any(|number| !(0..=COLUMNS_MAX).contains(number))
        {
            return 0;
        }
        let [width, first, others] = numbers.map(|number| usize::try_from(number).unwrap_or(0));
        self.rewrap((width, first, others), out);
        end.saturating_add(2)
    }

    /// Wraps the text since then, and sets another wrapping for the text that follows.
    pub(super) fn rewrap(&mut self, wrapping: Wrapping, out: &mut Vec<u8>) {
        if self.wrapping == wrapping {
            return;
        }
        if self.wrap_start < out.len() {
            let text = out.split_off(self.wrap_start);
            out.append(&mut wrapped(&text, self.wrapping));
        }
        self.wrap_start = out.len();
        self.wrapping = wrapping;
    }

    /// Takes `<(12,trunc)` and its like; gives its bytes, 0 if no placeholder stands there.
    pub(super) fn pad_next(&mut self, text: &[u8]) -> usize {
        self.try_pad_next(text).unwrap_or(0)
    }

    fn try_pad_next(&mut self, text: &[u8]) -> Option<usize> {
        let (flush, rest) = match text {
            [b'<', rest @ ..] => (Flush::Right, rest),
            [b'>', b'<', rest @ ..] => (Flush::Both, rest),
            [b'>', b'>', rest @ ..] => (Flush::LeftAndSteal, rest),
            [b'>', rest @ ..] => (Flush::Left, rest),
            _ => return None,
        };
        let (is_column, rest) = match rest.strip_prefix(b"|") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let inside = rest.strip_prefix(b"(")?;
        let end = inside.find_byteset(b",)").filter(|end| *end > 0)?;
        let (number, behind) = leading_number(inside);
        let mut columns = number;
        let is_number = behind.len() < inside.len();
        if !is_number || columns == 0 || !(-COLUMNS_MAX..=COLUMNS_MAX).contains(&columns) {
            return None;
        }
        if columns < 0 && is_column {
            columns = columns.saturating_add(TERMINAL_COLUMNS);
        }
        if columns < 0 {
            return None;
        }
        self.padding = if is_column {
            columns.saturating_neg()
        } else {
            columns
        };
        self.flush = flush;
        let how = inside.get(end..)?;
        let (cut, used) = match how.strip_prefix(b",") {
            None => (Cut::None, 0),
            Some(how) => [
                ("trunc)", Cut::Right),
                ("ltrunc)", Cut::Left),
                ("mtrunc)", Cut::Middle),
            ]
            .into_iter()
            .find(|(name, _)| how.starts_with(name.as_bytes()))
            .map(|(name, cut)| (cut, name.len()))?,
        };
        self.cut = cut;
        let before = text.len().saturating_sub(inside.len());
        Some(
            before
                .saturating_add(end)
                .saturating_add(used)
                .saturating_add(1),
        )
    }

    /// The columns that the next placeholder has.
    pub(super) fn columns_left(&self, out: &[u8]) -> i64 {
        if self.padding >= 0 {
            return self.padding;
        }
        let near = out
            .get(out.len().saturating_sub(LINE_BYTES_MAX)..)
            .unwrap_or(out);
        let line = near.rfind_byte(b'\n').and_then(|at| near.get(at..));
        let used = i64::try_from(width(line.unwrap_or(near))).unwrap_or(i64::MAX);
        self.padding.saturating_neg().saturating_sub(used)
    }

    /// Appends a placeholder's value, in so many columns.
    pub(super) fn pad(&mut self, mut columns: i64, mut filled: Vec<u8>, out: &mut Vec<u8>) {
        let used = i64::try_from(width(&filled)).unwrap_or(i64::MAX);
        if self.flush == Flush::LeftAndSteal {
            columns = steal(columns, used, &mut filled, out);
            self.flush = Flush::Left;
        }
        if used > columns {
            let kept = columns.saturating_sub(2);
            let over = used.saturating_sub(kept);
            let from = match self.cut {
                Cut::None => None,
                Cut::Left => Some(0),
                Cut::Middle => Some(columns.checked_div(2).unwrap_or(0).saturating_sub(1)),
                Cut::Right => Some(kept),
            };
            if let Some(from) = from {
                filled = cut(filled, from, over);
            }
            out.append(&mut filled);
        } else {
            let blanks = usize::try_from(columns.saturating_sub(used)).unwrap_or(0);
            let before = match self.flush {
                Flush::Left => blanks,
                Flush::Both => blanks / 2,
                _ => 0,
            };
            push_blanks(before, out);
            out.append(&mut filled);
            push_blanks(blanks.saturating_sub(before), out);
        }
        self.flush = Flush::None;
    }
}

/// Takes blanks from the end of the text, as long as the columns do not suffice. A colour that is set
/// behind them stays before the text that follows.
fn steal(mut columns: i64, used: i64, filled: &mut Vec<u8>, out: &mut Vec<u8>) -> i64 {
    while used > columns && out.len() > 1 {
        if out.last() == Some(&b' ') {
            out.pop();
            columns = columns.saturating_add(1);
            continue;
        }
        let near = out.len().saturating_sub(COLOUR_BYTES_MAX);
        let escape = out.get(near..).and_then(|near| near.rfind_byte(0x1b));
        let Some(start) = escape
            .map(|at| near.saturating_add(at))
            .filter(|at| *at > 0)
        else {
            break;
        };
        let sequence = out.get(start..).unwrap_or_default();
        if colour_bytes(sequence) != sequence.len() {
            break;
        }
        let sequence = out.split_off(start);
        filled.splice(0..0, sequence);
    }
    columns
}

/// The number at the beginning, as C reads it: 0 if there is none; and the rest behind it.
fn leading_number(text: &[u8]) -> (i64, &[u8]) {
    let trimmed = text.trim_start();
    let sign = usize::from(matches!(trimmed.first(), Some(b'-' | b'+')));
    let digits = trimmed
        .iter()
        .skip(sign)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    if digits == 0 {
        return (0, text);
    }
    let (number, behind) = trimmed
        .split_at_checked(sign.saturating_add(digits))
        .unwrap_or((trimmed, b""));
    let number = number.to_str().ok().and_then(|text| text.parse().ok());
    (number.unwrap_or(i64::MAX), behind)
}
