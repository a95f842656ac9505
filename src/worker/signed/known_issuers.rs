//! The issuers of namespaces that an isolate has asked for, for some seconds: so not every forged token
//! wakes an object. Nobody gains by an issuer that was changed meanwhile, since the namespace's object
//! compares its digest. Those of the operator are kept as long as the setting stays the same.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::issuer::Issuer;

/// How long an answer counts.
const KNOWN_MS: i64 = 10_000;

/// Namespaces of which answers are kept.
const NAMESPACES_MAX: usize = 64;

/// An issuer and its digest, which is a hash of all its keys: made once, not for each request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownIssuer {
    pub(crate) issuer: Issuer,
    pub(crate) digest: String,
}

/// Issuers that requests share.
pub(crate) type Issuers = Rc<[Rc<KnownIssuer>]>;

/// The issuers with their digests.
#[must_use]
pub(crate) fn with_digests(issuers: Vec<Issuer>) -> Issuers {
    let known = issuers.into_iter().map(|issuer| {
        let digest = issuer.digest();
        Rc::new(KnownIssuer { issuer, digest })
    });
    known.collect()
}

/// The issuers of the operator, as a setting names them.
#[derive(Debug, Default)]
pub(crate) struct OperatorsIssuers(Option<(String, bool, Issuers)>);

impl OperatorsIssuers {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    /// The issuers of this text, read by `read` unless they were before. Whether private hosts are
    /// allowed is another setting, on which it depends whether they are good.
    pub(crate) fn of(
        &mut self,
        text: &str,
        allow_private: bool,
        read: impl FnOnce() -> Vec<Issuer>,
    ) -> Issuers {
        if let Some((known_text, known_private, issuers)) = &self.0
            && known_text == text
            && *known_private == allow_private
        {
            return Rc::clone(issuers);
        }
        let issuers = with_digests(read());
        self.0 = Some((text.to_owned(), allow_private, Rc::clone(&issuers)));
        issuers
    }
}

/// Answers of namespaces.
#[derive(Debug, Default)]
pub(crate) struct KnownIssuers {
    namespaces: BTreeMap<String, (i64, Issuers)>,
}

impl KnownIssuers {
    /// None yet.
    pub(crate) const fn new() -> Self {
        Self {
            namespaces: BTreeMap::new(),
        }
    }

    /// The answer of a namespace, while it counts.
    pub(crate) fn find(&self, namespace: &str, now_ms: i64) -> Option<Issuers> {
        let (at_ms, issuers) = self.namespaces.get(namespace)?;
        (now_ms.saturating_sub(*at_ms) < KNOWN_MS).then(|| Rc::clone(issuers))
    }

    /// Keeps an answer; the oldest one makes room.
    pub(crate) fn insert(&mut self, namespace: &str, issuers: Issuers, now_ms: i64) {
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
    fn a_setting_is_read_once_until_it_changes() {
        let mut known = OperatorsIssuers::new();
        let mut reads = 0;
        for (text, allow_private, expected) in [
            ("[]", false, 1),
            ("[]", false, 1),
            ("[] ", false, 2),
            ("[] ", true, 3),
            ("[]", false, 4),
        ] {
            let _ = known.of(text, allow_private, || {
                reads += 1;
                Vec::new()
            });
            assert_eq!(reads, expected, "{text} {allow_private}");
        }
    }

    #[test]
    fn an_answer_counts_for_ten_seconds_and_few_are_kept() {
        let mut known = KnownIssuers::new();
        known.insert("acme", Issuers::default(), 0);
        assert!(known.find("acme", KNOWN_MS - 1).is_some());
        assert!(known.find("acme", KNOWN_MS).is_none());
        for at in 1..=100 {
            known.insert(&at.to_string(), Issuers::default(), at);
        }
        assert_eq!(known.namespaces.len(), NAMESPACES_MAX);
        assert!(known.find("100", 101).is_some() && known.find("1", 101).is_none());
        known.forget("100");
        assert!(known.find("100", 101).is_none());
    }
}
