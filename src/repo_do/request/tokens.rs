//! The repository's tokens.

use worker::Request;

use super::answer::Answer;
use crate::git::store::StoreError;
use crate::repo_do::contract::{
    ErrorCode, ErrorReply, TokenHash, TokenPage, TokenPlace, TokenRecord, TokenState,
};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::repository::tokens;

/// The object's own record of a token.
pub(crate) fn token_by_hash(
    store: &Store,
    hash: &TokenHash,
) -> Result<Option<TokenRecord>, ErrorReply> {
    Ok(store.shown_token(hash.as_bytes())?.map(Into::into))
}

/// Notes that a token was used, once an hour at most.
pub(crate) fn touch_token(store: &Store, token: &TokenRecord) -> Result<(), ErrorReply> {
    Ok(store
        .tokens()
        .touch(&token.token_id, token.last_used_at_ms, now_ms())?)
}

/// Stores a token.
pub(crate) fn insert_token(store: &Store, token: &TokenRecord) -> Result<(), StoreError> {
    store.tokens().insert(&token.to_insert())
}

#[derive(serde::Deserialize)]
struct TokenQuery {
    state: Option<TokenState>,
    token: Option<String>,
    page: u32,
    per_page: u32,
    behind: Option<String>,
}

/// `GET /tokens`; without a state, tokens in any.
pub(crate) fn list_tokens(store: &Store, request: &Request) -> Answer {
    let query: TokenQuery = request
        .query()
        .map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
    let behind = query.behind.as_deref().and_then(TokenPlace::parse);
    let start = TokenPlace::start(behind.as_ref(), query.page, query.per_page);
    let state = query.state.map(Into::into);
    let page = match &query.token {
        Some(token) => find_token(store, token, state)?,
        None => store
            .tokens()
            .list(state, None, now_ms(), start, query.per_page)?,
    };
    reply::json(&TokenPage::from(page))
}

/// The token of an id or a hash, if it is in that state.
fn find_token(
    store: &Store,
    token: &str,
    state: Option<tokens::TokenState>,
) -> Result<tokens::TokenPage, ErrorReply> {
    let found = match token.parse::<TokenHash>() {
        Ok(hash) => store.tokens().find(hash.as_bytes())?,
        Err(_) => store.tokens().find_by_id(token)?,
    };
    let now_ms = now_ms();
    let found = found.filter(|token| state.is_none_or(|state| token.state(now_ms) == state));
    Ok(tokens::TokenPage {
        total_count: u64::from(found.is_some()),
        has_more: false,
        tokens: found.into_iter().collect(),
    })
}
