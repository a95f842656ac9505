//! What is asked about tokens.

use serde::Deserialize;

use super::{PAGE_MAX, PER_PAGE_DEFAULT, PER_PAGE_MAX, repository, within};
use crate::repo_do::contract::{ErrorCode, ErrorReply, Scope, TokenState};
use crate::worker::names::RepositoryName;

/// Body of `POST /namespaces/:ns/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The repository's name; absent for a token of the namespace.
    pub repo: Option<String>,
    /// What it allows; `write` unless given, `admin` for a token of the namespace.
    pub scope: Option<Scope>,
    /// Seconds that it lives.
    pub ttl: Option<u32>,
    /// The owner's note.
    pub label: Option<String>,
}

/// Query of `GET …/repos/:name/tokens`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenQuery {
    /// `active` unless given, `expired`, `revoked` or `all`.
    pub state: Option<TokenFilter>,
    /// The one wanted: its id, or the SHA-256 of its plaintext in hex.
    pub token: Option<String>,
    /// Entries a page.
    pub per_page: Option<u32>,
    /// The page, from 1.
    pub page: Option<u32>,
}

/// Which tokens are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenFilter {
    /// Those that are accepted.
    #[default]
    Active,
    /// Those whose time is over.
    Expired,
    /// Those taken back.
    Revoked,
    /// Every one.
    All,
}

impl TokenQuery {
    /// The page asked for and its size, within bounds.
    pub fn page(&self) -> Result<(u32, u32), ErrorReply> {
        Ok((
            within("page", PAGE_MAX, 1, self.page)?,
            within("per_page", PER_PAGE_MAX, PER_PAGE_DEFAULT, self.per_page)?,
        ))
    }
}

impl NewToken {
    /// The repository that the token is for; `None` for one of the namespace.
    pub fn subject(&self) -> Result<Option<RepositoryName>, ErrorReply> {
        let refuse =
            |pointer, message| Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message));
        match (&self.repo, self.scope) {
            (Some(_), Some(Scope::Admin)) => {
                let message = "an admin token is the namespace's: leave repo out";
                refuse("/scope", message)
            }
            (Some(name), _) => repository("/repo", name).map(Some),
            (None, Some(Scope::Admin)) => Ok(None),
            (None, _) => refuse(
                "/repo",
                "repo is missing: only a token of scope admin has none",
            ),
        }
    }
}

impl TokenFilter {
    /// The state itself; `None` for all.
    #[must_use]
    pub fn state(self) -> Option<TokenState> {
        match self {
            Self::Active => Some(TokenState::Active),
            Self::Expired => Some(TokenState::Expired),
            Self::Revoked => Some(TokenState::Revoked),
            Self::All => None,
        }
    }

    /// Its name in a query.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::All => "all",
        }
    }
}
