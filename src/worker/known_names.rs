//! Names of which an isolate has found out that they are taken: a name that was taken once has its
//! object's file, so that the knowledge here stays true.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Names that are remembered; beyond, all are found out again.
const NAMES_MAX: usize = 1 << 14;

/// The names, by a hash of each. Two of one hash cost a file at worst.
#[derive(Debug, Default)]
pub(crate) struct KnownNames(BTreeSet<u64>);

impl KnownNames {
    /// No name.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self(BTreeSet::new())
    }

    /// Whether the object of this name is known to exist.
    #[must_use]
    pub(crate) fn contains(&self, object_name: &str) -> bool {
        self.0.contains(&hash(object_name))
    }

    /// Remembers that it does.
    pub(crate) fn insert(&mut self, object_name: &str) {
        if self.0.len() >= NAMES_MAX {
            self.0.clear();
        }
        self.0.insert(hash(object_name));
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_once_they_were_seen_and_their_number_is_bounded() {
        let mut names = KnownNames::new();
        assert!(!names.contains("acme/widget"));
        names.insert("acme/widget");
        names.insert("acme");
        assert!(names.contains("acme/widget") && names.contains("acme"));
        assert!(!names.contains("acme/widgets"));
        for number in 0..2 * NAMES_MAX {
            names.insert(&number.to_string());
            assert!(names.0.len() <= NAMES_MAX);
        }
    }
}
