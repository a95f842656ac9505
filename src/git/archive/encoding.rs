//! Encodings of text other than UTF-8, by the names that `iconv` of the C library knows them by: those
//! of `working-tree-encoding` (<https://git-scm.com/docs/gitattributes#_working_tree_encoding>) and of a
//! commit's header.
//!
//! These are the ones that need no table. A file in another one stays as it is stored, as it does in a
//! git whose `iconv` does not know it.

use gix_object::bstr::ByteSlice as _;

/// A character that says which byte of a unit comes first.
const MARK: char = '\u{feff}';

/// The characters of the bytes from 0x80 on in `windows-1252`, as far as they differ from Latin-1; 0 for
/// nothing.
const WINDOWS: [u16; 32] = [
    0x20ac, 0, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039,
    0x0152, 0, 0x017d, 0, 0, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc,
    0x2122, 0x0161, 0x203a, 0x0153, 0, 0x017e, 0x0178,
];

/// An encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `ISO-8859-1`: a byte a character.
    Latin1,
    /// `windows-1252`.
    Windows1252,
    /// Units of two bytes.
    Utf16(Order),
    /// Units of four bytes.
    Utf32(Order),
}

/// The order of the bytes of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    is_little: bool,
    /// Whether a mark stands at the beginning.
    has_mark: bool,
}

impl Encoding {
    /// The encoding of this name; `None` for UTF-8 and for names that are not known here.
    pub(crate) fn of(name: &[u8]) -> Option<Self> {
        let name = name.to_str().ok()?.to_ascii_lowercase();
        if let Some(utf) = name.strip_prefix("utf") {
            return Self::of_utf(utf.strip_prefix('-').unwrap_or(utf));
        }
        match name.as_str() {
            "iso-8859-1" | "iso8859-1" | "iso_8859-1" | "latin1" | "latin-1" | "l1" | "cp819" => {
                Some(Self::Latin1)
            }
            "windows-1252" | "cp1252" | "ms-ansi" => Some(Self::Windows1252),
            _ => None,
        }
    }

    /// By the digits behind `utf-`. Without an order it is the byte order of the machines on which git runs,
    /// and a mark says so.
    fn of_utf(name: &str) -> Option<Self> {
        let (bits, order) = name.split_at_checked(2)?;
        let (is_little, has_mark) = match order {
            "" => (true, true),
            "le" => (true, false),
            "be" => (false, false),
            // These two are git's own.
            "le-bom" if bits == "16" => (true, true),
            "be-bom" if bits == "16" => (false, true),
            _ => return None,
        };
        let order = Order {
            is_little,
            has_mark,
        };
        match bits {
            "16" => Some(Self::Utf16(order)),
            "32" => Some(Self::Utf32(order)),
            _ => None,
        }
    }

    /// A text of UTF-8 in this encoding; `None` if the text is not UTF-8, or has a character that this
    /// encoding lacks.
    pub(crate) fn encode(self, text: &[u8]) -> Option<Vec<u8>> {
        let text = text.to_str().ok()?;
        let mut out = Vec::with_capacity(text.len());
        match self {
            Self::Latin1 => {
                for c in text.chars() {
                    out.push(u8::try_from(u32::from(c)).ok()?);
                }
            }
            Self::Windows1252 => {
                for c in text.chars() {
                    out.push(windows_byte(c)?);
                }
            }
            Self::Utf16(order) => {
                let mark = order.has_mark.then_some(MARK);
                let mut units = [0; 2];
                for c in mark.into_iter().chain(text.chars()) {
                    for unit in c.encode_utf16(&mut units) {
                        out.extend_from_slice(&order.of_two(*unit));
                    }
                }
            }
            Self::Utf32(order) => {
                let mark = order.has_mark.then_some(MARK);
                for c in mark.into_iter().chain(text.chars()) {
                    out.extend_from_slice(&order.of_four(u32::from(c)));
                }
            }
        }
        Some(out)
    }

    /// Decodes a text in this encoding; `None` if it is not valid there. No commit is written in units of
    /// several bytes.
    pub(crate) fn decode(self, text: &[u8]) -> Option<String> {
        match self {
            Self::Latin1 => Some(text.iter().copied().map(char::from).collect()),
            Self::Windows1252 => text.iter().copied().map(windows_char).collect(),
            Self::Utf16(_) | Self::Utf32(_) => None,
        }
    }
}

impl Order {
    fn of_two(self, unit: u16) -> [u8; 2] {
        if self.is_little {
            unit.to_le_bytes()
        } else {
            unit.to_be_bytes()
        }
    }

    fn of_four(self, unit: u32) -> [u8; 4] {
        if self.is_little {
            unit.to_le_bytes()
        } else {
            unit.to_be_bytes()
        }
    }
}

fn windows_byte(c: char) -> Option<u8> {
    let code = u32::from(c);
    if code < 0x80 || (0xa0..0x100).contains(&code) {
        return u8::try_from(code).ok();
    }
    let at = WINDOWS.iter().position(|known| u32::from(*known) == code)?;
    u8::try_from(at).ok()?.checked_add(0x80)
}

fn windows_char(byte: u8) -> Option<char> {
    let Some(code) = byte
        .checked_sub(0x80)
        .and_then(|at| WINDOWS.get(usize::from(at)))
    else {
        return Some(char::from(byte));
    };
    char::from_u32(u32::from(*code)).filter(|c| *c != '\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_iconv_and_of_git() {
        for (name, text, expected) in [
            ("UTF-16", "aж", Some(&b"\xff\xfea\0\x36\x04"[..])),
            ("utf16", "a", Some(b"\xff\xfea\0")),
            ("UTF-16LE", "a", Some(b"a\0")),
            ("UTF-16BE", "\u{1f600}", Some(b"\xd8\x3d\xde\x00")),
            ("UTF-16LE-BOM", "a", Some(b"\xff\xfea\0")),
            ("UTF-16BE-BOM", "a", Some(b"\xfe\xff\0a")),
            ("UTF-32", "a", Some(b"\xff\xfe\0\0a\0\0\0")),
            ("UTF-32BE", "a", Some(b"\0\0\0a")),
            ("ISO-8859-1", "ä", Some(b"\xe4")),
            ("latin-1", "ж", None),
            ("windows-1252", "€ä", Some(b"\x80\xe4")),
            ("CP1252", "\u{81}", None),
        ] {
            let encoded = Encoding::of(name.as_bytes())
                .unwrap()
                .encode(text.as_bytes());
            assert_eq!(encoded.as_deref(), expected, "{name}");
        }
        for unknown in ["UTF-8", "utf8", "UTF-32LE-BOM", "SHIFT-JIS", ""] {
            assert_eq!(Encoding::of(unknown.as_bytes()), None, "{unknown}");
        }
        assert_eq!(Encoding::Windows1252.decode(b"\x80\xe4").unwrap(), "€ä");
        assert_eq!(Encoding::Windows1252.decode(b"\x81"), None);
    }
}
