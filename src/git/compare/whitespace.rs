//! Lines compared without their white space, as `git diff -w` does (`XDF_IGNORE_WHITESPACE` of git's
//! `xutils.c`): two lines are one if their other bytes are.

use std::hash::{Hash, Hasher};
use std::ops::Range;

use gix_imara_diff::sources::byte_lines;
use gix_imara_diff::{
    Algorithm, Diff, IndentHeuristic, IndentLevel, InternedInput, Interner, SliderHeuristic as _,
    Token, TokenSource as _,
};

/// Finds the differences between two texts beside white space. `indent` measures each line of each text by
/// itself, since lines that count as one may be indented differently.
pub(super) fn compute(old: &[u8], new: &[u8], indent: impl Fn(&[u8]) -> IndentLevel) -> Diff {
    let lines = byte_lines(old).estimate_tokens() + byte_lines(new).estimate_tokens();
    let mut input = InternedInput {
        before: Vec::new(),
        after: Vec::new(),
        interner: Interner::new(usize::try_from(lines).unwrap_or_default()),
    };
    input.update_before(byte_lines(old).map(Line));
    input.update_after(byte_lines(new).map(Line));
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    let indents = |text| byte_lines(text).map(&indent).collect();
    let (of_old, of_new): (Vec<IndentLevel>, Vec<IndentLevel>) = (indents(old), indents(new));
    let slide = |tokens: &[Token], group: Range<u32>, earliest_end: u32| {
        let is_old = std::ptr::eq(tokens, input.before.as_slice());
        let indents = if is_old { &of_old } else { &of_new };
        let level = |Token(number): Token| {
            let level = usize::try_from(number).ok().and_then(|at| indents.get(at));
            level.copied().unwrap_or_else(|| indent(b""))
        };
        let numbers: Vec<Token> = (0..).map(Token).take(tokens.len()).collect();
        IndentHeuristic::new(level).best_slider_end(&numbers, group, earliest_end)
    };
    diff.postprocess_with(&input.before, &input.after, slide);
    diff
}

/// A line, which equals those that have the same bytes beside white space.
struct Line<'a>(&'a [u8]);

impl Line<'_> {
    fn bytes(&self) -> impl Iterator<Item = &u8> {
        let is_blank = |byte: &&u8| matches!(**byte, b' ' | b'\t' | b'\n' | b'\r');
        self.0.iter().filter(move |byte| !is_blank(byte))
    }
}

impl PartialEq for Line<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes().eq(other.bytes())
    }
}

impl Eq for Line<'_> {}

impl Hash for Line<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().for_each(|byte| state.write_u8(*byte));
    }
}
