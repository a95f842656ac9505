//! Parameters of the token routes.

use serde::Deserialize;

use super::bounds::{PAGE_MAX, PER_PAGE_MAX, foreign_cursor, page_limit, within};
use super::repository;
use crate::repo_do::contract::{
    ErrorCode, ErrorReply, RefRules, Scope, TokenPlace, TokenRecord, TokenState, checked_ref_rules,
};
use crate::worker::envelope::ResultInfo;
use crate::worker::names::RepositoryName;

/// Body of `POST /namespaces/:ns/tokens`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// The repository's name; absent for a token of the namespace.
    pub(crate) repo: Option<String>,
    /// The names of the repositories that a token of the namespace opens; every one unless given.
    pub(crate) repos: Option<Vec<String>>,
    /// The access that it allows; `write` unless given. A token for every repository must give
    /// it.
    pub(crate) scope: Option<Scope>,
    /// Seconds that it lives.
    pub(crate) ttl: Option<u32>,
    /// The owner's note.
    pub(crate) label: Option<String>,
    /// Rules about refs, in their order; the token's pushes keep to them.
    #[serde(default)]
    pub(crate) refs: RefRules,
}

/// Query of `GET …/repos/:name/tokens`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TokenQuery {
    /// `active` unless given, `expired`, `revoked` or `all`.
    pub(crate) state: Option<TokenFilter>,
    /// The one wanted: its id, or the SHA-256 of its plaintext in hex.
    pub(crate) token: Option<String>,
    /// Entries a page.
    pub(crate) per_page: Option<u32>,
    /// The same.
    pub(crate) limit: Option<u32>,
    /// The page, from 1.
    pub(crate) page: Option<u32>,
    /// In place of the page: the cursor of the page before.
    pub(crate) cursor: Option<String>,
}

/// A page of tokens that is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PageAsked {
    /// Its number, from 1.
    pub(crate) number: u32,
    /// Tokens on it.
    pub(crate) per_page: u32,
    /// In place of the number: the token behind which it begins.
    pub(crate) behind: Option<TokenPlace>,
}

impl PageAsked {
    /// The facts about it, once it is known.
    pub(crate) fn info(
        &self,
        count: usize,
        total_count: u64,
        last: Option<&TokenRecord>,
        has_more: bool,
    ) -> ResultInfo {
        let next = last.filter(|_| has_more).map(TokenPlace::of);
        let cursor = next.map(|next| next.cursor()).unwrap_or_default();
        let number = self.behind.is_none().then_some(self.number);
        ResultInfo::page(number, self.per_page, count, total_count, cursor)
    }
}

/// The repositories that a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One repository, whose own token it is.
    Repository(RepositoryName),
    /// Repositories of the namespace, whose token it is; `None`: every one.
    Namespace(Option<Vec<RepositoryName>>),
}

/// Repositories that one token may list.
const REPOS_MAX: usize = 100;

/// Which tokens are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TokenFilter {
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
    pub(crate) fn page(&self) -> Result<PageAsked, ErrorReply> {
        let refuse = |pointer, message| ErrorReply::at(ErrorCode::InvalidInput, pointer, message);
        if self.per_page.is_some() && self.limit.is_some() {
            return Err(refuse("/limit", "limit and per_page are the same"));
        }
        // An empty one is the first page, as in other lists.
        let cursor = self.cursor.as_deref().filter(|cursor| !cursor.is_empty());
        if cursor.is_some() && self.page.is_some() {
            return Err(refuse("/page", "page and cursor exclude each other"));
        }
        let behind = cursor.map(|cursor| TokenPlace::parse(cursor).ok_or_else(foreign_cursor));
        let limit = page_limit(self.limit)?;
        Ok(PageAsked {
            number: within("page", PAGE_MAX, 1, self.page)?,
            per_page: within("per_page", PER_PAGE_MAX, limit, self.per_page)?,
            behind: behind.transpose()?,
        })
    }
}

impl NewToken {
    /// The repositories that the token opens, and the access that it allows there.
    pub(crate) fn subject(&self) -> Result<(Subject, Scope), ErrorReply> {
        let refuse =
            |pointer, message| Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message));
        if self.scope == Some(Scope::Admin) && (self.repo.is_some() || self.repos.is_some()) {
            let message = "an admin token opens all of the namespace: leave repo and repos out";
            return refuse("/scope", message);
        }
        let subject = match (&self.repo, &self.repos) {
            (Some(_), Some(_)) => return refuse("/repos", "repo and repos exclude each other"),
            (Some(name), None) => Subject::Repository(repository("/repo", name)?),
            (None, Some(names)) => Subject::Namespace(Some(listed(names)?)),
            (None, None) if self.scope.is_none() => {
                let message =
                    "repo is missing: a token that opens the whole namespace names its scope";
                return refuse("/repo", message);
            }
            (None, None) => Subject::Namespace(None),
        };
        Ok((subject, self.scope.unwrap_or(Scope::Write)))
    }

    /// The rules about refs of a token of that scope.
    pub(crate) fn ref_rules(&self, scope: Scope) -> Result<RefRules, ErrorReply> {
        let refuse = |message| Err(ErrorReply::at(ErrorCode::InvalidInput, "/refs", message));
        match scope {
            _ if self.refs.is_empty() => Ok(RefRules::default()),
            Scope::Write => checked_ref_rules("/refs", self.refs.clone()),
            // Callers must not believe that such rules hide anything.
            Scope::Read => {
                refuse("a read token pushes nothing, and rules about refs limit no reads")
            }
            Scope::Admin => {
                refuse("an admin token makes tokens and rules: rules would not bind it")
            }
        }
    }
}

fn listed(names: &[String]) -> Result<Vec<RepositoryName>, ErrorReply> {
    if !(1..=REPOS_MAX).contains(&names.len()) {
        let message = format!("repos has 1 to {REPOS_MAX} names, this has {}", names.len());
        return Err(ErrorReply::at(ErrorCode::InvalidInput, "/repos", message));
    }
    let names = names.iter().enumerate();
    names
        .map(|(at, name)| repository(&format!("/repos/{at}"), name))
        .collect()
}

impl TokenFilter {
    /// The state itself; `None` for all.
    #[must_use]
    pub(crate) fn state(self) -> Option<TokenState> {
        match self {
            Self::Active => Some(TokenState::Active),
            Self::Expired => Some(TokenState::Expired),
            Self::Revoked => Some(TokenState::Revoked),
            Self::All => None,
        }
    }

    /// Its name in a query.
    #[must_use]
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::All => "all",
        }
    }
}
