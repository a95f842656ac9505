//! Who may go on to the object: early refusals from the header and from KV.

use futures::FutureExt as _;
use worker::console_warn;

use super::credentials::Identity;
use super::directory;
use super::grant::{Grant, key};
use super::names::{NamespaceName, RepositoryPath};
use super::objects::Asked;
use super::visit::{Visit, fault};
use crate::repo_do::contract::{Access, Actor, ErrorCode, ErrorReply, Refusal, TokenHash};
use crate::storage::kv::JsonStore;

/// The KV binding that holds the grants.
const TOKENS: &str = "TOKENS";

/// The actor of a request to a repository, unless its header or KV refuses it.
pub async fn to_repository(
    visit: &Visit,
    path: &RepositoryPath,
    access: Access,
) -> Result<Actor, ErrorReply> {
    let actor = actor(visit, access)?;
    check_grant(visit, path).await?;
    Ok(actor)
}

/// The actor of a request to a repository, unless its header alone refuses it.
pub fn actor(visit: &Visit, access: Access) -> Result<Actor, ErrorReply> {
    match visit.identity {
        Identity::Operator => Ok(Actor::Operator),
        Identity::Anonymous if access == Access::Read => Ok(Actor::Anonymous),
        Identity::Anonymous => Err(Refusal::CredentialRequired.into()),
        Identity::Unrecognised => Err(Refusal::TokenInvalid.into()),
        Identity::Token(hash) => Ok(Actor::Token(hash)),
    }
}

/// Refuses a token that KV knows to be another repository's, or expired.
/// What KV does not know, the object does; so a caller may ask the object first.
pub async fn check_grant(visit: &Visit, path: &RepositoryPath) -> Result<(), ErrorReply> {
    if let Identity::Token(hash) = visit.identity
        && let Some(grant) = grant(visit, &hash).await
    {
        grant.check(path, visit.now_ms)?;
    }
    Ok(())
}

/// Whether a request may administer what no single namespace decides about.
pub async fn to_administer(visit: &Visit) -> Result<(), ErrorReply> {
    match visit.identity {
        Identity::Operator => Ok(()),
        Identity::Anonymous => Err(Refusal::CredentialRequired.into()),
        Identity::Unrecognised => Err(Refusal::TokenInvalid.into()),
        Identity::Token(hash) => Err(match grant(visit, &hash).await {
            Some(grant) if !grant.is_expired(visit.now_ms) => Refusal::NotAdministrator.into(),
            _ => Refusal::TokenInvalid.into(),
        }),
    }
}

/// Whether a request may administer a namespace: the operator's, and those with a token of that
/// namespace. KV says an early no; the namespace's object decides.
pub fn to_namespace<'a>(
    visit: &'a Visit,
    namespace: &'a NamespaceName,
) -> Asked<'a, Result<(), ErrorReply>> {
    let decide = async move {
        let Identity::Token(hash) = visit.identity else {
            return to_administer(visit).await;
        };
        if let Some(grant) = grant(visit, &hash).await {
            grant.check_namespace(namespace, visit.now_ms)?;
        }
        match directory::admit(visit, namespace, hash).await?.token {
            Some(token) => {
                visit.costs.is_of(&token.token_id);
                Ok(())
            }
            None => Err(Refusal::TokenInvalid.into()),
        }
    };
    decide.boxed_local()
}

/// Whether a request is the operator's, of those that may administer the namespace.
pub async fn to_operate(visit: &Visit, namespace: &NamespaceName) -> Result<(), ErrorReply> {
    to_namespace(visit, namespace).await?;
    match visit.identity {
        Identity::Operator => Ok(()),
        _ => Err(ErrorReply::new(
            ErrorCode::Forbidden,
            "a namespace token does not allow this",
        )),
    }
}

/// What KV knows; it may fail or be behind, and then knows nothing.
fn grant<'a>(visit: &'a Visit, hash: &TokenHash) -> Asked<'a, Option<Grant>> {
    let key = key(hash);
    let look_up = async move {
        let found = match grants(visit) {
            Ok(grants) => grants.get(&key).await,
            Err(_) => return None,
        };
        found.unwrap_or_else(|error| {
            console_warn!("grant not read: {error}");
            None
        })
    };
    look_up.boxed_local()
}

/// Writes the grant of a new token. When it fails, the object still knows the token.
pub async fn remember(visit: &Visit, hash: &TokenHash, grant: &Grant) {
    let Ok(grants) = grants(visit) else { return };
    let expires_at = u64::try_from(grant.expires_at).unwrap_or(0);
    if let Err(error) = grants.put(&key(hash), grant, expires_at).await {
        console_warn!("grant not written: {error}");
    }
}

/// Takes the grant of a revoked token away. When it fails, the object still refuses the token.
pub async fn forget(visit: &Visit, hash: &TokenHash) {
    let Ok(grants) = grants(visit) else { return };
    if let Err(error) = grants.delete(&key(hash)).await {
        console_warn!("grant not deleted: {error}");
    }
}

fn grants(visit: &Visit) -> Result<JsonStore, ErrorReply> {
    let binding = visit
        .env
        .kv(TOKENS)
        .map_err(|error| fault(TOKENS, &error))?;
    Ok(JsonStore::new(binding))
}
