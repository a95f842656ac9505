//! A token as KV records it: enough for an early no, never enough for a yes.
//!
//! KV lags behind by a minute or more, and it caches misses too. So a hit may only refuse a token that can
//! never become right again: a token belongs to one repository for ever, and its expiry is
//! fixed. A miss says nothing. Only the object knows of revocations.

use serde::{Deserialize, Serialize};

use super::names::{NamespaceName, RepositoryPath};
use crate::repo_do::contract::{ErrorCode, ErrorReply, Refusal, Scope, TokenHash, TokenRecord};

/// The value under [`key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// The object's name: `<ns>/<repo>` in lower case; `<ns>/*` of a namespace's token.
    pub(crate) repository: String,
    /// The repository's id, empty for a namespace's token: a later repository of the same name has
    /// another.
    pub(crate) repository_id: String,
    /// The token's id.
    pub(crate) token_id: String,
    /// The accesses that it allows.
    pub(crate) scope: Scope,
    /// Seconds since 1970.
    pub(crate) expires_at: i64,
}

/// How the KV keys of all grants begin.
pub(crate) const KEY_PREFIX: &str = "token:";

/// The KV key of a token's grant.
#[must_use]
pub(crate) fn key(hash: &TokenHash) -> String {
    format!("{KEY_PREFIX}{hash}")
}

impl Grant {
    /// The grant of a new token.
    #[must_use]
    pub(crate) fn new(path: &RepositoryPath, repository_id: &str, token: &TokenRecord) -> Self {
        Self {
            repository: path.object_name(),
            repository_id: repository_id.to_owned(),
            token_id: token.token_id.clone(),
            scope: token.scope,
            expires_at: token.expires_at_ms.div_euclid(1000),
        }
    }

    /// The grant of a new token of a namespace.
    #[must_use]
    pub(crate) fn of_namespace(namespace: &NamespaceName, token: &TokenRecord) -> Self {
        Self {
            repository: everything_in(&namespace.folded()),
            repository_id: String::new(),
            token_id: token.token_id.clone(),
            scope: token.scope,
            expires_at: token.expires_at_ms.div_euclid(1000),
        }
    }

    /// Whether the token is that repository's own, which was there when the grant was written.
    #[must_use]
    pub(crate) fn names(&self, path: &RepositoryPath, now_ms: i64) -> bool {
        self.repository == path.object_name() && !self.is_expired(now_ms)
    }

    /// Whether the token is of the namespace or of a repository in it, which was there when the
    /// grant was written.
    #[must_use]
    pub(crate) fn is_within(&self, namespace: &NamespaceName, now_ms: i64) -> bool {
        let (within, _) = self.repository.split_once('/').unwrap_or_default();
        within == namespace.folded() && !self.is_expired(now_ms)
    }

    /// Whether its time is over.
    #[must_use]
    pub(crate) fn is_expired(&self, now_ms: i64) -> bool {
        now_ms.div_euclid(1000) >= self.expires_at
    }

    /// Whether the token may still be right for the repository before its object was asked: a repository
    /// takes its own tokens along when it gets another name, which KV does not know.
    pub(crate) fn check_early(&self, path: &RepositoryPath, now_ms: i64) -> Result<(), ErrorReply> {
        if self.repository_id.is_empty() {
            return self.check(path, now_ms);
        }
        if self.is_expired(now_ms) {
            return Err(Refusal::TokenInvalid.into());
        }
        Ok(())
    }

    /// Whether the token may be right for the repository, whose object has refused it.
    ///
    /// This does not check the token's scope. A token may be dead although KV does not know it
    /// yet. Such a token must get 401, so that Git asks for another.
    pub(crate) fn check(&self, path: &RepositoryPath, now_ms: i64) -> Result<(), ErrorReply> {
        if self.is_expired(now_ms) {
            return Err(Refusal::TokenInvalid.into());
        }
        let namespace = everything_in(&path.namespace.folded());
        if self.repository != path.object_name() && self.repository != namespace {
            let message = "the token belongs to another repository";
            return Err(ErrorReply::new(ErrorCode::Forbidden, message));
        }
        Ok(())
    }

    /// Whether the token may still be right for the namespace; the object decides.
    pub(crate) fn check_namespace(
        &self,
        namespace: &NamespaceName,
        now_ms: i64,
    ) -> Result<(), ErrorReply> {
        if self.is_expired(now_ms) {
            return Err(Refusal::TokenInvalid.into());
        }
        if self.scope != Scope::Admin {
            return Err(Refusal::NotAdministrator.into());
        }
        if self.repository != everything_in(&namespace.folded()) {
            let message = "the token belongs to another namespace";
            return Err(ErrorReply::new(ErrorCode::Forbidden, message));
        }
        Ok(())
    }
}

/// A namespace's grant has this in place of an object's name; no repository can have the name.
fn everything_in(namespace: &str) -> String {
    format!("{namespace}/*")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::names::{NamespaceName, RepositoryName};

    fn path(namespace: &str, name: &str) -> RepositoryPath {
        RepositoryPath {
            namespace: NamespaceName::parse(namespace).unwrap(),
            name: RepositoryName::parse(name).unwrap(),
        }
    }

    #[test]
    fn an_early_no_and_nothing_else() {
        let grant = Grant {
            repository: "acme/widget".into(),
            repository_id: "0123456789abcdef".into(),
            token_id: "0123456789abcdef".into(),
            scope: Scope::Write,
            expires_at: 1000,
        };
        let check =
            |path: &RepositoryPath, now_ms| grant.check(path, now_ms).map_err(|error| error.code);
        assert_eq!(check(&path("Acme", "WIDGET"), 999_999), Ok(()));
        assert_eq!(
            check(&path("Acme", "Widget"), 1_000_000),
            Err(ErrorCode::Unauthorized)
        );
        assert_eq!(
            check(&path("acme", "widget2"), 0),
            Err(ErrorCode::Forbidden)
        );
        assert_eq!(
            check(&path("acme2", "widget"), 0),
            Err(ErrorCode::Forbidden)
        );
        // Once expired, whose it was is nobody's business.
        assert_eq!(
            check(&path("acme2", "widget"), 1_000_000),
            Err(ErrorCode::Unauthorized)
        );
    }

    #[test]
    fn a_namespaces_token_is_early_refused_elsewhere_alone() {
        let grant = Grant {
            repository: "acme/*".into(),
            repository_id: String::new(),
            token_id: "0123456789abcdef".into(),
            scope: Scope::Admin,
            expires_at: 1000,
        };
        let at = |namespace: &str, now_ms| {
            let namespace = NamespaceName::parse(namespace).unwrap();
            grant
                .check_namespace(&namespace, now_ms)
                .map_err(|error| error.code)
        };
        assert_eq!(at("ACME", 999_999), Ok(()));
        assert_eq!(at("acme", 1_000_000), Err(ErrorCode::Unauthorized));
        assert_eq!(at("acme2", 0), Err(ErrorCode::Forbidden));
        assert_eq!(at("acme2", 1_000_000), Err(ErrorCode::Unauthorized));
        let check = |path: &RepositoryPath| grant.check(path, 0).map_err(|error| error.code);
        assert_eq!(check(&path("Acme", "anything")), Ok(()));
        assert_eq!(check(&path("acme2", "anything")), Err(ErrorCode::Forbidden));
        let of_repository = Grant {
            repository: "acme/widget".into(),
            scope: Scope::Write,
            ..grant.clone()
        };
        let namespace = NamespaceName::parse("acme").unwrap();
        assert!(of_repository.is_within(&namespace, 0) && grant.is_within(&namespace, 0));
        assert!(!grant.is_within(&namespace, 1_000_000));
        let other = NamespaceName::parse("acme2").unwrap();
        assert!(!of_repository.is_within(&other, 0) && !grant.is_within(&other, 0));
        assert!(of_repository.names(&path("ACME", "Widget"), 0));
        assert!(!of_repository.names(&path("acme", "widget"), 1_000_000));
        assert!(!grant.names(&path("acme", "widget"), 0));
        let refused = of_repository.check_namespace(&namespace, 0).unwrap_err();
        assert_eq!(refused.code, ErrorCode::Forbidden);
    }
}
