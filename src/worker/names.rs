//! Names of namespaces and repositories: `^[a-zA-Z0-9][a-zA-Z0-9._-]*$`, not ending in `.git` or
//! `.lock`, shown as created and matched without regard to case.

use std::fmt;

use crate::repo_do::contract::object_name;

/// Characters of a namespace's name.
pub(crate) const NAMESPACE_CHARS: std::ops::RangeInclusive<usize> = 2..=63;
/// Characters of a repository's name.
pub(crate) const REPOSITORY_CHARS: std::ops::RangeInclusive<usize> = 1..=100;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameError {
    /// Too short or too long.
    #[error("{what} must have {min} to {max} characters, this has {chars}")]
    Length {
        /// Which name.
        what: &'static str,
        /// The least.
        min: usize,
        /// The most.
        max: usize,
        /// Its length.
        chars: usize,
    },
    /// A character that is not allowed, or not in the first place.
    #[error("{what} may have letters, digits, '.', '_' and '-', and starts with a letter or digit")]
    Character {
        /// Which name.
        what: &'static str,
    },
    /// It ends like one of Git's own file names.
    #[error("{what} must not end in '{suffix}'")]
    Suffix {
        /// Which name.
        what: &'static str,
        /// The ending.
        suffix: &'static str,
    },
}

/// The name of a namespace, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamespaceName(String);

/// The name of a repository within its namespace, as given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepositoryName(String);

impl NamespaceName {
    /// Checks the rules.
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        check("a namespace's name", text, &NAMESPACE_CHARS)?;
        Ok(Self(text.to_owned()))
    }

    /// As given.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The form in which names are compared.
    #[must_use]
    pub(crate) fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl RepositoryName {
    /// Checks the rules.
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        check("a repository's name", text, &REPOSITORY_CHARS)?;
        Ok(Self(text.to_owned()))
    }

    /// As given.
    #[must_use]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A namespace and a repository in it: the two name a repository's object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RepositoryPath {
    /// The namespace.
    pub(crate) namespace: NamespaceName,
    /// The repository.
    pub(crate) name: RepositoryName,
}

impl RepositoryPath {
    /// The object's name.
    #[must_use]
    pub(crate) fn object_name(&self) -> String {
        object_name(self.namespace.as_str(), self.name.as_str())
    }
}

impl fmt::Display for RepositoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace.as_str(), self.name.as_str())
    }
}

fn check(
    what: &'static str,
    text: &str,
    allowed_chars: &std::ops::RangeInclusive<usize>,
) -> Result<(), NameError> {
    let chars = text.chars().count();
    if !allowed_chars.contains(&chars) {
        let (min, max) = (*allowed_chars.start(), *allowed_chars.end());
        return Err(NameError::Length {
            what,
            min,
            max,
            chars,
        });
    }
    let first_fits = text.starts_with(|first: char| first.is_ascii_alphanumeric());
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if !first_fits || !text.bytes().all(fits) {
        return Err(NameError::Character { what });
    }
    let folded = text.to_ascii_lowercase();
    match [".git", ".lock"]
        .into_iter()
        .find(|suffix| folded.ends_with(suffix))
    {
        Some(suffix) => Err(NameError::Suffix { what, suffix }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_that_are_allowed() {
        for name in [
            "a",
            "9",
            "Hello-World",
            "a.b_c-d",
            "a..b",
            "git",
            "x.gitx",
            &"n".repeat(100),
        ] {
            assert!(RepositoryName::parse(name).is_ok(), "{name}");
        }
        for name in ["ab", "A9", &"n".repeat(63)] {
            assert!(NamespaceName::parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn names_that_are_not() {
        let long = "n".repeat(101);
        let names = [
            "", ".", "..", ".a", "-a", "_a", "a/b", "a\\b", "a b", "a\0", "é", "a%2fb", "a.git",
            "a.GIT", "a.lock", "a.Lock", "a\n", "ａ", &long,
        ];
        for name in names {
            assert!(RepositoryName::parse(name).is_err(), "{name:?}");
        }
        for name in ["a", "", &"n".repeat(64)] {
            assert!(NamespaceName::parse(name).is_err(), "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn a_name_is_matched_without_regard_to_case(
            namespace in "[a-zA-Z0-9][a-zA-Z0-9._-]{1,10}", name in "[a-zA-Z0-9][a-zA-Z0-9._-]{0,9}",
        ) {
            let parse = |namespace: &str, name: &str| Some(RepositoryPath {
                namespace: NamespaceName::parse(namespace).ok()?,
                name: RepositoryName::parse(name).ok()?,
            });
            let shouted = parse(&namespace.to_uppercase(), &name.to_uppercase());
            let given = parse(&namespace, &name);
            prop_assert_eq!(
                given.map(|path| path.object_name()),
                shouted.map(|path| path.object_name())
            );
        }

        #[test]
        fn an_object_name_has_one_reading(text in any::<String>(), other in any::<String>()) {
            if let (Ok(namespace), Ok(name)) =
                (NamespaceName::parse(&text), RepositoryName::parse(&other))
            {
                let path = RepositoryPath { namespace, name };
                let object_name = path.object_name();
                let parts: Vec<&str> = object_name.split('/').collect();
                prop_assert_eq!(parts, [path.namespace.folded(), path.name.0.to_ascii_lowercase()]);
            }
        }
    }
}
