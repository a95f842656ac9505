//! The refs that a request changed, as a log line shows them.

use std::fmt;

use gix_object::bstr::{BStr, ByteSlice as _};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::token_like::resembles_token;

/// The text in the place of a name that may hold a token.
const LEFT_OUT: &str = "(resembles a token)";

/// The refs that a request changed, as far as a log line has room.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RefsChanged {
    count: usize,
    /// The names of the first [`Self::NAMED`], cut.
    first: Vec<String>,
}

impl RefsChanged {
    /// Names in one line.
    const NAMED: usize = 5;
    /// Characters of a name in a line.
    const NAME_CHARS: usize = 100;

    /// Counts one more.
    pub(crate) fn add(&mut self, name: &BStr) {
        self.count = self.count.saturating_add(1);
        if self.first.len() < Self::NAMED {
            let name = name.to_str_lossy();
            let name = if resembles_token(&name) {
                LEFT_OUT.to_owned()
            } else {
                name.chars().take(Self::NAME_CHARS).collect()
            };
            self.first.push(name);
        }
    }

    /// The value in the line.
    pub(super) fn to_json(&self) -> serde_json::Value {
        serde_json::json!({ "count": self.count, "first": self.first })
    }

    /// Reads the text form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (count, names) = text.split_once(':')?;
        let names = names.split(',').filter(|name| !name.is_empty());
        let names = names.map(|name| percent_decode_str(name).decode_utf8_lossy().into_owned());
        Some(Self {
            count: count.parse().ok()?,
            first: names.take(Self::NAMED).collect(),
        })
    }
}

/// The count, a colon, and the names with commas between them, percent-encoded: one word.
impl fmt::Display for RefsChanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.count)?;
        for (number, name) in self.first.iter().enumerate() {
            let separator = if number == 0 { "" } else { "," };
            let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
            write!(f, "{separator}{name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_push_of_many_refs_names_the_first_and_counts_all() {
        let mut refs = RefsChanged::default();
        for number in 0..7 {
            refs.add(
                format!("refs/heads/{number}{}", "é".repeat(200))
                    .as_bytes()
                    .as_bstr(),
            );
        }
        let value = refs.to_json();
        assert_eq!(value["count"], 7);
        let first = value["first"].as_array().unwrap();
        assert_eq!(first.len(), 5);
        let lengths = first
            .iter()
            .map(|name| name.as_str().unwrap().chars().count());
        assert!(lengths.eq([100; 5]), "{first:?}");
    }

    #[test]
    fn a_name_with_a_token_in_it_is_left_out() {
        let mut refs = RefsChanged::default();
        refs.add(b"refs/heads/cairn_0123456789abcdefghijklmnopqrstuvw".as_bstr());
        refs.add(b"refs/heads/main".as_bstr());
        let expected = serde_json::json!({ "count": 2, "first": [LEFT_OUT, "refs/heads/main"] });
        assert_eq!(refs.to_json(), expected);
    }

    proptest! {
        #[test]
        fn the_text_is_one_word_and_reads_back(
            names in proptest::collection::vec("[^\0]{1,40}", 0..9), other in any::<String>(),
        ) {
            let mut refs = RefsChanged::default();
            for name in &names {
                refs.add(name.as_bytes().as_bstr());
            }
            let text = refs.to_string();
            prop_assert!(!text.contains(' '), "{text}");
            prop_assert_eq!(RefsChanged::parse(&text), Some(refs));
            RefsChanged::parse(&other);
        }
    }
}
