//! A pattern, ready to search.

use regex_automata::hybrid::dfa::{self, Cache, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::Hir;

use super::ere;
use super::reader::EreError;

/// Bytes of the automaton that a pattern may become.
const NFA_BYTES_MAX: usize = 1 << 20;

/// Bytes of the states that a search makes on its way; when they are full it begins them again.
const CACHE_BYTES_MAX: usize = 2 << 20;

/// Why a pattern cannot be searched for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// It is wrong, or has a feature that this search lacks.
    #[error("the pattern is wrong: {0}")]
    Ere(#[from] EreError),
    /// It becomes too large an automaton.
    #[error("the pattern is too large")]
    TooLarge,
}

/// A pattern: one in each of its lines, as in git.
#[derive(Debug)]
pub struct Pattern {
    automaton: DFA,
    cache: Cache,
    /// Whether it matches nothing at all somewhere: then a match need not be inside of its line.
    may_be_empty: bool,
}

impl Pattern {
    /// Reads a pattern; `fixed` takes it as the text to find.
    pub fn new(text: &str, fixed: bool, ignore_case: bool) -> Result<Self, PatternError> {
        let mut all = Vec::new();
        for line in text.split('\n') {
            all.push(if fixed {
                ere::literal(line, ignore_case)
            } else {
                ere::parse(line, ignore_case)?
            });
        }
        let hir = Hir::alternation(all);
        let may_be_empty = hir.properties().minimum_len() == Some(0);
        let config = thompson::Config::new()
            .utf8(false)
            .nfa_size_limit(Some(NFA_BYTES_MAX))
            .which_captures(WhichCaptures::None);
        let nfa = thompson::Compiler::new()
            .configure(config)
            .build_from_hir(&hir);
        let nfa = nfa.map_err(|_| PatternError::TooLarge)?;
        let config = dfa::Config::new()
            .match_kind(MatchKind::All)
            .cache_capacity(CACHE_BYTES_MAX);
        let automaton = dfa::Builder::new().configure(config).build_from_nfa(nfa);
        let automaton = automaton.map_err(|_| PatternError::TooLarge)?;
        let cache = automaton.create_cache();
        Ok(Self {
            automaton,
            cache,
            may_be_empty,
        })
    }

    /// Bytes that it may hold.
    pub const HELD_BYTES: u64 = (NFA_BYTES_MAX + CACHE_BYTES_MAX) as u64;

    /// Where the first line that matches starts and ends, without its newline, from a line's start on.
    pub(super) fn next_line(&mut self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        if !self.may_be_empty {
            let end = self.find(text, (from, text.len()))?;
            // Its last byte is in the line.
            let inside = end.saturating_sub(1);
            return Some(line_around(text, inside));
        }
        let mut start = from;
        while start < text.len() {
            let line = line_around(text, start);
            if self.find(text, line).is_some() {
                return Some(line);
            }
            start = line.1.saturating_add(1);
        }
        None
    }

    /// Whether it matches the nothing behind the newline that ends a text.
    pub(super) fn matches_behind(&mut self, text: &[u8]) -> bool {
        let end = text.len();
        self.may_be_empty && text.ends_with(b"\n") && self.find(text, (end, end)).is_some()
    }

    /// Where a match ends.
    fn find(&mut self, text: &[u8], (start, end): (usize, usize)) -> Option<usize> {
        let input = Input::new(text)
            .span(start..end)
            .anchored(Anchored::No)
            .earliest(true);
        // Neither bytes to stop at nor a bound on cleared states is set, so that no search is given up.
        let found = self.automaton.try_search_fwd(&mut self.cache, &input);
        found.ok().flatten().map(|found| found.offset())
    }
}

/// The line around a byte: its start, and where it ends without its newline.
fn line_around(text: &[u8], at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or_default();
    let behind = text.get(at..).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline.saturating_add(1));
    let end =
        memchr::memchr(b'\n', behind).map_or(text.len(), |newline| at.saturating_add(newline));
    (start, end)
}
