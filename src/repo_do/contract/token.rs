//! Tokens as they cross between the Worker and the objects.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::actor::TokenHash;
use super::public_id::is_public_id;
use super::signed::Signed;
use crate::git::receive_pack::ref_rules::RefRules;
use crate::storage::repository::tokens::{self, PageStart};

/// The access that a token gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scope {
    /// Fetch, and read content by REST.
    Read,
    /// Read, and push.
    Write,
    /// Everything below one namespace; never a repository's own token.
    Admin,
}

/// The state of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenState {
    /// It is accepted.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
}

/// A token as the object keeps it. The plaintext is known to nobody but its owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenRecord {
    /// 16 characters of `[0-9a-z]`; in a repository's token the first eight are the repository id's
    /// (`token_id_prefix`).
    pub(crate) token_id: String,
    /// SHA-256 of the plaintext without its `?expires=` suffix.
    pub(crate) sha256: TokenHash,
    /// The access that it gives.
    pub(crate) scope: Scope,
    /// The owner's note.
    pub(crate) label: Option<String>,
    /// Milliseconds since 1970.
    pub(crate) created_at_ms: i64,
    /// Milliseconds since 1970; from then on it is refused.
    pub(crate) expires_at_ms: i64,
    /// When it was taken back, in milliseconds since 1970.
    pub(crate) revoked_at_ms: Option<i64>,
    /// When it was last accepted, in milliseconds since 1970; may lag, so that use costs no write.
    pub(crate) last_used_at_ms: Option<i64>,
    /// Its rules about refs: pushes that it forbids although the scope allows them.
    #[serde(default, skip_serializing_if = "RefRules::is_empty")]
    pub(crate) refs: RefRules,
}

impl TokenRecord {
    /// Its state at a time in milliseconds since 1970.
    #[must_use]
    pub(crate) fn state(&self, now_ms: i64) -> TokenState {
        if self.revoked_at_ms.is_some() {
            TokenState::Revoked
        } else if now_ms >= self.expires_at_ms {
            TokenState::Expired
        } else {
            TokenState::Active
        }
    }

    /// As it is put into a store.
    #[must_use]
    pub(crate) fn to_insert(&self) -> tokens::NewToken<'_> {
        tokens::NewToken {
            id: &self.token_id,
            sha256: self.sha256.as_bytes(),
            scope: match self.scope {
                Scope::Read => tokens::Scope::Read,
                Scope::Write => tokens::Scope::Write,
                Scope::Admin => tokens::Scope::Admin,
            },
            label: self.label.as_deref().unwrap_or_default(),
            created_at: self.created_at_ms,
            expires_at: self.expires_at_ms,
            refs: Some(&self.refs),
        }
    }
}

impl From<tokens::TokenRecord> for TokenRecord {
    fn from(token: tokens::TokenRecord) -> Self {
        Self {
            token_id: token.id,
            sha256: TokenHash::new(token.sha256),
            scope: match token.scope {
                tokens::Scope::Read => Scope::Read,
                tokens::Scope::Write => Scope::Write,
                tokens::Scope::Admin => Scope::Admin,
            },
            label: Some(token.label).filter(|label| !label.is_empty()),
            created_at_ms: token.created_at,
            expires_at_ms: token.expires_at,
            revoked_at_ms: token.revoked_at,
            last_used_at_ms: token.last_used_at,
            refs: token.refs,
        }
    }
}

impl From<TokenState> for tokens::TokenState {
    fn from(state: TokenState) -> Self {
        match state {
            TokenState::Active => Self::Active,
            TokenState::Expired => Self::Expired,
            TokenState::Revoked => Self::Revoked,
        }
    }
}

impl From<tokens::TokenPage> for TokenPage {
    fn from(page: tokens::TokenPage) -> Self {
        Self {
            tokens: page.tokens.into_iter().map(Into::into).collect(),
            total_count: page.total_count,
            has_more: page.has_more,
        }
    }
}

/// The place of a token in a list: pages behind it stay the same whatever tokens are added before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenPlace {
    /// When it was made.
    pub(crate) created_at_ms: i64,
    /// Its id.
    pub(crate) token_id: String,
}

impl TokenPlace {
    /// The place of this token.
    pub(crate) fn of(token: &TokenRecord) -> Self {
        Self {
            created_at_ms: token.created_at_ms,
            token_id: token.token_id.clone(),
        }
    }

    /// As a client gets it: to be sent back, not to be read.
    pub(crate) fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}.{}", self.created_at_ms, self.token_id))
    }

    /// The reverse of [`cursor`](Self::cursor).
    pub(crate) fn parse(cursor: &str) -> Option<Self> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (created_at_ms, token_id) = text.split_once('.')?;
        is_public_id(token_id).then_some(())?;
        Some(Self {
            created_at_ms: created_at_ms.parse().ok()?,
            token_id: token_id.to_owned(),
        })
    }

    /// Where the page behind it begins; without a place, the page of this number.
    pub(crate) fn start(behind: Option<&Self>, page: u32, per_page: u32) -> PageStart<'_> {
        match behind {
            Some(place) => PageStart::Behind {
                created_at: place.created_at_ms,
                id: &place.token_id,
            },
            None => PageStart::Skip(page.saturating_sub(1).saturating_mul(per_page)),
        }
    }
}

/// Body of `POST /tokens`. A record whose id or hash is there already is
/// [`ErrorCode::AlreadyExists`]: the Worker draws again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateToken {
    /// The new token.
    pub(crate) token: TokenRecord,
}

/// Answer of `GET /tokens`: one page, newest first. `state` is `active`, `expired`, `revoked` or
/// `all`, `page` starts at 1, `behind` is a [`TokenPlace::cursor`] in its place; the Worker has checked
/// them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenPage {
    /// The page's tokens.
    pub(crate) tokens: Vec<TokenRecord>,
    /// Tokens in that state altogether.
    pub(crate) total_count: u64,
    /// Whether there are more behind these.
    pub(crate) has_more: bool,
}

/// Answer of `DELETE /tokens/<id>`; a second time answers the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RevokedToken {
    /// Its id.
    pub(crate) token_id: String,
    /// Its hash, by which the Worker takes the grant out of KV.
    pub(crate) sha256: TokenHash,
}

/// Path at which a repository's object asks its namespace's object about a token that it does not
/// know (binding `NAMESPACE`, name in lower case, `POST`, body [`Admit`], answer [`Admitted`]).
pub(crate) const NAMESPACE_ADMIT: &str = "/admit";

/// Body of `POST` [`NAMESPACE_ADMIT`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Admit {
    /// Hash of the token.
    pub(crate) sha256: TokenHash,
    /// For a signed token: the claims that the Worker found good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed: Option<Signed>,
    /// Milliseconds since 1970.
    pub(crate) now_ms: i64,
}

/// Path at which a repository's object asks its namespace's object about a token by its id (`POST`,
/// body [`NamedToken`], answer [`Admitted`], where the token may be in any state).
pub(crate) const NAMESPACE_TOKEN: &str = "/token-by-id";

/// Body of `POST` [`NAMESPACE_TOKEN`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NamedToken {
    /// The token's id.
    pub(crate) token_id: String,
    /// Whether a token that administers the namespace may be meant.
    pub(crate) admin_too: bool,
}

/// Answer of `POST` [`NAMESPACE_ADMIT`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Admitted {
    /// The namespace's token, if it holds now.
    pub(crate) token: Option<TokenRecord>,
    /// The ids of the repositories that it opens; `None`: every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) repository_ids: Option<Vec<String>>,
}

impl Admitted {
    /// No token, which opens nothing.
    #[must_use]
    pub(crate) fn nobody() -> Self {
        Self {
            token: None,
            repository_ids: Some(Vec::new()),
        }
    }

    /// Whether the token opens a repository, by its id; `None` where there is no repository.
    #[must_use]
    pub(crate) fn opens(&self, repository_id: Option<&str>) -> bool {
        let listed = |ids: &Vec<String>| ids.iter().any(|id| Some(id.as_str()) == repository_id);
        self.repository_ids.as_ref().is_none_or(listed)
    }
}
