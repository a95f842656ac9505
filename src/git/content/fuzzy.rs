//! How well a path answers to the text that somebody typed to find it.
//!
//! The characters that were typed stand in the path in their order, with others between them. The better of
//! two paths has them side by side, at the beginnings of words, and in the file's own name.
//! Large and small letters of ASCII are the same; blanks that were typed count for nothing.

/// Bytes that may be typed.
pub(crate) const TYPED_BYTES_MAX: usize = 256;

/// A character that follows the one before it.
const SIDE_BY_SIDE: i32 = 8;
/// A character at the beginning of a word.
const WORD_START: i32 = 6;
/// A character in the file's own name.
const OWN_NAME: i32 = 3;
/// A character as it was typed, where large letters were.
const SAME_CASE: i32 = 1;
/// Bytes of a path that take a point away.
const BYTES_A_POINT: usize = 8;

/// The text that was typed.
#[derive(Debug, Clone)]
pub(crate) struct Typed(Vec<u8>);

impl Typed {
    /// Reads it; cuts a text that is longer than [`TYPED_BYTES_MAX`].
    pub(crate) fn new(text: &str) -> Self {
        let bytes = text.bytes().filter(|byte| !byte.is_ascii_whitespace());
        Self(bytes.take(TYPED_BYTES_MAX).collect())
    }

    /// Whether nothing was typed.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How well a path answers; `None` if it does not. Without anything typed all answer alike.
    pub(crate) fn score(&self, path: &[u8]) -> Option<i32> {
        if self.is_empty() {
            return Some(0);
        }
        if !self.stands_in(path) {
            return None;
        }
        let name_start = path
            .iter()
            .rposition(|byte| *byte == b'/')
            .map_or(0, |at| at + 1);
        // By place in the path: the best score of all characters so far, the last of them there.
        let mut best: Vec<Option<i32>> = vec![None; path.len()];
        for (number, typed) in self.0.iter().enumerate() {
            let before = std::mem::replace(&mut best, vec![None; path.len()]);
            let mut earlier = (number == 0).then_some(0);
            let mut beside: Option<i32> = None;
            let mut last = None;
            for (at, (place, byte)) in best.iter_mut().zip(path).enumerate() {
                if byte.eq_ignore_ascii_case(typed) {
                    let follows = beside.map(|score| score.saturating_add(SIDE_BY_SIDE));
                    let own = worth(*typed, *byte, last, at >= name_start);
                    *place = follows.max(earlier).map(|score| score.saturating_add(own));
                }
                let here = before.get(at).copied().flatten();
                earlier = earlier.max(beside.filter(|_| number > 0));
                beside = here;
                last = Some(*byte);
            }
        }
        let length = i32::try_from(path.len() / BYTES_A_POINT).unwrap_or(i32::MAX);
        best.into_iter()
            .flatten()
            .max()
            .map(|score| score.saturating_sub(length))
    }

    /// Whether its characters stand in the path in their order.
    fn stands_in(&self, path: &[u8]) -> bool {
        let mut rest = path.iter();
        let mut is_next = |typed: &u8| rest.any(|byte| byte.eq_ignore_ascii_case(typed));
        self.0.iter().all(&mut is_next)
    }
}

/// The worth of one character where it stands.
fn worth(typed: u8, byte: u8, last: Option<u8>, in_name: bool) -> i32 {
    let is_start = match last {
        None => true,
        Some(last) => {
            !last.is_ascii_alphanumeric() && last.is_ascii()
                || byte.is_ascii_uppercase() && !last.is_ascii_uppercase()
                || byte.is_ascii_digit() && !last.is_ascii_digit()
        }
    };
    let mut worth = 1;
    if is_start {
        worth += WORD_START;
    }
    if in_name {
        worth += OWN_NAME;
    }
    if typed == byte && typed.is_ascii_uppercase() {
        worth += SAME_CASE;
    }
    worth
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The paths that answer, the best first.
    fn ranked<'a>(typed: &str, paths: &[&'a str]) -> Vec<&'a str> {
        let typed = Typed::new(typed);
        let scored = paths
            .iter()
            .filter_map(|path| Some((typed.score(path.as_bytes())?, *path)));
        let mut scored: Vec<_> = scored.collect();
        scored.sort_by_key(|(score, path)| (std::cmp::Reverse(*score), *path));
        scored.into_iter().map(|(_, path)| path).collect()
    }

    #[test]
    fn the_path_that_was_meant_comes_first() {
        for (typed, paths) in [
            (
                "main",
                &["src/main.rs", "main/a/i/n.rs", "domain/model.rs"][..],
            ),
            (
                "tcpstr",
                &["net/tcp/stream.rs", "net/tcp/split_owned_reader.rs"],
            ),
            ("README", &["README.md", "docs/readme-old.md"]),
            ("fb", &["src/FooBar.ts", "src/fab.ts"]),
            ("lib rs", &["lib.rs", "src/lib.rs", "tokio/src/lib.rs"]),
            ("mod", &["src/mod.rs", "src/model/deep/other.rs"]),
        ] {
            assert_eq!(ranked(typed, paths), paths, "{typed}");
        }
    }

    #[test]
    fn characters_stand_in_their_order() {
        assert_eq!(ranked("ba", &["ab", "xbya"]), ["xbya"]);
        assert_eq!(ranked("aa", &["a"]), Vec::<&str>::new());
        assert_eq!(ranked("", &["b", "a"]), ["a", "b"]);
        assert_eq!(ranked("\u{e9}", &["caf\u{e9}", "cafe"]), ["caf\u{e9}"]);
    }

    proptest! {
        #[test]
        fn a_text_that_stands_in_a_path_has_a_score(typed in "[a-cA-C/ ]{0,6}", path in "[a-cA-C/._]{0,20}") {
            let typed = Typed::new(&typed);
            let stands = typed.stands_in(path.as_bytes());
            prop_assert_eq!(typed.score(path.as_bytes()).is_some(), stands);
        }
    }
}
