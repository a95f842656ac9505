//! The tokens of a namespace, as its object keeps them: those that administer it, and those that
//! read or write some of its repositories, or all. Their authority is here: KV's knowledge of them is never
//! more than a no, and with the namespace they are gone.

use super::contract::{ListTokens, MakeToken, Revoke, SharedToken, SharedTokens};
use super::events::{self, Author};
use super::step_error::{StepError, no_namespace};
use crate::repo_do::contract::{
    Admit, Admitted, ErrorCode, ErrorReply, Refusal, RevokedToken, Scope, TokenHash, TokenPlace,
    TokenRecord, TokenState,
};
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::event::EventKind;
use crate::storage::namespace::store::{NamespaceStore, RepositoryState};
use crate::storage::namespace::token_repositories::Opens;
use crate::storage::repository::tokens;

/// Whether a token is one of the namespace's that holds now, and its rights; notes its use.
pub(crate) fn admit<D: Database>(
    store: &NamespaceStore<D>,
    asked: &Admit,
) -> Result<Admitted, StepError> {
    if store.shown_name()?.is_none() {
        return Ok(Admitted::nobody());
    }
    let tokens = store.tokens();
    let found = tokens.find(asked.sha256.as_bytes())?;
    let Some(token) = holding(store, found, asked.now_ms)? else {
        return Ok(Admitted::nobody());
    };
    tokens.touch(&token.token_id, token.last_used_at_ms, asked.now_ms)?;
    let opens = opens(store, &token)?;
    Ok(Admitted {
        token: Some(token),
        repository_ids: opens,
    })
}

/// The token, if it holds now.
pub(super) fn holding<D: Database>(
    store: &NamespaceStore<D>,
    found: Option<tokens::TokenRecord>,
    now_ms: i64,
) -> Result<Option<TokenRecord>, StepError> {
    let found = found.map(TokenRecord::from);
    let token = found.filter(|token| token.state(now_ms) == TokenState::Active);
    if token.is_some() && store.standing()?.suspended {
        return Err(ErrorReply::from(Refusal::Suspended).into());
    }
    Ok(token)
}

/// The ids of the repositories that a token opens; `None`: every one.
pub(super) fn opens<D: Database>(
    store: &NamespaceStore<D>,
    token: &TokenRecord,
) -> Result<Option<Vec<String>>, StepError> {
    if token.scope == Scope::Admin {
        return Ok(None);
    }
    Ok(match store.token_opens(&token.token_id)? {
        Opens::Every => None,
        Opens::Listed(ids) => Some(ids),
    })
}

/// Keeps a new token; the same one again changes nothing.
pub(crate) fn make<D: Database>(
    store: &NamespaceStore<D>,
    asked: MakeToken,
    author: &Author,
) -> Result<SharedToken, StepError> {
    exists(store)?;
    let MakeToken { token, repos } = asked;
    let kept = store.tokens().find(token.sha256.as_bytes())?;
    if kept.is_none_or(|kept| kept.id != token.token_id) {
        let opens = match &repos {
            Some(names) => Opens::Listed(ids_of(store, names)?),
            None => Opens::Every,
        };
        in_transaction(store.database(), || {
            store.insert_token(&token.to_insert(), &opens)?;
            let payload = events::token_created(&token, &opens);
            events::append(store, author, EventKind::NamespaceTokenCreated, &payload)
        })?;
    }
    shared(store, token)
}

/// The ids of repositories that are there.
fn ids_of<D: Database>(
    store: &NamespaceStore<D>,
    names: &[String],
) -> Result<Vec<String>, StepError> {
    let mut ids = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let found = store.find(name)?;
        let found = found.filter(|found| found.state == RepositoryState::Live);
        let missing = || {
            let message = format!("the namespace has no repository {name}");
            ErrorReply::at(ErrorCode::NotFound, format!("/repos/{at}"), message)
        };
        ids.push(found.ok_or_else(missing)?.id);
    }
    Ok(ids)
}

fn shared<D: Database>(
    store: &NamespaceStore<D>,
    token: TokenRecord,
) -> Result<SharedToken, StepError> {
    let repos = match opens(store, &token)? {
        Some(ids) => Some(store.names_of(&ids)?),
        None => None,
    };
    Ok(SharedToken { token, repos })
}

/// A page of the tokens in one state, or in any.
pub(crate) fn list<D: Database>(
    store: &NamespaceStore<D>,
    asked: &ListTokens,
    now_ms: i64,
) -> Result<SharedTokens, StepError> {
    exists(store)?;
    let behind = asked.behind.as_deref().and_then(TokenPlace::parse);
    let start = TokenPlace::start(behind.as_ref(), asked.page, asked.per_page);
    let without = (!asked.admin_too).then_some(tokens::Scope::Admin);
    let state = asked.state.map(Into::into);
    let page = store
        .tokens()
        .list(state, without, now_ms, start, asked.per_page)?;
    let tokens = page.tokens.into_iter();
    let tokens = tokens.map(|token| shared(store, token.into()));
    Ok(SharedTokens {
        tokens: tokens.collect::<Result<_, _>>()?,
        total_count: page.total_count,
        has_more: page.has_more,
    })
}

/// Takes a token back; a second time answers the same.
pub(crate) fn revoke<D: Database>(
    store: &NamespaceStore<D>,
    asked: &Revoke,
    author: &Author,
) -> Result<RevokedToken, StepError> {
    let unknown = || ErrorReply::new(ErrorCode::NotFound, "the namespace has no such token");
    if store.shown_name()?.is_none() {
        return Err(unknown().into());
    }
    let tokens = store.tokens();
    let found = tokens.find_by_id(&asked.token_id)?;
    let found = found.filter(|token| asked.admin_too || token.scope != tokens::Scope::Admin);
    let token = found.ok_or_else(unknown)?;
    if token.revoked_at.is_none() {
        in_transaction(store.database(), || {
            tokens.revoke(&asked.token_id, asked.now_ms)?;
            let payload = events::token_revoked(&token.id);
            events::append(store, author, EventKind::NamespaceTokenRevoked, &payload)
        })?;
    }
    Ok(RevokedToken {
        token_id: token.id,
        sha256: TokenHash::new(token.sha256),
    })
}

fn exists<D: Database>(store: &NamespaceStore<D>) -> Result<(), StepError> {
    match store.shown_name()? {
        Some(_) => Ok(()),
        None => Err(no_namespace().into()),
    }
}

#[cfg(test)]
mod tests;
