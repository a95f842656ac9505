//! Names that differ in case alone. Git takes them for two refs; a file system that ignores case
//! (the usual one of macOS and Windows) takes them for one file.
//!
//! All spellings of a name are a set of strings in the order of bytes, so that a list of refs in
//! that order is searched by jumps: from the least spelling to the first ref behind it, from there to
//! the next spelling, and so on. The cost follows the length of the name, not the number of refs.

use gix_object::bstr::{BStr, BString, ByteSlice as _};
use smallvec::SmallVec;

use super::REFS;

/// Jumps that one search takes at most; without hostile refs in the way it takes a few.
const JUMPS_MAX: usize = 128;

/// A letter in one case, as UTF-8; or a byte that is not text.
type Form = SmallVec<[u8; 4]>;

/// The forms of one letter, sorted; most have one or two.
type Letter = SmallVec<[Form; 2]>;

/// All spellings of a refname that differ in case alone. `refs/` has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spellings {
    letters: Vec<Letter>,
}

impl Spellings {
    /// The spellings of this name, itself among them.
    pub(crate) fn of(name: &BStr) -> Self {
        let (fixed, rest) = match name.strip_prefix(REFS.as_bytes()) {
            Some(rest) => (REFS.as_bytes(), rest),
            None => (&[][..], name.as_bytes()),
        };
        let mut letters: Vec<Letter> = fixed.iter().map(|byte| byte_alone(*byte)).collect();
        for chunk in rest.utf8_chunks() {
            letters.extend(chunk.valid().chars().map(forms));
            letters.extend(chunk.invalid().iter().map(|byte| byte_alone(*byte)));
        }
        Self { letters }
    }

    /// The least of them: names that differ in case alone have the same.
    pub(crate) fn least(&self) -> BString {
        self.with_rest(0, Vec::new())
    }

    /// Finds another spelling of `name` among refs that are sorted by bytes. `from` gives the first
    /// ref that is not less than its argument.
    pub(crate) fn find_other<E>(
        &self,
        name: &BStr,
        mut from: impl FnMut(&BStr) -> Result<Option<BString>, E>,
    ) -> Result<Option<BString>, E> {
        let mut spelling = self.least();
        for _ in 0..JUMPS_MAX {
            let Some(found) = from(spelling.as_bstr())? else {
                return Ok(None);
            };
            if found != name && self.contains(&found) {
                return Ok(Some(found));
            }
            match self.next_after(&found) {
                Some(next) => spelling = next,
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    fn contains(&self, name: &[u8]) -> bool {
        let mut rest = name;
        for letter in &self.letters {
            let Some(form) = letter.iter().find(|form| rest.starts_with(form)) else {
                return false;
            };
            rest = rest.get(form.len()..).unwrap_or_default();
        }
        rest.is_empty()
    }

    /// The least spelling that is greater than `name`.
    fn next_after(&self, name: &[u8]) -> Option<BString> {
        let mut at = 0;
        // The last place where a greater form can stand: the spelling shares most with `name`.
        let mut greater = None;
        for (number, letter) in self.letters.iter().enumerate() {
            let rest = name.get(at..).unwrap_or_default();
            if let Some(form) = letter.iter().find(|form| form.as_slice() > rest) {
                greater = Some((number, at, form));
            }
            match letter.iter().find(|form| rest.starts_with(form)) {
                Some(form) => at = at.saturating_add(form.len()),
                None => break,
            }
        }
        let (number, at, form) = greater?;
        let start = [name.get(..at).unwrap_or_default(), form].concat();
        Some(self.with_rest(number.saturating_add(1), start))
    }

    /// `start`, and the least forms of the letters from this one on.
    fn with_rest(&self, from: usize, start: Vec<u8>) -> BString {
        let mut spelling = start;
        for letter in self.letters.get(from..).unwrap_or_default() {
            spelling.extend_from_slice(letter.first().map_or(&[], SmallVec::as_slice));
        }
        spelling.into()
    }
}

fn byte_alone(byte: u8) -> Letter {
    let mut letter = Letter::new();
    letter.push(SmallVec::from_slice(&[byte]));
    letter
}

/// The letter in both cases, where each is one letter again.
fn forms(letter: char) -> Letter {
    let mut forms = Letter::new();
    let mut add = |letter: char| {
        let mut buffer = [0; 4];
        forms.push(SmallVec::from_slice(
            letter.encode_utf8(&mut buffer).as_bytes(),
        ));
    };
    add(letter);
    if letter.is_alphabetic() {
        only(letter.to_lowercase()).map(&mut add);
        only(letter.to_uppercase()).map(&mut add);
    }
    forms.sort();
    forms.dedup();
    forms
}

/// The only item, if there is one alone.
fn only(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    /// The other spelling that is found, and the refs looked at.
    fn find(refs: &BTreeSet<BString>, name: &str) -> (Option<BString>, usize) {
        let mut looks = 0;
        let found = Spellings::of(name.into()).find_other(name.into(), |from| {
            looks += 1;
            Ok::<_, Infallible>(refs.range(from.to_owned()..).next().cloned())
        });
        (found.unwrap_or_default(), looks)
    }

    fn refs(names: &[&str]) -> BTreeSet<BString> {
        names.iter().map(|name| BString::from(*name)).collect()
    }

    #[test]
    fn another_spelling_is_found_and_nothing_else() {
        let some = refs(&[
            "refs/heads/FEATURE",
            "refs/heads/feature/x",
            "refs/heads/\u{e9}t\u{e9}",
            "refs/heads/main",
            "refs/tags/Main",
        ]);
        let other = |name| find(&some, name).0.map(|found| found.to_string());
        assert_eq!(
            other("refs/heads/feature").as_deref(),
            Some("refs/heads/FEATURE")
        );
        assert_eq!(
            other("refs/heads/Feature").as_deref(),
            Some("refs/heads/FEATURE")
        );
        let accented = "refs/heads/\u{c9}t\u{c9}";
        assert_eq!(other(accented).as_deref(), Some("refs/heads/\u{e9}t\u{e9}"));
        assert_eq!(other("refs/heads/FEATURE"), None);
        assert_eq!(other("refs/heads/main"), None);
        assert_eq!(other("refs/heads/mains"), None);
        assert_eq!(other("refs/tags/main").as_deref(), Some("refs/tags/Main"));
    }

    #[test]
    fn the_looks_do_not_grow_with_the_refs() {
        let names = (0..20_000).map(|number| format!("refs/heads/topic-{number:05}"));
        let many = names.map(BString::from).collect();
        let (found, looks) = find(&many, "refs/heads/Topic-01234");
        assert_eq!(found, Some("refs/heads/topic-01234".into()));
        assert!(looks < 20, "{looks}");
        let (found, looks) = find(&many, "refs/heads/topic-x");
        assert_eq!(found, None);
        assert!(looks < 20, "{looks}");
    }

    proptest! {
        #[test]
        fn a_search_finds_what_looking_at_all_finds(
            names in proptest::collection::btree_set("[aAbB\u{e9}\u{c9}/]{0,5}", 0..40),
            name in "[aAbB\u{e9}\u{c9}/]{0,5}",
        ) {
            let names: BTreeSet<BString> =
                names.iter().map(|name| format!("refs/heads/{name}").into()).collect();
            let name = format!("refs/heads/{name}");
            let key = |name: &BStr| Spellings::of(name).least();
            let expected = names.iter().any(|other| {
                *other != name.as_str() && key(other.as_bstr()) == key(name.as_str().into())
            });
            let (found, _) = find(&names, &name);
            prop_assert_eq!(found.is_some(), expected);
            if let Some(found) = found {
                prop_assert!(names.contains(&found) && found != name.as_str());
                prop_assert_eq!(found.to_string().to_lowercase(), name.to_lowercase());
            }
        }

        #[test]
        fn no_bytes_panic(name in any::<Vec<u8>>(), other in any::<Vec<u8>>()) {
            let spellings = Spellings::of(name.as_slice().into());
            prop_assert!(spellings.contains(&name));
            if let Some(next) = spellings.next_after(&other) {
                prop_assert!(next.as_slice() > other.as_slice());
                prop_assert!(spellings.contains(&next));
            }
        }
    }
}
