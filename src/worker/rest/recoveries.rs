//! Repositories that are made again from R2.

use serde::Deserialize;
use worker::Request;

use super::body::body;
use super::making::Draft;
use crate::repo_do::contract::{ErrorCode, ErrorReply, RecoverRepository, is_public_id, path};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::credentials::Identity;
use crate::worker::names::RepositoryPath;
use crate::worker::reply::Reply;
use crate::worker::visit::Visit;

/// Body of `POST …/repos/:name/recover`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRecovery {
    /// The id of the lost repository.
    repository_id: String,
}

/// `POST …/repos/:name/recover`
///
/// Made like any repository ([`Draft`]), but that its object first reads the record of the
/// lost one. The answer comes when the recovery has begun; `GET …/repos/:name` tells when it is over.
/// The operator's alone: an id names a repository of any namespace.
pub(crate) async fn recover(
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
    let mut draft = Draft::new(visit, path)?;
    draft.reserve(visit, ErrorCode::CreateInProgress).await?;
    let recover = RecoverRepository {
        create: draft.create.clone(),
        lost_id: new.repository_id,
    };
    let call = Call::post(path::RECOVER, &recover)?;
    draft.make(visit, call).await?.reply(visit, None)
}
