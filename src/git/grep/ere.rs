//! POSIX extended regular expressions with the C library's own operators, read as glibc reads them
//! (`RE_SYNTAX_POSIX_EXTENDED`) where newlines end lines (`REG_NEWLINE`).
//!
//! A dot and the sets that exclude something match one character of UTF-8, and nothing where bytes are not
//! UTF-8. Named classes, word characters and case are those of ASCII.

use regex_syntax::hir::{Hir, Look, Repetition};

use super::bracket;
use super::reader::{DEPTH_MAX, EreError, REPEATS_MAX, Reader};

/// Intervals one behind the other, at most.
const INTERVALS_MAX: u32 = 3;

/// Reads a pattern of one line.
pub(super) fn parse(pattern: &str, ignore_case: bool) -> Result<Hir, EreError> {
    let mut parser = Parser {
        reader: Reader::new(pattern),
        ignore_case,
    };
    parser.alternatives(0)
}

/// A text that is found as it is.
pub(super) fn literal(text: &str, ignore_case: bool) -> Hir {
    Hir::concat(text.chars().map(|c| one(c, ignore_case)).collect())
}

fn one(c: char, ignore_case: bool) -> Hir {
    if ignore_case && c.is_ascii_alphabetic() {
        let small = c.to_ascii_lowercase();
        return bracket::set(&[(small, small)], false, true);
    }
    let mut bytes = [0; 4];
    Hir::literal(c.encode_utf8(&mut bytes).as_bytes().to_vec())
}

struct Parser<'a> {
    reader: Reader<'a>,
    ignore_case: bool,
}

fn repeated(piece: Hir, min: u32, max: Option<u32>) -> Hir {
    Hir::repetition(Repetition {
        min,
        max,
        greedy: true,
        sub: Box::new(piece),
    })
}

/// An expression, by whether it may be repeated.
enum Piece {
    /// It may be repeated.
    Repeatable(Hir),
    /// An anchor, which may not.
    Anchor(Hir),
}

impl Parser<'_> {
    fn alternatives(&mut self, depth: u32) -> Result<Hir, EreError> {
        if depth > DEPTH_MAX {
            return Err(EreError::TooDeep);
        }
        let mut all = vec![self.branch(depth)?];
        while self.reader.take_if('|') {
            all.push(self.branch(depth)?);
        }
        Ok(Hir::alternation(all))
    }

    /// Expressions side by side; it may be empty.
    fn branch(&mut self, depth: u32) -> Result<Hir, EreError> {
        let mut all = Vec::new();
        while let Some(next) = self.reader.peek() {
            if next == '|' || next == ')' && depth > 0 {
                break;
            }
            self.reader.next();
            all.push(match self.expression(next, depth)? {
                Piece::Repeatable(piece) => self.repetitions(piece)?,
                Piece::Anchor(piece) => piece,
            });
        }
        Ok(Hir::concat(all))
    }

    fn expression(&mut self, first: char, depth: u32) -> Result<Piece, EreError> {
        let ignore_case = self.ignore_case;
        Ok(Piece::Repeatable(match first {
            '(' => {
                let inner = self.alternatives(depth.saturating_add(1))?;
                if !self.reader.take_if(')') {
                    return Err(EreError::Unclosed('('));
                }
                inner
            }
            '[' => bracket::read(&mut self.reader, ignore_case)?,
            '.' => bracket::set(&[('\0', '\0')], true, false),
            '^' => return Ok(Piece::Anchor(Hir::look(Look::StartLF))),
            '$' => return Ok(Piece::Anchor(Hir::look(Look::EndLF))),
            '*' | '+' | '?' | '{' => return Err(EreError::Repeats(first)),
            '\\' => return self.escape(),
            other => one(other, ignore_case),
        }))
    }

    /// The piece behind a backslash: the C library's operators, or a character as it is.
    fn escape(&mut self) -> Result<Piece, EreError> {
        const WORD: [(char, char); 4] = [('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')];
        const SPACE: [(char, char); 2] = [('\t', '\r'), (' ', ' ')];
        let next = self.reader.next().ok_or(EreError::Backslash)?;
        let look = |look| Ok(Piece::Anchor(Hir::look(look)));
        Ok(Piece::Repeatable(match next {
            'w' => bracket::set(&WORD, false, false),
            'W' => bracket::set(&WORD, true, false),
            's' => bracket::set(&SPACE, false, false),
            'S' => bracket::set(&SPACE, true, false),
            'b' => return look(Look::WordAscii),
            'B' => return look(Look::WordAsciiNegate),
            '<' => return look(Look::WordStartAscii),
            '>' => return look(Look::WordEndAscii),
            '1'..='9' | '`' | '\'' => return Err(EreError::Unsupported(next)),
            other => one(other, self.ignore_case),
        }))
    }

    /// The repetitions behind an expression. Neighbours are made one: the recursion over the expression goes
    /// as deep as the expression nests.
    fn repetitions(&mut self, mut piece: Hir) -> Result<Hir, EreError> {
        let mut intervals = 0_u32;
        loop {
            if let Some((min, max)) = self.simple_repetitions() {
                piece = repeated(piece, min, max);
            } else if self.reader.take_if('{') {
                intervals = intervals.saturating_add(1);
                if intervals > INTERVALS_MAX {
                    return Err(EreError::TooDeep);
                }
                let (min, max) = self.interval()?;
                piece = repeated(piece, min, max);
            } else {
                return Ok(piece);
            }
        }
    }

    /// One or more of `*`, `+` and `?`, as one.
    fn simple_repetitions(&mut self) -> Option<(u32, Option<u32>)> {
        let mut all = None;
        loop {
            let next = match self.reader.peek() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                _ => return all,
            };
            self.reader.next();
            all = match all {
                None => Some(next),
                Some(before) if before == next => all,
                Some(_) => Some((0, None)),
            };
        }
    }

    /// Behind its `{`.
    fn interval(&mut self) -> Result<(u32, Option<u32>), EreError> {
        let min = self.number()?;
        let bounds = if self.reader.take_if(',') {
            (min.unwrap_or(0), self.number()?)
        } else {
            let count = min.ok_or(EreError::Interval)?;
            (count, Some(count))
        };
        let is_wrong = bounds.1.is_some_and(|max| max < bounds.0);
        if is_wrong || !self.reader.take_if('}') {
            return Err(EreError::Interval);
        }
        Ok(bounds)
    }

    fn number(&mut self) -> Result<Option<u32>, EreError> {
        let mut number = None;
        while let Some(digit) = self.reader.peek().and_then(|c| c.to_digit(10)) {
            self.reader.next();
            let before: u32 = number.unwrap_or(0);
            let next = before.saturating_mul(10).saturating_add(digit);
            if next > REPEATS_MAX {
                return Err(EreError::Interval);
            }
            number = Some(next);
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Pattern;

    #[test]
    fn a_pattern_is_never_deep() {
        for text in [
            "a".to_owned() + &"*".repeat(900),
            "a".to_owned() + &"+?".repeat(400),
            "(a*".repeat(50) + &")*".repeat(50),
        ] {
            assert!(Pattern::new(&text, false, false).is_ok(), "{text}");
        }
        let intervals = "a".to_owned() + &"{1}".repeat(300);
        let deep = "(".repeat(400) + "a" + &")".repeat(400);
        for text in [intervals, deep] {
            assert!(Pattern::new(&text, false, false).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_panics(text in any::<String>(), fixed in any::<bool>()) {
            let _ = Pattern::new(&text, fixed, true);
        }

        #[test]
        fn no_pattern_of_operators_panics(text in r"[a(){}\[\]*+?|^$.,:1-3\\\-]{0,30}") {
            let _ = Pattern::new(&text, false, false);
        }
    }
}
