//! Refs changed, and the objects that they need: the one way in which a handler of this room changes
//! anything.

use super::pack_maker::pack_of;
use crate::git::edit::new_objects::NewObjects;
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::neighbour::brought::BroughtPack;
use crate::repo_do::receive::by_rest::{RefChanges, Writer, change_refs};

/// How often a change without a guard is made again on a ref that moves meanwhile.
pub(crate) const ATTEMPTS_MAX: usize = 8;

/// Publishes new objects under refs. It says of each change, in order, why it was refused
/// ([`super::refusal::reply`] tells it to the client). An error means that nothing was changed, and
/// of objects that no ref came to name nothing is left.
///
/// There may be no objects: refs may name objects that are here already, if the caller may see it.
pub(crate) async fn publish(
    writer: &Writer<'_>,
    objects: &NewObjects,
    changes: RefChanges,
) -> Result<Vec<Option<Rejection>>, ErrorReply> {
    Box::pin(publish_onto(writer, objects, changes, None)).await
}

/// The same, where the objects and the refs build on a pack that was brought from elsewhere: it becomes
/// visible with them, or goes.
pub(crate) async fn publish_onto(
    writer: &Writer<'_>,
    objects: &NewObjects,
    changes: RefChanges,
    brought: Option<BroughtPack>,
) -> Result<Vec<Option<Rejection>>, ErrorReply> {
    let needs_pack = changes.commands.iter().any(|command| command.new.is_some());
    debug_assert!(
        needs_pack || objects.is_empty(),
        "objects that no ref names"
    );
    let new_pack = if needs_pack {
        // As Git sends a pack without objects with a ref that needs none: the object that the ref names is
        // proved.
        Some(pack_of(writer, objects).await?)
    } else {
        None
    };
    change_refs(writer, changes, new_pack, brought).await
}
