//! Namespaces that are kept in a jurisdiction
//! ([ADR 114](../../../docs/adr/0114-jurisdictions-by-the-objects-ids.md)).

use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::jurisdiction::Jurisdiction;
use crate::worker::names::NamespaceName;
use crate::worker::namespace::place::other_place;
use crate::worker::objects;
use crate::worker::visit::Visit;

/// Chooses the jurisdiction of a new namespace, or none; `None`: where its name belongs. It refuses a
/// namespace that cannot be kept there before anything is written.
pub(super) async fn take(
    visit: &Visit,
    namespace: &NamespaceName,
    wanted: Option<Jurisdiction>,
) -> Result<(), ErrorReply> {
    let Some(wanted) = wanted else {
        return Ok(());
    };
    wanted.check(&visit.env).map_err(|error| {
        ErrorReply::at(ErrorCode::InvalidInput, "/jurisdiction", error.to_string())
    })?;
    if wanted != Jurisdiction::Unrestricted {
        return objects::take_place(visit, &namespace.folded(), wanted).await;
    }
    match objects::place(visit, &namespace.folded()).await? {
        Jurisdiction::Unrestricted => Ok(()),
        here => Err(other_place(here)),
    }
}

/// Whether two namespaces are kept in the same place.
pub(super) async fn is_same(
    visit: &Visit,
    one: &NamespaceName,
    other: &NamespaceName,
) -> Result<bool, ErrorReply> {
    let (one, other) = (one.folded(), other.folded());
    Ok(one == other || objects::place(visit, &one).await? == objects::place(visit, &other).await?)
}

/// Refuses to have a repository of one namespace in another that is kept elsewhere.
pub(super) async fn check_same(
    visit: &Visit,
    from: &NamespaceName,
    to: &NamespaceName,
) -> Result<(), ErrorReply> {
    if is_same(visit, from, to).await? {
        return Ok(());
    }
    let (here, there) = (
        objects::place(visit, &from.folded()).await?,
        objects::place(visit, &to.folded()).await?,
    );
    let message = format!(
        "a repository stays in its jurisdiction: {} is in {}, and {} in {}",
        from.as_str(),
        here.name(),
        to.as_str(),
        there.name()
    );
    Err(ErrorReply::at(ErrorCode::Conflict, "/namespace", message))
}
