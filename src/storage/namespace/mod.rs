//! The database of a namespace, and that of the registry, which lists the namespaces.
//!
//! | module | what it is |
//! |---|---|
//! | [`store`], [`listing`] | the repositories of a namespace: names reserved; listed |
//! | [`audit`] | administrative acts |
//! | [`figures`] | the sizes of its repositories, one by one and together |
//! | [`quotas`], `room`, [`usage`] | its bounds; what it has and may have; its use by day |
//! | [`room_claims`] | bytes that its repositories are about to have |
//! | [`deleted`] | repositories that were deleted and can be restored |
//! | [`names`] | names that move; those that repositories had before |
//! | [`place`] | where the namespace of this name is kept, if that is not here |
//! | [`entries`] | questions about its names for repairs and deletions |
//! | [`events`], [`webhooks`] | the events here; the webhooks that hear of them, and the notes that wait |
//! | [`standing`] | how a namespace stands, and how far its repositories have been told |
//! | [`token_repositories`] | the repositories that a token of the namespace opens |
//! | [`signed_tokens`] | issuers of signed tokens that it trusts, and such tokens taken back |
//! | [`idempotency`] | requests that are done once, and their answers |
//! | [`registry`] | the list of namespaces |

pub mod audit;
pub mod deleted;
pub(crate) mod entries;
pub mod events;
pub mod figures;
pub(crate) mod idempotency;
pub mod listing;
pub mod names;
pub(crate) mod place;
pub(crate) mod quotas;
pub(crate) mod registry;
mod room;
pub(crate) mod room_claims;
pub(crate) mod signed_tokens;
pub mod standing;
pub mod store;
#[cfg(test)]
pub(crate) mod testing;
pub(crate) mod token_repositories;
pub(crate) mod usage;
pub mod webhooks;
