//! Namespaces: made, listed, shown, changed, deleted.

use worker::Request;

use super::body::{body, body_bytes};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::worker::admission;
use crate::worker::credentials::Identity;
use crate::worker::envelope;
use crate::worker::names::NamespaceName;
use crate::worker::namespace::contract::UpdateNamespace;
use crate::worker::namespace::directory;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters::{self, ListQuery, NamespaceChange, NewNamespace, NoFields};
use crate::worker::rest::places;
use crate::worker::rest::resources::namespaces::{AllRevoked, Namespace};
use crate::worker::signed::check::{self, Setter};
use crate::worker::signed::{key_set, verify};
use crate::worker::visit::Visit;

/// `POST /namespaces`
pub(crate) async fn create(visit: &Visit, request: Request) -> Result<Reply, ErrorReply> {
    admission::to_administer(visit).await?;
    let new: NewNamespace = body(request).await?;
    let namespace = parameters::namespace("/namespace", &new.namespace)?;
    let jurisdiction = parameters::jurisdiction(new.jurisdiction.as_deref())?;
    let is_strict = new.fsck.strict.unwrap_or_default();
    places::take(visit, &namespace, jurisdiction).await?;
    let info = directory::create_namespace(visit, &namespace, is_strict).await?;
    envelope::success(201, &Namespace::from(info))
}

/// `GET /namespaces`
pub(crate) async fn list(visit: &Visit, query: &str) -> Result<Reply, ErrorReply> {
    admission::to_administer(visit).await?;
    let (limit, query) = parameters::query::<ListQuery>(query)?.checked()?;
    let sort = query.sort.map(|_| "/sort");
    let sort = sort.or_else(|| query.direction.map(|_| "/direction"));
    if let Some(pointer) = sort.or_else(|| query.filter_given()) {
        let message = "namespaces are listed by name, all of them";
        return Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message));
    }
    let (infos, total, cursor) = directory::namespaces(visit, limit, &query).await?;
    let namespaces: Vec<_> = infos.into_iter().map(Namespace::from).collect();
    envelope::numbered_page(&namespaces, limit, query.page, total, cursor)
}

/// `GET /namespaces/:ns`
pub(crate) async fn show(visit: &Visit, namespace: &NamespaceName) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let info = directory::show_namespace(visit, namespace).await?;
    // The registry may have lost it, and this brings it back.
    directory::announce(visit, namespace, info.created_at_ms).await?;
    envelope::success(200, &Namespace::from(info))
}

/// `PATCH /namespaces/:ns`
pub(crate) async fn update(
    visit: &Visit,
    request: Request,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let change: NamespaceChange = body(request).await?;
    let quotas = parameters::quotas(change.bytes_max, change.repos_max)?;
    if !quotas.is_empty() {
        admission::to_operate(visit, namespace).await?;
    }
    let is_operator = visit.identity == Identity::Operator;
    if change.suspended.is_some() && !is_operator {
        let message = "only the operator suspends a namespace";
        return Err(ErrorReply::at(ErrorCode::Forbidden, "/suspended", message));
    }
    if let Some(issuers) = &change.issuers {
        let setter = Setter {
            is_operator,
            of_deployment: false,
            allow_private: key_set::allows_private(visit),
        };
        check::issuers(issuers, setter)?;
    }
    let change = UpdateNamespace {
        fsck_strict: change.fsck.strict,
        suspended: change.suspended,
        read_only: change.read_only,
        quotas,
        issuers: change.issuers,
    };
    let info = directory::update_namespace(visit, namespace, &change).await?;
    verify::forget(namespace);
    envelope::success(200, &Namespace::from(info))
}

/// `POST /namespaces/:ns/tokens/revoke-all`: the token that asks for it is one of them.
pub(crate) async fn revoke_all(
    visit: &Visit,
    request: Request,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    admission::to_namespace(visit, namespace).await?;
    let bytes = body_bytes(request).await?;
    if !bytes.is_empty() {
        let NoFields {} = parameters::body(&bytes)?;
    }
    let info = directory::revoke_all(visit, namespace).await?;
    envelope::success(200, &AllRevoked::from(info))
}

/// `DELETE /namespaces/:ns`
pub(crate) async fn delete(visit: &Visit, namespace: &NamespaceName) -> Result<Reply, ErrorReply> {
    admission::to_operate(visit, namespace).await?;
    directory::delete_namespace(visit, namespace).await?;
    Ok(envelope::no_content())
}
