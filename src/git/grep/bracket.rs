//! Bracket expressions: `[a-z[:digit:]_]`.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir};

use super::reader::{EreError, Reader};

/// The set that a class names, of ASCII alone.
fn class(name: &str, ignore_case: bool) -> Option<Vec<(char, char)>> {
    let ranges: &[(char, char)] = match name {
        // Without regard to case these are one.
        "upper" | "lower" if ignore_case => &[('a', 'z'), ('A', 'Z')],
        "upper" => &[('A', 'Z')],
        "lower" => &[('a', 'z')],
        "alpha" => &[('a', 'z'), ('A', 'Z')],
        "digit" => &[('0', '9')],
        "alnum" => &[('a', 'z'), ('A', 'Z'), ('0', '9')],
        "xdigit" => &[('0', '9'), ('a', 'f'), ('A', 'F')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "graph" => &[('!', '~')],
        "print" => &[(' ', '~')],
        "cntrl" => &[('\0', '\x1f'), ('\x7f', '\x7f')],
        _ => return None,
    };
    Some(ranges.to_vec())
}

/// A set of characters, or all others but the newline.
pub(super) fn set(ranges: &[(char, char)], negated: bool, ignore_case: bool) -> Hir {
    let all = ranges
        .iter()
        .map(|(start, end)| ClassUnicodeRange::new(*start, *end));
    let mut set = ClassUnicode::new(all);
    if ignore_case {
        // Both the text and the pattern are read as if they were small.
        let mut large = ClassUnicode::new([ClassUnicodeRange::new('A', 'Z')]);
        set.difference(&large);
        let small = ClassUnicode::new([ClassUnicodeRange::new('a', 'z')]);
        let mut both = set.clone();
        both.intersect(&small);
        let shifted = both.iter().map(|range| {
            let upper = |c: char| c.to_ascii_uppercase();
            ClassUnicodeRange::new(upper(range.start()), upper(range.end()))
        });
        large = ClassUnicode::new(shifted.collect::<Vec<_>>());
        set.union(&large);
    }
    if negated {
        set.negate();
    }
    set.difference(&ClassUnicode::new([ClassUnicodeRange::new('\n', '\n')]));
    Hir::class(Class::Unicode(set))
}

/// Reads one, behind its `[`.
pub(super) fn read(reader: &mut Reader, ignore_case: bool) -> Result<Hir, EreError> {
    let negated = reader.take_if('^');
    let mut ranges = Vec::new();
    let mut is_first = true;
    loop {
        let Some(next) = reader.next() else {
            return Err(EreError::Unclosed('['));
        };
        if next == ']' && !is_first {
            return Ok(set(&ranges, negated, ignore_case));
        }
        is_first = false;
        let start = match element(reader, next, ignore_case)? {
            Element::Class(class) => {
                if reader.peek() == Some('-') && reader.peek_second() != Some(']') {
                    return Err(EreError::Range);
                }
                ranges.extend(class);
                continue;
            }
            Element::One(start) => start,
        };
        if reader.peek() == Some('-') && reader.peek_second().is_some_and(|c| c != ']') {
            reader.next();
            let Some(next) = reader.next() else {
                return Err(EreError::Unclosed('['));
            };
            match element(reader, next, ignore_case)? {
                Element::One(end) if start <= end => ranges.push((start, end)),
                _ => return Err(EreError::Range),
            }
        } else {
            ranges.push((start, start));
        }
    }
}

enum Element {
    One(char),
    Class(Vec<(char, char)>),
}

/// A character, or the text between `[:` and `:]`, `[=` and `=]`, `[.` and `.]`.
fn element(reader: &mut Reader, first: char, ignore_case: bool) -> Result<Element, EreError> {
    let ('[', Some(kind @ (':' | '=' | '.'))) = (first, reader.peek()) else {
        return Ok(Element::One(folded(first, ignore_case)));
    };
    reader.next();
    let mut name = String::new();
    loop {
        match reader.next() {
            Some(c) if c == kind && reader.peek() == Some(']') => {
                reader.next();
                break;
            }
            Some(c) => name.push(c),
            None => return Err(EreError::Unclosed('[')),
        }
    }
    if kind == ':' {
        let found = class(&name, ignore_case).map(Element::Class);
        return found.ok_or(EreError::Class(name));
    }
    let mut all = name.chars();
    match (all.next(), all.next()) {
        (Some(one), None) => Ok(Element::One(folded(one, ignore_case))),
        _ => Err(EreError::Collation(name)),
    }
}

fn folded(c: char, ignore_case: bool) -> char {
    if ignore_case {
        c.to_ascii_lowercase()
    } else {
        c
    }
}
