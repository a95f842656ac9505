//! Tokens of the repository, made and revoked. Their events never hold the token.

use std::rc::Rc;

use serde_json::json;
use worker::Request;

use crate::git::store::StoreError;
use crate::repo_do::contract::{CreateToken, ErrorCode, ErrorReply, RevokedToken, TokenHash};
use crate::repo_do::events::origin::Doer;
use crate::repo_do::events::tell;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::tokens::insert_token;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::event::EventKind;
use crate::storage::time::iso_8601;

/// `POST /tokens`.
pub(crate) async fn create(
    object: &Rc<RepoObject>,
    store: &Store,
    request: Request,
    doer: Doer,
) -> Answer {
    let CreateToken { token } = body(request).await?;
    tell::prepare(object).await;
    let record = tell::still_here(object, store)?;
    let taken = store.tokens().find_by_id(&token.token_id)?.is_some()
        || store.tokens().find(token.sha256.as_bytes())?.is_some();
    if taken {
        return Err(ErrorReply::new(
            ErrorCode::AlreadyExists,
            "the token exists already",
        ));
    }
    let payload = json!({
        "repoId": record.id,
        "tokenId": token.token_id,
        "scope": token.scope,
        "expiresAt": iso_8601(token.expires_at_ms),
        "label": token.label,
        "refs": token.refs,
    });
    let origin = doer.at(&record);
    in_transaction(store.database(), || {
        insert_token(store, &token)?;
        tell::append(store, EventKind::TokenCreated, &origin, &payload)
    })?;
    tell::written_and_sent(object).await;
    reply::json(&token)
}

/// `DELETE /tokens/<id>`. A token that was revoked before changes nothing, and has no second event.
pub(crate) async fn revoke(
    object: &Rc<RepoObject>,
    store: &Store,
    token_id: &str,
    doer: Doer,
) -> Answer {
    tell::prepare(object).await;
    let record = tell::still_here(object, store)?;
    let tokens = store.tokens();
    let unknown = || ErrorReply::new(ErrorCode::NotFound, "token not found");
    let token = tokens.find_by_id(token_id)?.ok_or_else(unknown)?;
    let payload = json!({
        "repoId": record.id,
        "tokenId": token.id,
        "label": Some(&token.label).filter(|label| !label.is_empty()),
    });
    let origin = doer.at(&record);
    if token.revoked_at.is_none() {
        in_transaction(store.database(), || {
            tokens.revoke(token_id, now_ms())?;
            tell::append(store, EventKind::TokenRevoked, &origin, &payload)
        })
        .map_err(|error: StoreError| error)?;
        tell::written_and_sent(object).await;
    }
    reply::json(&RevokedToken {
        token_id: token.id,
        sha256: TokenHash::new(token.sha256),
    })
}
