//! The characters of a pattern, and their faults.

use std::iter::Peekable;
use std::str::Chars;

/// Brackets inside of brackets, at most.
pub(super) const DEPTH_MAX: u32 = 50;

/// The most repetitions that an interval may ask for: each is a copy of the repeated expression.
pub(super) const REPEATS_MAX: u32 = 1_000;

/// The fault in a pattern that is malformed, or that this engine cannot search for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EreError {
    /// A bracket is open at the end.
    #[error("'{0}' is not closed")]
    Unclosed(char),
    /// A repetition stands behind nothing that can be repeated.
    #[error("'{0}' repeats nothing")]
    Repeats(char),
    /// An interval is not one.
    #[error("an interval is '{{2}}', '{{2,}}' or '{{2,5}}', with numbers up to {REPEATS_MAX}")]
    Interval,
    /// A range ends before it begins, or has a class at an end.
    #[error("a range in brackets is wrong")]
    Range,
    /// There is no such class.
    #[error("there is no class '{0}'")]
    Class(String),
    /// A collating element of several characters.
    #[error("the collating element '{0}' is not supported")]
    Collation(String),
    /// A backslash at the end.
    #[error("a backslash stands at the end")]
    Backslash,
    /// An operator that this search does not have.
    #[error("'\\{0}' is not supported")]
    Unsupported(char),
    /// Brackets stand too deep.
    #[error("brackets are nested more than {DEPTH_MAX} deep")]
    TooDeep,
}

/// The characters of a pattern.
pub(super) struct Reader<'a>(Peekable<Chars<'a>>);

impl<'a> Reader<'a> {
    pub(super) fn new(pattern: &'a str) -> Self {
        Self(pattern.chars().peekable())
    }

    pub(super) fn next(&mut self) -> Option<char> {
        self.0.next()
    }

    pub(super) fn peek(&mut self) -> Option<char> {
        self.0.peek().copied()
    }

    /// The one behind the next.
    pub(super) fn peek_second(&self) -> Option<char> {
        let mut ahead = self.0.clone();
        ahead.next();
        ahead.next()
    }

    pub(super) fn take_if(&mut self, wanted: char) -> bool {
        self.0.next_if_eq(&wanted).is_some()
    }
}
