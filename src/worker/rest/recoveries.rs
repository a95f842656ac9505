//! Repositories that are made again of what R2 has.

use serde::Deserialize;
use worker::Request;

use super::body;
use super::repos::{self, DEFAULT_BRANCH};
use super::tokens::draw;
use crate::repo_do::contract::{
    CreateRepository, ErrorCode, ErrorReply, RecoverRepository, Scope, is_public_id, path,
};
use crate::worker::credentials::Identity;
use crate::worker::names::RepositoryPath;
use crate::worker::objects::Call;
use crate::worker::once::Purpose;
use crate::worker::parameters;
use crate::worker::reply::Reply;
use crate::worker::visit::Visit;
use crate::worker::{admission, id};

/// Body of `POST …/repos/:name/recover`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRecovery {
    /// The id of the lost repository.
    repository_id: String,
}

/// `POST …/repos/:name/recover`
///
/// Made like any repository ([`repos::create`]), but that its object first reads the record of the
/// lost one. The answer comes when the recovery has begun; `GET …/repos/:name` tells when it is over.
/// The operator's alone: an id names a repository of any namespace.
pub async fn recover(
    visit: &Visit,
    request: Request,
    path: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    admission::to_administer(visit).await?;
    if !matches!(visit.identity, Identity::Operator) {
        let message = "only the operator recovers repositories";
        return Err(ErrorReply::new(ErrorCode::Forbidden, message));
    }
    let new: NewRecovery = body(request).await?;
    if !is_public_id(&new.repository_id) {
        let message = "repository_id must be 16 characters of [0-9a-z]";
        return Err(ErrorReply::at(
            ErrorCode::InvalidInput,
            "/repository_id",
            message,
        ));
    }
    let repository_id = id::repository_id(visit.entropy(Purpose::Repository)?);
    let ttl_seconds = parameters::ttl(None)?;
    let first_token = draw(visit, &repository_id, Scope::Write, ttl_seconds, None)?;
    let mut recover = RecoverRepository {
        create: CreateRepository {
            repository_id,
            namespace: path.namespace.as_str().to_owned(),
            name: path.name.as_str().to_owned(),
            description: None,
            default_branch: DEFAULT_BRANCH.to_owned(),
            read_only: false,
            public: false,
            source: None,
            token: first_token.record.clone(),
            now_ms: visit.now_ms,
        },
        lost_id: new.repository_id,
    };
    let in_progress = ErrorCode::CreateInProgress;
    recover.create.namespace = repos::reserve(visit, path, &recover.create, in_progress).await?;
    let call = Call::post(path::RECOVER, &recover)?;
    let info = repos::init(visit, path, &recover.create.repository_id, call).await?;
    repos::settle(visit, path, &info, &first_token).await;
    repos::created(visit, info, first_token, None)
}
