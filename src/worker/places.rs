//! Namespaces of which an isolate knows in which jurisdiction they are kept. A namespace keeps its
//! jurisdiction, so that this stays true; but one that has none may be deleted, and its name may then get
//! one. So the isolate remembers that for a while only ([`REMEMBERED_MS`]).

use std::collections::BTreeMap;

use super::namespace::place::REMEMBERED_MS;
use crate::storage::jurisdiction::Jurisdiction;

/// Namespaces that are remembered; beyond, all are asked for again.
const NAMESPACES_MAX: usize = 1 << 12;

/// The namespaces, by their names in lower case.
#[derive(Debug, Default)]
pub(crate) struct KnownPlaces(BTreeMap<String, Known>);

#[derive(Debug, Clone, Copy)]
struct Known {
    jurisdiction: Jurisdiction,
    /// In unix milliseconds.
    since_ms: i64,
}

impl KnownPlaces {
    /// None.
    #[must_use]
    pub(crate) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    /// Where a namespace is kept, if that is known.
    #[must_use]
    pub(crate) fn of(&self, namespace: &str, now_ms: i64) -> Option<Jurisdiction> {
        let known = self.0.get(namespace)?;
        let is_for_ever = known.jurisdiction != Jurisdiction::Unrestricted;
        let age_ms = now_ms.saturating_sub(known.since_ms);
        (is_for_ever || age_ms < REMEMBERED_MS).then_some(known.jurisdiction)
    }

    /// Remembers it.
    pub(crate) fn note(&mut self, namespace: &str, jurisdiction: Jurisdiction, now_ms: i64) {
        if self.0.len() >= NAMESPACES_MAX {
            self.0.clear();
        }
        let known = Known {
            jurisdiction,
            since_ms: now_ms,
        };
        self.0.insert(namespace.to_owned(), known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jurisdiction_is_known_for_ever_and_that_there_is_none_for_minutes() {
        let mut places = KnownPlaces::new();
        assert_eq!(places.of("acme", 0), None);
        places.note("acme", Jurisdiction::Eu, 0);
        places.note("plain", Jurisdiction::Unrestricted, 0);
        assert_eq!(places.of("acme", i64::MAX), Some(Jurisdiction::Eu));
        let unrestricted = Some(Jurisdiction::Unrestricted);
        assert_eq!(places.of("plain", REMEMBERED_MS - 1), unrestricted);
        assert_eq!(places.of("plain", REMEMBERED_MS), None);
    }

    #[test]
    fn their_number_is_bounded() {
        let mut places = KnownPlaces::new();
        for number in 0..2 * NAMESPACES_MAX {
            places.note(&number.to_string(), Jurisdiction::Us, 0);
            assert!(places.0.len() <= NAMESPACES_MAX);
        }
    }
}
