//! The issuers of namespaces that an isolate has asked for, for some seconds: so not every forged token
//! wakes an object. Nobody gains by an issuer that was changed meanwhile, since the namespace's object
//! compares its digest.

use std::collections::BTreeMap;

use super::issuer::Issuer;

/// How long an answer counts.
const KNOWN_MS: i64 = 10_000;

/// Namespaces of which answers are kept.
const NAMESPACES_MAX: usize = 64;

/// Answers of namespaces.
#[derive(Debug, Default)]
pub(crate) struct KnownIssuers {
    namespaces: BTreeMap<String, (i64, Vec<Issuer>)>,
}

impl KnownIssuers {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self {
            namespaces: BTreeMap::new(),
        }
    }

    /// The answer of a namespace, while it counts.
    pub(crate) fn find(&self, namespace: &str, now_ms: i64) -> Option<Vec<Issuer>> {
        let (at_ms, issuers) = self.namespaces.get(namespace)?;
        (now_ms.saturating_sub(*at_ms) < KNOWN_MS).then(|| issuers.clone())
    }

    /// Keeps an answer; the oldest one makes room.
    pub(crate) fn insert(&mut self, namespace: &str, issuers: Vec<Issuer>, now_ms: i64) {
        if self.namespaces.len() >= NAMESPACES_MAX {
            let oldest = self.namespaces.iter().min_by_key(|(_, (at_ms, _))| *at_ms);
            if let Some(oldest) = oldest.map(|(name, _)| name.clone()) {
                self.namespaces.remove(&oldest);
            }
        }
        self.namespaces
            .insert(namespace.to_owned(), (now_ms, issuers));
    }

    /// Forgets an answer.
    pub(crate) fn forget(&mut self, namespace: &str) {
        self.namespaces.remove(namespace);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_counts_for_ten_seconds_and_few_are_kept() {
        let mut known = KnownIssuers::new();
        known.insert("acme", Vec::new(), 0);
        assert!(known.find("acme", KNOWN_MS - 1).is_some());
        assert!(known.find("acme", KNOWN_MS).is_none());
        for at in 1..=100 {
            known.insert(&at.to_string(), Vec::new(), at);
        }
        assert_eq!(known.namespaces.len(), NAMESPACES_MAX);
        assert!(known.find("100", 101).is_some() && known.find("1", 101).is_none());
        known.forget("100");
        assert!(known.find("100", 101).is_none());
    }
}
