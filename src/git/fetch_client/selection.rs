//! Which refs of a remote an import asks for.

use gix_object::bstr::BStr;
use serde::{Deserialize, Serialize};

use super::super::refname::pattern::{self, PatternFault};

/// The beginnings of the names of branches and tags.
const BRANCHES_AND_TAGS: [&str; 2] = ["refs/heads/", "refs/tags/"];

/// Which refs are asked for. `HEAD` is asked for always.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RefSelection {
    /// Branches and tags.
    #[default]
    BranchesTags,
    /// Every ref that the remote lists.
    All,
    /// The refs that a pattern of the list matches: a refname, the beginning of one and `*`, or `*`.
    Matching(Vec<String>),
}

impl RefSelection {
    /// The refs that these patterns match; or the first of them that is not a pattern, by its place.
    pub(crate) fn matching(patterns: Vec<String>) -> Result<Self, (usize, PatternFault)> {
        for (place, text) in patterns.iter().enumerate() {
            pattern::check(text).map_err(|fault| (place, fault))?;
        }
        Ok(Self::Matching(patterns))
    }

    /// Whether a ref of this name is asked for.
    #[must_use]
    pub fn takes(&self, name: &BStr) -> bool {
        match self {
            Self::BranchesTags => {
                let mut prefixes = BRANCHES_AND_TAGS.iter();
                prefixes.any(|prefix| name.starts_with(prefix.as_bytes()))
            }
            Self::All => true,
            Self::Matching(patterns) => {
                let mut patterns = patterns.iter();
                patterns.any(|text| pattern::matches(text, name))
            }
        }
    }

    /// Whether its patterns name the refs that are wanted, tags among them.
    #[must_use]
    pub(crate) fn has_patterns(&self) -> bool {
        matches!(self, Self::Matching(_))
    }

    /// Beginnings of names of which every ref that is asked for has one; none at all where every ref is
    /// asked for.
    pub(super) fn prefixes(&self) -> Vec<&str> {
        match self {
            Self::BranchesTags => BRANCHES_AND_TAGS.to_vec(),
            Self::All => Vec::new(),
            Self::Matching(patterns) => {
                let prefixes = patterns.iter();
                let prefixes = prefixes.map(|text| text.strip_suffix('*').unwrap_or(text));
                let prefixes: Vec<_> = prefixes.collect();
                if prefixes.contains(&"") {
                    return Vec::new();
                }
                prefixes
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching(patterns: &[&str]) -> RefSelection {
        RefSelection::Matching(patterns.iter().map(|&text| text.to_owned()).collect())
    }

    #[test]
    fn a_selection_takes_what_it_names() {
        let takes = |selection: &RefSelection, name: &str| selection.takes(name.into());
        let few = matching(&["refs/pull/*", "refs/heads/main"]);
        for (name, by_default, by_few) in [
            ("refs/heads/main", true, true),
            ("refs/heads/main2", true, false),
            ("refs/tags/v1", true, false),
            ("refs/pull/1/head", false, true),
            ("refs/notes/commits", false, false),
        ] {
            let default = takes(&RefSelection::default(), name);
            assert_eq!(default, by_default, "{name}");
            assert_eq!(takes(&few, name), by_few, "{name}");
            assert!(takes(&RefSelection::All, name), "{name}");
            assert!(takes(&matching(&["*"]), name), "{name}");
        }
    }

    #[test]
    fn a_remote_is_asked_by_the_beginnings_of_names() {
        let few = matching(&["refs/pull/*", "refs/heads/main"]);
        assert_eq!(few.prefixes(), ["refs/pull/", "refs/heads/main"]);
        for every in [RefSelection::All, matching(&["refs/heads/main", "*"])] {
            assert_eq!(every.prefixes(), Vec::<&str>::new(), "{every:?}");
        }
        assert_eq!(RefSelection::default().prefixes(), BRANCHES_AND_TAGS);
    }
}
