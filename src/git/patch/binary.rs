//! `GIT binary patch`: contents and deltas, deflated and in base 85
//! (<https://git-scm.com/docs/git-diff#Documentation/git-diff.txt---binary>).

use super::super::pack::inflate::Inflater;
use super::error::{PatchError, SyntaxFault};
use super::header::Lines;
use super::hunk::number;

/// The digits of base 85 in git.
const DIGITS: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";

/// The change that a binary patch makes to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Binary {
    /// The whole content.
    Literal(Vec<u8>),
    /// A delta, as a pack has it.
    Delta(Vec<u8>),
}

/// Takes the lines behind `GIT binary patch`: the data that makes the new content, and, where there is
/// some, the data that would make the old one again, which is only checked.
pub(super) fn take(lines: &mut Lines<'_>, size_max: u64) -> Result<Binary, PatchError> {
    let fault = lines.fault(SyntaxFault::Binary);
    let forward = take_part(lines, size_max)?.ok_or(fault)?;
    take_part(lines, size_max)?;
    Ok(forward)
}

fn take_part(lines: &mut Lines<'_>, size_max: u64) -> Result<Option<Binary>, PatchError> {
    let first = lines.peek().unwrap_or_default();
    let (is_delta, size) = match (
        first.strip_prefix(b"delta "),
        first.strip_prefix(b"literal "),
    ) {
        (Some(size), _) => (true, size),
        (None, Some(size)) => (false, size),
        (None, None) => return Ok(None),
    };
    let size = number(size).map(|(size, _)| size);
    let size = size.ok_or(lines.fault(SyntaxFault::Binary))?;
    if size > size_max {
        let (bytes, limit) = (size, size_max);
        return Err(lines.fault(SyntaxFault::BinaryTooLarge { bytes, limit }));
    }
    lines.take();
    let mut deflated = Vec::new();
    loop {
        let fault = lines.fault(SyntaxFault::Binary);
        let line = lines.take().ok_or(fault.clone())?;
        if line.len() == 1 {
            // Git takes any single byte for the empty line at the end.
            break;
        }
        decode_line(line, &mut deflated).ok_or(fault)?;
    }
    let fault = lines.fault(SyntaxFault::Binary);
    let size = usize::try_from(size).map_err(|_| fault.clone())?;
    let inflated = Inflater::new().whole(&deflated, size);
    let (content, _) = inflated.map_err(|_| fault)?;
    Ok(Some(if is_delta {
        Binary::Delta(content)
    } else {
        Binary::Literal(content)
    }))
}

/// Decodes a line: its number of bytes, and groups of five digits with four bytes each.
fn decode_line(line: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    let line = line.strip_suffix(b"\n")?;
    let (length, groups) = line.split_first()?;
    let length = match length {
        b'A'..=b'Z' => length.wrapping_sub(b'A').wrapping_add(1),
        b'a'..=b'z' => length.wrapping_sub(b'a').wrapping_add(27),
        _ => return None,
    };
    let length = usize::from(length);
    let (groups, rest) = groups.as_chunks::<5>();
    // The last group may be filled up, by three bytes at most.
    if !rest.is_empty() || groups.len() != length.div_ceil(4) {
        return None;
    }
    let mut left = length;
    for group in groups {
        let number = group.iter().try_fold(0_u32, |number, digit| {
            let value = DIGITS.iter().position(|known| known == digit)?;
            number
                .checked_mul(85)?
                .checked_add(u32::try_from(value).ok()?)
        })?;
        let decoded = number.to_be_bytes();
        bytes.extend(decoded.iter().take(left));
        left = left.saturating_sub(4);
    }
    Some(())
}
