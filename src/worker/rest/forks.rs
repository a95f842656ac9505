//! Forks.

use worker::Request;

use super::body;
use super::repos::{created, init, reserve, settle};
use super::tokens::draw;
use crate::repo_do::contract::{
    Access, CreateRepository, ErrorCode, ErrorReply, ForkRepository, RepositoryInfo, Scope, path,
};
use crate::worker::names::RepositoryPath;
use crate::worker::objects::{self, Call};
use crate::worker::once::Purpose;
use crate::worker::parameters::{self, NewFork};
use crate::worker::reply::Reply;
use crate::worker::visit::Visit;
use crate::worker::{admission, id};

/// `POST …/repos/:name/fork`
///
/// The steps of any creation, but that the object takes everything over from its source before it
/// is there for anybody. A fork is private, whatever its source is.
pub async fn create(
    visit: &Visit,
    request: Request,
    source: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, &source.namespace).await?;
    let new: NewFork = body(request).await?;
    let namespace = match &new.namespace {
        Some(given) => parameters::namespace("/namespace", given)?,
        None => source.namespace.clone(),
    };
    if namespace.folded() != source.namespace.folded() {
        // A token is of one namespace alone.
        admission::to_operate(visit, &source.namespace).await?;
    }
    let path = RepositoryPath {
        namespace,
        name: parameters::repository("/name", &new.name)?,
    };
    let description = parameters::description(new.description)?;
    let actor = admission::to_repository(visit, source, Access::Administer).await?;
    let response = objects::repository(visit, source, actor, Call::get(path::INFO)).await?;
    let origin: RepositoryInfo = objects::read(response).await?;

    let repository_id = id::repository_id(visit.entropy(Purpose::Repository)?);
    let ttl_seconds = parameters::ttl(None)?;
    let first_token = draw(visit, &repository_id, Scope::Write, ttl_seconds, None)?;
    let mut create = CreateRepository {
        repository_id,
        namespace: path.namespace.as_str().to_owned(),
        name: path.name.as_str().to_owned(),
        description: description.or(origin.description),
        default_branch: origin.default_branch,
        read_only: new.read_only,
        public: false,
        source: Some(format!("artifacts:{}/{}", origin.namespace, origin.name)),
        token: first_token.record.clone(),
        now_ms: visit.now_ms,
    };
    create.namespace = reserve(visit, &path, &create, ErrorCode::ForkInProgress).await?;
    let repository_id = create.repository_id.clone();
    let fork = ForkRepository {
        create,
        source_object: source.object_name(),
        source_id: origin.repository_id,
        default_branch_only: new.default_branch_only,
    };
    let call = Call::post(path::FORK, &fork)?;
    let info = init(visit, &path, &repository_id, call).await?;
    settle(visit, &path, &info, &first_token).await;
    let objects = info.object_count;
    created(visit, info, first_token, Some(objects))
}
