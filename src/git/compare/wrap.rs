//! Headers of mails in lines (`strbuf_add_wrapped_text` of git's `utf8.c`) and in encoded words
//! (<https://www.rfc-editor.org/rfc/rfc2047>; `add_rfc2047` of its `pretty.c`).

use gix_object::bstr::ByteSlice as _;

/// Columns of a line with encoded words.
const COLUMNS_MAX: usize = 76;
/// How an encoded word begins.
const WORD_START: &[u8] = b"=?UTF-8?q?";

/// Appends text that is ASCII alone, broken at blanks so that lines have at most so many columns; the first
/// line has `used` columns already. Lines that follow begin with a blank.
pub(super) fn push_wrapped(text: &[u8], used: usize, columns: usize, out: &mut Vec<u8>) {
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r');
    let mut width = used;
    let mut indent = false;
    // Where the text begins that was not written, and the blank at which the line may be broken.
    let (mut start, mut at) = (0, 0);
    let mut space = Some(0);
    loop {
        let byte = text.get(at);
        if byte.is_some_and(|byte| !is_blank(byte)) {
            width = width.saturating_add(1);
            at = at.saturating_add(1);
            continue;
        }
        let Some(broken_at) = space.filter(|_| width > columns) else {
            if byte.is_none() && at == start {
                return;
            }
            match space {
                Some(space) => start = space,
                None if indent => out.push(b' '),
                None => {}
            }
            out.extend_from_slice(text.get(start..at).unwrap_or_default());
            if byte.is_none() {
                return;
            }
            space = Some(at);
            if byte == Some(&b'\t') {
                width |= 7;
            }
            width = width.saturating_add(1);
            at = at.saturating_add(1);
            continue;
        };
        out.push(b'\n');
        let skipped = text.get(broken_at).is_some_and(is_blank);
        at = broken_at.saturating_add(usize::from(skipped));
        start = at;
        space = None;
        indent = true;
        width = 1;
    }
}

/// Appends text as encoded words; in an address fewer bytes may stand for themselves.
pub(super) fn push_encoded(text: &[u8], is_address: bool, out: &mut Vec<u8>) {
    let mut width = last_line_length(out).saturating_add(WORD_START.len());
    out.extend_from_slice(WORD_START);
    let mut rest = text;
    while !rest.is_empty() {
        let (character, behind) = rest.split_at(character_bytes(rest));
        rest = behind;
        let is_special = match character {
            [byte] => is_special(*byte, is_address),
            _ => true,
        };
        let bytes = if is_special {
            character.len().saturating_mul(3)
        } else {
            1
        };
        if width.saturating_add(bytes).saturating_add(2) > COLUMNS_MAX {
            out.extend_from_slice(b"?=\n ");
            out.extend_from_slice(WORD_START);
            width = WORD_START.len().saturating_add(1);
        }
        for byte in character {
            if is_special {
                out.extend_from_slice(format!("={byte:02X}").as_bytes());
            } else {
                out.push(*byte);
            }
        }
        width = width.saturating_add(bytes);
    }
    out.extend_from_slice(b"?=");
}

/// Bytes of the first character; 1 where there is no UTF-8.
fn character_bytes(text: &[u8]) -> usize {
    let start = text.get(..4).unwrap_or(text);
    let valid = start.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let first = valid.chars().next();
    let first = first.filter(|first| !matches!(first, '\u{fffe}' | '\u{ffff}'));
    first.map_or(1, char::len_utf8)
}

fn is_special(byte: u8, is_address: bool) -> bool {
    if !(0x21..=0x7e).contains(&byte) || matches!(byte, b'=' | b'?' | b'_') {
        return true;
    }
    is_address && !byte.is_ascii_alphanumeric() && !b"!*+-/".contains(&byte)
}

/// Bytes behind the last newline.
pub(super) fn last_line_length(text: &[u8]) -> usize {
    let newline = text.rfind_byte(b'\n');
    newline.map_or(text.len(), |at| {
        text.len().saturating_sub(at).saturating_sub(1)
    })
}
