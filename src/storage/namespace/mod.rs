//! The database of a namespace, and that of the registry, which lists the namespaces.
//!
//! | module | what it is |
//! |---|---|
//! | [`store`], [`listing`] | the repositories of a namespace: names reserved; listed |
//! | [`deleted`] | repositories that were deleted and can be restored |
//! | [`names`] | names that move; those that repositories had before |
//! | [`entries`] | what mending and deleting ask about its names |
//! | [`events`], [`webhooks`] | what happened here; who is told, and what waits for them |
//! | [`token_repositories`] | which repositories a token of the namespace opens |
//! | [`idempotency`] | requests that are done once, and their answers |
//! | [`registry`] | the list of namespaces |

pub mod deleted;
pub(crate) mod entries;
pub mod events;
pub(crate) mod idempotency;
pub mod listing;
pub mod names;
pub(crate) mod registry;
pub mod store;
pub(crate) mod token_repositories;
pub mod webhooks;
