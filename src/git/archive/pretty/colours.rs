//! `%C…`: the sequences that set a colour (`color_parse_mem` of git's `color.c`). An archive is not a
//! terminal: only `%C(always,…)` writes one.

use gix_object::bstr::ByteSlice as _;

/// The names of the eight colours, in the order of their numbers.
const NAMES: [&str; 8] = [
    "black", "red", "green", "yellow", "blue", "magenta", "cyan", "white",
];

/// The attributes, with the numbers that set them and that take them back.
const ATTRIBUTES: [(&str, u8, u8); 7] = [
    ("bold", 1, 22),
    ("dim", 2, 22),
    ("italic", 3, 23),
    ("ul", 4, 24),
    ("blink", 5, 25),
    ("reverse", 7, 27),
    ("strike", 9, 29),
];

/// Writes the colour that the text behind `%C` names; gives the bytes of the placeholder behind the `%`. A
/// colour that git refuses stays as it stands.
pub(super) fn write(text: &[u8], out: &mut Vec<u8>) -> usize {
    if let Some(inside) = text.strip_prefix(b"(") {
        let Some(end) = inside.find_byte(b')') else {
            return 0;
        };
        let inside = inside.get(..end).unwrap_or_default();
        if let Some(colour) = inside.strip_prefix(b"always,") {
            match sequence(colour) {
                Some(sequence) => out.extend_from_slice(sequence.as_bytes()),
                None => return 0,
            }
        }
        return end.saturating_add(3);
    }
    let names = ["red", "green", "blue", "reset"];
    let name = names.iter().find(|name| text.starts_with(name.as_bytes()));
    name.map_or(0, |name| name.len().saturating_add(1))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Colour {
    /// The terminal's colour.
    Normal,
    /// One of sixteen, or the default, by the number that sets it in the foreground.
    Named(u8),
    /// One of 256.
    Numbered(u8),
    Rgb([u8; 3]),
}

/// `[reset] [foreground [background]] [attribute]…`
fn sequence(text: &[u8]) -> Option<String> {
    let (mut has_reset, mut attributes, mut colours) = (false, 0_u32, Vec::new());
    for word in text.to_str().ok()?.split_ascii_whitespace() {
        if word.eq_ignore_ascii_case("reset") {
            has_reset = true;
        } else if let Some(colour) = Colour::parse(word) {
            colours.push(colour);
        } else {
            attributes |= 1 << attribute(word)?;
        }
    }
    if colours.len() > 2 {
        return None;
    }
    let mut codes: Vec<String> = Vec::new();
    if has_reset {
        codes.push(String::new());
    }
    let set = (0..32_u32).filter(|bit| attributes & (1 << bit) != 0);
    codes.extend(set.map(|bit| bit.to_string()));
    for (colour, offset) in colours.into_iter().zip([0, 10]) {
        codes.extend(colour.code(offset));
    }
    if codes.is_empty() {
        return Some(String::new());
    }
    Some(format!("\x1b[{}m", codes.join(";")))
}

impl Colour {
    fn parse(word: &str) -> Option<Self> {
        if word.eq_ignore_ascii_case("normal") || word == "-1" {
            return Some(Self::Normal);
        }
        if let Some(rgb) = word.strip_prefix('#').and_then(rgb) {
            return Some(Self::Rgb(rgb));
        }
        if word.eq_ignore_ascii_case("default") {
            return Some(Self::Named(39));
        }
        let bright = word
            .get(..6)
            .filter(|start| start.eq_ignore_ascii_case("bright"));
        let (name, offset) = match bright {
            Some(_) => (word.get(6..)?, 90_u8),
            None => (word, 30),
        };
        if let Some(at) = NAMES
            .iter()
            .position(|known| name.eq_ignore_ascii_case(known))
        {
            return offset.checked_add(u8::try_from(at).ok()?).map(Self::Named);
        }
        let number: u8 = word.parse().ok()?;
        Some(match number {
            0..8 => Self::Named(number.saturating_add(30)),
            8..16 => Self::Named(number.saturating_add(82)),
            _ => Self::Numbered(number),
        })
    }

    fn code(self, offset: u8) -> Option<String> {
        let extended = offset.saturating_add(38);
        match self {
            Self::Normal => None,
            Self::Named(number) => Some(number.saturating_add(offset).to_string()),
            Self::Numbered(number) => Some(format!("{extended};5;{number}")),
            Self::Rgb([red, green, blue]) => Some(format!("{extended};2;{red};{green};{blue}")),
        }
    }
}

/// Three or six hexadecimal digits.
fn rgb(digits: &str) -> Option<[u8; 3]> {
    let width = digits
        .len()
        .checked_div(3)
        .filter(|width| matches!(width, 1 | 2))?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) || !digits.len().is_multiple_of(3) {
        return None;
    }
    let mut rgb = [0; 3];
    for (at, value) in rgb.iter_mut().enumerate() {
        let start = at.checked_mul(width)?;
        let part = digits.get(start..start.checked_add(width)?)?;
        let part = if width == 1 {
            part.repeat(2)
        } else {
            part.to_owned()
        };
        *value = u8::from_str_radix(&part, 16).ok()?;
    }
    Some(rgb)
}

fn attribute(word: &str) -> Option<u8> {
    let (name, is_off) = match word.strip_prefix("no") {
        Some(name) => (name.strip_prefix('-').unwrap_or(name), true),
        None => (word, false),
    };
    let found = ATTRIBUTES.iter().find(|(known, _, _)| *known == name);
    found.map(|(_, on, off)| if is_off { *off } else { *on })
}
