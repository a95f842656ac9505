//! Texts in quotes, as git writes paths that have odd bytes
//! (<https://git-scm.com/docs/git-config#Documentation/git-config.txt-corequotePath>).

use gix_object::bstr::BString;

/// Reads a C string in quotes, as git's `unquote_c_style` does, and gives the rest behind it; `None` if it
/// does not begin with a quote, has no end, or has an escape that git does not know.
pub(in crate::git) fn unquote(text: &[u8]) -> Option<(BString, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = BString::default();
    loop {
        let (byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((name, rest)),
            b'\\' => {
                let (escaped, after) = rest.split_first()?;
                rest = after;
                name.push(match escaped {
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    b'\\' | b'"' => *escaped,
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        rest = after;
                        digits
                            .iter()
                            .try_fold(escaped.wrapping_sub(b'0'), |number, digit| {
                                let digit = digit.checked_sub(b'0').filter(|digit| *digit < 8)?;
                                Some(number << 3 | digit)
                            })?
                    }
                    _ => return None,
                });
            }
            _ => name.push(*byte),
        }
    }
}
