//! The caller of a request, and whether it may do what it asks for.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use subtle::ConstantTimeEq as _;

use super::error::{ErrorCode, ErrorReply};
use super::standing::Standing;
use super::token::{Scope, TokenRecord, TokenState};

/// SHA-256 of a token's plaintext. Compared in constant time; written as 64 hex digits.
#[derive(Clone, Copy)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    /// Wraps a digest.
    #[must_use]
    pub(crate) fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// The digest.
    #[must_use]
    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for TokenHash {}

impl fmt::Display for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenHash({self})")
    }
}

impl FromStr for TokenHash {
    type Err = BadActor;

    fn from_str(text: &str) -> Result<Self, BadActor> {
        let mut digest = [0; 32];
        if text.len() != 2 * digest.len() {
            return Err(BadActor);
        }
        faster_hex::hex_decode(text.as_bytes(), &mut digest).map_err(|_| BadActor)?;
        Ok(Self(digest))
    }
}

impl Serialize for TokenHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TokenHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The text is not an [`Actor`] or a [`TokenHash`]: the Worker and the object disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the text form of an actor")]
pub(crate) struct BadActor;

/// The caller, as far as the Worker can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// No credential.
    Anonymous,
    /// The operator's key, checked by the Worker: may do everything.
    Operator,
    /// An admin token of the repository's namespace, checked by that namespace's object: may do
    /// everything in its namespace.
    NamespaceAdmin,
    /// A token of the repository's namespace that opens the repository without administering it,
    /// checked by that namespace's object: its scope says its rights.
    NamespaceToken,
    /// A well-formed token; whether it is one of the repository's, the object knows.
    Token(TokenHash),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Operator => f.write_str("operator"),
            Self::NamespaceAdmin => f.write_str("namespace-admin"),
            Self::NamespaceToken => f.write_str("namespace-token"),
            Self::Token(hash) => write!(f, "token {hash}"),
        }
    }
}

impl FromStr for Actor {
    type Err = BadActor;

    fn from_str(text: &str) -> Result<Self, BadActor> {
        match text {
            "anonymous" => Ok(Self::Anonymous),
            "operator" => Ok(Self::Operator),
            "namespace-admin" => Ok(Self::NamespaceAdmin),
            "namespace-token" => Ok(Self::NamespaceToken),
            _ => text
                .strip_prefix("token ")
                .ok_or(BadActor)?
                .parse()
                .map(Self::Token),
        }
    }
}

/// The access that an operation needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Fetch, or read content by REST.
    Read,
    /// Push (its advertisement too). Whether the repository is read-only is not asked here: that
    /// is said in-band.
    Push,
    /// Settings, tokens, deletion, figures.
    Administer,
}

/// Why an actor may not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// 401: a credential is needed.
    #[error("authentication required")]
    CredentialRequired,
    /// 401: the token is unknown, expired or revoked; which, is not said.
    #[error("the token is not valid, has expired or was revoked")]
    TokenInvalid,
    /// 403: a read token that pushes.
    #[error("the token does not allow pushing")]
    ReadToken,
    /// 403: a repository token that administers.
    #[error("the token does not allow this")]
    NotAdministrator,
    /// 403: a token of other repositories of the namespace.
    #[error("the token belongs to another repository")]
    OtherRepository,
    /// 403: nobody but the operator gets anything from the namespace.
    #[error("the namespace is suspended")]
    Suspended,
    /// 404, only for callers that could see the repository.
    #[error("repository not found")]
    NotFound,
}

impl From<Refusal> for ErrorReply {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal {
            Refusal::CredentialRequired | Refusal::TokenInvalid => ErrorCode::Unauthorized,
            Refusal::ReadToken
            | Refusal::NotAdministrator
            | Refusal::OtherRepository
            | Refusal::Suspended => ErrorCode::Forbidden,
            Refusal::NotFound => ErrorCode::NotFound,
        };
        Self::new(code, refusal.to_string())
    }
}

/// The table of answers of the HTTP surface, as one decision.
///
/// `public` is `None` while there is no repository in the object. `token` is the object's own
/// record of the hash in [`Actor::Token`], or the namespace's of [`Actor::NamespaceToken`]; read only then.
pub(crate) fn authorize(
    actor: &Actor,
    public: Option<bool>,
    token: Option<&TokenRecord>,
    access: Access,
    now_ms: i64,
) -> Result<(), Refusal> {
    match actor {
        Actor::Operator | Actor::NamespaceAdmin => public.map(|_| ()).ok_or(Refusal::NotFound),
        Actor::Anonymous if access == Access::Read && public == Some(true) => Ok(()),
        Actor::Anonymous => Err(Refusal::CredentialRequired),
        Actor::NamespaceToken => {
            let token = token
                .filter(|token| token.state(now_ms) == TokenState::Active)
                .ok_or(Refusal::TokenInvalid)?;
            public.ok_or(Refusal::NotFound)?;
            allowed(access, token.scope)
        }
        Actor::Token(hash) => {
            let token = token
                .filter(|token| token.sha256 == *hash)
                .filter(|token| token.state(now_ms) == TokenState::Active)
                .ok_or(Refusal::TokenInvalid)?;
            public.ok_or(Refusal::TokenInvalid)?;
            allowed(access, token.scope)
        }
    }
}

/// Whether an actor that is authorized gets anything while its namespace stands so. The epoch of
/// tokens is not asked for here: a token that was made before it reads as revoked.
pub(crate) fn check_standing(actor: &Actor, standing: &Standing) -> Result<(), Refusal> {
    match actor {
        Actor::Operator => Ok(()),
        // Git shows no credential before the server asks for one, the operator's neither.
        Actor::Anonymous if standing.suspended => Err(Refusal::CredentialRequired),
        _ if standing.suspended => Err(Refusal::Suspended),
        _ => Ok(()),
    }
}

/// Whether a token that opens the repository allows this.
fn allowed(access: Access, scope: Scope) -> Result<(), Refusal> {
    match (access, scope) {
        (Access::Read, Scope::Read | Scope::Write) | (Access::Push, Scope::Write) => Ok(()),
        // No such token is a repository's own, and a namespace's is [`Actor::NamespaceAdmin`]'s.
        (_, Scope::Admin) => Err(Refusal::TokenInvalid),
        (Access::Push, Scope::Read) => Err(Refusal::ReadToken),
        (Access::Administer, _) => Err(Refusal::NotAdministrator),
    }
}
