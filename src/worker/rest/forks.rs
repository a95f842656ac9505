//! Forks.

use worker::Request;

use super::body::body_below;
use super::making::Draft;
use crate::repo_do::contract::{
    Access, ErrorCode, ErrorReply, ForkRepository, RepositoryInfo, checked_ref_rules, path,
};
use crate::worker::admission;
use crate::worker::call::Call;
use crate::worker::names::RepositoryPath;
use crate::worker::objects;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters::{self, Lifetime, NewFork};
use crate::worker::rest::places;
use crate::worker::visit::Visit;

/// `POST …/repos/:name/fork`
///
/// The steps of any creation, but that the object takes everything over from its source before it
/// is there for anybody. A fork is private, whatever its source is.
pub(crate) async fn create(
    visit: &Visit,
    request: Request,
    source: &RepositoryPath,
) -> Result<Reply, ErrorReply> {
    let new: NewFork = body_below(visit, &source.namespace, request).await?;
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
    let lifetime = Lifetime::of_new(new.ttl_seconds, new.expires_at, new.idle_ttl_seconds);
    let lifetime = lifetime.checked(visit.now_ms)?;
    let ref_rules = checked_ref_rules("/ref_rules", new.ref_rules)?;
    let location = parameters::location(new.location_hint.as_deref())?;
    let actor = admission::to_repository(visit, source, Access::Administer).await?;
    places::check_same(visit, &source.namespace, &path.namespace).await?;
    let response = objects::repository(visit, source, actor, Call::get(path::INFO)).await?;
    let origin: RepositoryInfo = objects::read(response).await?;

    let mut draft = Draft::new(visit, &path)?;
    draft.location = location;
    draft.comes_with_bytes = Some(origin.size_bytes.saturating_add(origin.lfs_bytes));
    let create = &mut draft.create;
    create.description = description.or(origin.description);
    create.default_branch = origin.default_branch;
    create.read_only = new.read_only;
    create.lifetime = lifetime;
    create.ref_rules = ref_rules;
    // A push to the fork may bring back any object that the source has let in.
    create.fsck_strict = Some(new.fsck.strict.unwrap_or(origin.fsck_strict));
    create.source = Some(format!("artifacts:{}/{}", origin.namespace, origin.name));
    draft.reserve(visit, ErrorCode::ForkInProgress).await?;
    let fork = ForkRepository {
        create: draft.create.clone(),
        source_object: source.object_name(),
        source_id: origin.repository_id,
        default_branch_only: new.default_branch_only,
    };
    let made = draft.make(visit, Call::post(path::FORK, &fork)?).await?;
    let objects = made.info.object_count;
    made.reply(visit, Some(objects))
}
