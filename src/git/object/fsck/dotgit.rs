//! The names that a file system takes for `.git`, `.gitmodules` and their like.
//!
//! A tree made on one system is checked out on another: HFS+ ignores case and some code points,
//! NTFS ignores case and trailing dots and spaces, cuts a name at a colon, and knows long names by
//! short ones (`git~1`). Rules as in git's `utf8.c` (`is_hfs_dotgit`) and `path.c`
//! (`is_ntfs_dotgit`, `is_ntfs_dot_generic`).
//!
//! `gix-validate` has the like, but tells only the first reason to refuse a name, knows neither
//! `.gitattributes` nor `.gitignore` nor `.mailmap`, and differs where git takes malformed UTF-8
//! or a backslash for the end of the name.

use gix_object::bstr;

/// A name that means something to git, with the forms that NTFS gives it.
#[derive(Debug, Clone, Copy)]
pub(super) struct DotName {
    /// The name in lower case, without its dot; at least six bytes.
    long: &'static [u8],
    /// The first six bytes of the short name that NTFS falls back to, in lower case.
    short: &'static [u8],
}

pub(super) const GITMODULES: DotName = DotName {
    long: b"gitmodules",
    short: b"gi7eba",
};
pub(super) const GITATTRIBUTES: DotName = DotName {
    long: b"gitattributes",
    short: b"gi7d29",
};
pub(super) const GITIGNORE: DotName = DotName {
    long: b"gitignore",
    short: b"gi250a",
};
pub(super) const MAILMAP: DotName = DotName {
    long: b"mailmap",
    short: b"maba30",
};

/// Whether a name that starts with this byte can be taken for any of the names here; most cannot.
pub(super) fn may_be_special(first: u8) -> bool {
    // A dot, or the first byte of a code point that HFS+ ignores; a short name, or one that
    // starts with its number.
    matches!(first, b'.' | 0xe2 | 0xef | b'g' | b'G' | b'm' | b'M' | b'~')
}

/// Some file system takes the name for `.git`.
pub(super) fn is_dotgit(name: &[u8]) -> bool {
    is_hfs_dot(name, b"git") || is_ntfs_dotgit(name)
}

impl DotName {
    /// Some file system takes `name` for this one.
    pub(super) fn is_meant_by(self, name: &[u8]) -> bool {
        is_hfs_dot(name, self.long) || self.is_meant_on_ntfs_by(name)
    }

    /// NTFS takes `name` for this one.
    pub(super) fn is_meant_on_ntfs_by(self, name: &[u8]) -> bool {
        let long = name
            .strip_prefix(b".")
            .and_then(|rest| strip_ignore_case(rest, self.long));
        if let Some(rest) = long {
            return is_ntfs_tail(rest);
        }
        // Up to four files share the first six bytes; the next ones get a hash in their place.
        let shared = self
            .long
            .get(..6)
            .and_then(|shared| strip_ignore_case(name, shared));
        if let Some([b'~', b'1'..=b'4', rest @ ..]) = shared {
            return is_ntfs_tail(rest);
        }
        self.strip_fallback(name).is_some_and(is_ntfs_tail)
    }

    /// Takes the eight bytes of a fallback short name: at most six of `short`, a tilde, and a
    /// number.
    fn strip_fallback(self, name: &[u8]) -> Option<&[u8]> {
        let tilde = name.iter().take(7).position(|byte| *byte == b'~')?;
        let (prefix, rest) = name.split_at_checked(tilde)?;
        let expected = self.short.get(..tilde)?;
        if !prefix.eq_ignore_ascii_case(expected) {
            return None;
        }
        let (number, rest) = rest.split_at_checked(8_usize.checked_sub(tilde)?)?;
        match number {
            [b'~', b'1'..=b'9', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => Some(rest),
            _ => None,
        }
    }
}

fn strip_ignore_case<'a>(name: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = name.split_at_checked(prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// NTFS takes the name, up to a slash or backslash, for `.git`.
pub(super) fn is_ntfs_dotgit(name: &[u8]) -> bool {
    let rest = strip_ignore_case(name, b".git").or_else(|| strip_ignore_case(name, b"git~1"));
    rest.is_some_and(|rest| {
        let end = rest.iter().find(|byte| !matches!(byte, b'.' | b' '));
        matches!(end, None | Some(b'/' | b'\\' | b':'))
    })
}

/// Only dots and spaces follow, or a stream's name.
fn is_ntfs_tail(rest: &[u8]) -> bool {
    let end = rest.iter().find(|byte| !matches!(byte, b'.' | b' '));
    matches!(end, None | Some(b':'))
}

/// HFS+ takes the name, up to a slash, for a dot and `needle` (lower case).
fn is_hfs_dot(name: &[u8], needle: &[u8]) -> bool {
    let mut rest = name;
    if next_hfs_char(&mut rest) != Some('.') {
        return false;
    }
    for expected in needle {
        let next = next_hfs_char(&mut rest);
        if next.is_none_or(|c| c.to_ascii_lowercase() != char::from(*expected)) {
            return false;
        }
    }
    matches!(next_hfs_char(&mut rest), None | Some('/'))
}

/// The next code point that HFS+ does not ignore; `None` at the end and at malformed UTF-8.
fn next_hfs_char(rest: &mut &[u8]) -> Option<char> {
    loop {
        let (decoded, length) = bstr::decode_utf8(*rest);
        *rest = rest.get(length..)?;
        match decoded? {
            '\u{200c}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{206a}'..='\u{206f}'
            | '\u{feff}' => {}
            '\u{fffe}' | '\u{ffff}' => return None,
            c => return Some(c),
        }
    }
}
