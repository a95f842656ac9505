//! How many columns of a terminal a text takes, and texts cut or wrapped by columns (git's `utf8.c`).

use unicode_width::UnicodeWidthChar as _;

/// Bytes after which no text is wrapped any further: more than any file may have.
const WRAPPED_BYTES_MAX: usize = 10 << 20;

/// Columns of a text; a text that is not UTF-8 has as many as it has bytes. Sequences that set colours have
/// none.
pub(super) fn width(text: &[u8]) -> usize {
    let (mut rest, mut columns) = (text, 0_usize);
    while !rest.is_empty() {
        rest = rest.get(colour_bytes(rest)..).unwrap_or_default();
        if rest.is_empty() {
            break;
        }
        let Some((bytes, width)) = glyph(rest) else {
            return text.len();
        };
        columns = columns.saturating_add(width.unwrap_or(0));
        rest = rest.get(bytes..).unwrap_or_default();
    }
    columns
}

/// Bytes of a sequence that sets a colour, at the beginning; or 0.
pub(super) fn colour_bytes(text: &[u8]) -> usize {
    let Some(codes) = text.strip_prefix(b"\x1b[") else {
        return 0;
    };
    let is_code = |byte: &u8| byte.is_ascii_digit() || *byte == b';';
    let digits = codes.iter().take_while(|byte| is_code(byte)).count();
    match codes.get(digits) {
        Some(b'm') => digits.saturating_add(3),
        _ => 0,
    }
}

/// The first character: its bytes and its columns, none for a control character. `None` if it is not UTF-8.
fn glyph(text: &[u8]) -> Option<(usize, Option<usize>)> {
    let start = text.get(..4).unwrap_or(text);
    let valid = start.utf8_chunks().next()?.valid();
    let first = valid.chars().next()?;
    if matches!(first, '\u{fffe}' | '\u{ffff}') {
        return None;
    }
    let columns = if first.is_control() && first != '\0' {
        None
    } else {
        Some(first.width().unwrap_or(0))
    };
    Some((first.len_utf8(), columns))
}

/// Puts two dots in place of the glyphs from a column on that take so many columns. A text that is not
/// UTF-8 stays.
pub(super) fn cut(text: Vec<u8>, from: i64, columns: i64) -> Vec<u8> {
    let end = from.saturating_add(columns);
    let (mut out, mut column, mut is_cut) = (Vec::with_capacity(text.len()), 0_i64, false);
    let mut rest = text.as_slice();
    while !rest.is_empty() {
        let colour = colour_bytes(rest);
        if colour > 0 {
            let (sequence, behind) = rest.split_at_checked(colour).unwrap_or((rest, b""));
            out.extend_from_slice(sequence);
            rest = behind;
            continue;
        }
        let Some((bytes, width)) = glyph(rest) else {
            return text;
        };
        let width = i64::try_from(width.unwrap_or(0)).unwrap_or(0);
        let (character, behind) = rest.split_at_checked(bytes).unwrap_or((rest, b""));
        if width > 0 && column >= from && column < end {
            if !is_cut {
                out.extend_from_slice(b"..");
                is_cut = true;
            }
        } else {
            out.extend_from_slice(character);
        }
        column = column.saturating_add(width);
        rest = behind;
    }
    out
}

/// Wraps a text to a width, the first line and the others indented; with a width of 0 it only indents
/// (`strbuf_add_wrapped_text`). Stops once it has made too much.
pub(super) fn wrapped(text: &[u8], (width, first, others): (usize, usize, usize)) -> Vec<u8> {
    if width == 0 {
        return indented(text, first, others);
    }
    let mut wrap = Wrap {
        text,
        out: Vec::new(),
        is_utf8: true,
    };
    if wrap.run(width, first, others).is_none() {
        wrap.is_utf8 = false;
        wrap.out.clear();
        // By bytes it always ends.
        let _ = wrap.run(width, first, others);
    }
    wrap.out
}

fn indented(text: &[u8], first: usize, others: usize) -> Vec<u8> {
    let (mut out, mut indent) = (Vec::new(), first);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        if out.len() > WRAPPED_BYTES_MAX {
            break;
        }
        push_blanks(indent, &mut out);
        out.extend_from_slice(line);
        indent = others;
    }
    out
}

/// Appends blanks.
pub(super) fn push_blanks(count: usize, out: &mut Vec<u8>) {
    out.resize(out.len().saturating_add(count), b' ');
}

/// A text on its way into lines.
struct Wrap<'a> {
    text: &'a [u8],
    out: Vec<u8>,
    is_utf8: bool,
}

impl Wrap<'_> {
    /// `None` if the text turns out not to be UTF-8.
    fn run(&mut self, width: usize, first: usize, others: usize) -> Option<()> {
        let is_blank = |byte: u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let (mut column, mut indent) = (first, first);
        // Where the line begins, where the text goes on, and the blank at which the line may be broken.
        let (mut start, mut at, mut space) = (0_usize, 0_usize, None::<usize>);
        while self.out.len() <= WRAPPED_BYTES_MAX {
            while let Some(skipped) = Some(colour_bytes(self.rest(at))).filter(|bytes| *bytes > 0) {
                at = at.saturating_add(skipped);
            }
            let byte = self.text.get(at).copied();
            if byte.is_some_and(|byte| !is_blank(byte)) {
                let (bytes, columns) = if self.is_utf8 {
                    glyph(self.rest(at))?
                } else {
                    (1, Some(1))
                };
                // A control character has -1 columns there.
                column =
                    columns.map_or(column.saturating_sub(1), |more| column.saturating_add(more));
                at = at.saturating_add(bytes);
                continue;
            }
            let mut broken_at = space;
            if column <= width || space.is_none() {
                if byte.is_none() && at == start {
                    return Some(());
                }
                if space.is_none() {
                    push_blanks(indent, &mut self.out);
                }
                let line = self.text.get(space.unwrap_or(start)..at);
                self.out.extend_from_slice(line.unwrap_or_default());
                let Some(byte) = byte else {
                    return Some(());
                };
                broken_at = Some(at);
                if byte == b'\t' {
                    column |= 7;
                }
                let is_new_line = byte == b'\n' && {
                    broken_at = Some(at.saturating_add(1));
                    match self.text.get(at.saturating_add(1)) {
                        Some(b'\n') => {
                            self.out.push(b'\n');
                            true
                        }
                        Some(next) if next.is_ascii_alphanumeric() => {
                            self.out.push(b' ');
                            false
                        }
                        _ => true,
                    }
                };
                if !is_new_line {
                    space = broken_at;
                    column = column.saturating_add(1);
                    at = at.saturating_add(1);
                    continue;
                }
            }
            self.out.push(b'\n');
            let from = broken_at.unwrap_or(start);
            let skipped = self.text.get(from).is_some_and(|byte| is_blank(*byte));
            start = from.saturating_add(usize::from(skipped));
            (at, space, column, indent) = (start, None, others, others);
        }
        Some(())
    }

    fn rest(&self, at: usize) -> &[u8] {
        self.text.get(at..).unwrap_or_default()
    }
}
