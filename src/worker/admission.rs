//! Early refusals, from the header and from KV, before a request goes on to an object.

use futures::FutureExt as _;

use super::credentials::Identity;
use super::grants;
use super::names::{NamespaceName, RepositoryPath};
use super::objects::Asked;
use super::visit::Visit;
use super::wake;
use crate::repo_do::contract::{
    Access, Actor, Asker, Behalf, ErrorCode, ErrorReply, Refusal, Scope,
};

/// The actor of a request to a repository, unless its header or KV refuses it.
pub(crate) async fn to_repository(
    visit: &Visit,
    path: &RepositoryPath,
    access: Access,
) -> Result<Actor, ErrorReply> {
    let actor = actor(visit, access)?;
    if let Identity::Token(hash) = visit.identity
        && let Some(grant) = grants::find(visit, &hash).await
    {
        grant.check_early(path, visit.now_ms)?;
    }
    Ok(actor)
}

/// The actor of a request to a repository, unless its header alone refuses it.
pub(crate) fn actor(visit: &Visit, access: Access) -> Result<Actor, ErrorReply> {
    match visit.identity {
        Identity::Operator => Ok(Actor::Operator),
        Identity::Anonymous if access == Access::Read => Ok(Actor::Anonymous),
        Identity::Anonymous => Err(Refusal::CredentialRequired.into()),
        Identity::Unrecognised => Err(Refusal::TokenInvalid.into()),
        Identity::Token(hash) => Ok(Actor::Token(hash)),
    }
}

/// Says more exactly why the object has refused a token that KV knows to be expired or another
/// repository's. The object knows more than KV, so it is asked first. KV names a repository as it was
/// called when the token was made: a dead token of one that has another name is not another repository's.
pub(crate) async fn check_grant(visit: &Visit, path: &RepositoryPath) -> Result<(), ErrorReply> {
    if let Identity::Token(hash) = visit.identity
        && let Some(grant) = grants::find(visit, &hash).await
    {
        let checked = grant.check(path, visit.now_ms);
        if checked.is_err() && wake::has_name(visit, path, &grant.repository_id).await {
            return Err(Refusal::TokenInvalid.into());
        }
        checked?;
    }
    Ok(())
}

/// Whether a request may administer matters that belong to no single namespace.
pub(crate) async fn to_administer(visit: &Visit) -> Result<(), ErrorReply> {
    match visit.identity {
        Identity::Operator => Ok(()),
        Identity::Anonymous => Err(Refusal::CredentialRequired.into()),
        Identity::Unrecognised => Err(Refusal::TokenInvalid.into()),
        Identity::Token(hash) => Err(match grants::find(visit, &hash).await {
            Some(grant) if !grant.is_expired(visit.now_ms) => Refusal::NotAdministrator.into(),
            _ => Refusal::TokenInvalid.into(),
        }),
    }
}

/// Whether a request may administer a namespace: the operator's, and those with a token of that
/// namespace. KV says an early no; the namespace's object decides.
pub(crate) fn to_namespace<'a>(
    visit: &'a Visit,
    namespace: &'a NamespaceName,
) -> Asked<'a, Result<(), ErrorReply>> {
    let decide = async move {
        let Identity::Token(hash) = visit.identity else {
            return to_administer(visit).await;
        };
        if let Some(grant) = grants::find(visit, &hash).await {
            grant.check_namespace(namespace, visit.now_ms)?;
        }
        match wake::admitted(visit, namespace, hash).await?.token {
            Some(token) => {
                visit.costs.note_token(&token.token_id);
                visit.costs.note_asker(Asker::NamespaceToken);
                match token.scope {
                    Scope::Admin => {
                        visit.behalf.replace(Some(Behalf {
                            token_id: token.token_id,
                            label: token.label,
                        }));
                        Ok(())
                    }
                    Scope::Read | Scope::Write => Err(Refusal::NotAdministrator.into()),
                }
            }
            None => Err(Refusal::TokenInvalid.into()),
        }
    };
    decide.boxed_local()
}

/// Whether the request is the operator's, among requests that may administer the namespace.
pub(crate) async fn to_operate(visit: &Visit, namespace: &NamespaceName) -> Result<(), ErrorReply> {
    to_namespace(visit, namespace).await?;
    match visit.identity {
        Identity::Operator => Ok(()),
        _ => Err(ErrorReply::new(
            ErrorCode::Forbidden,
            "a namespace token does not allow this",
        )),
    }
}
