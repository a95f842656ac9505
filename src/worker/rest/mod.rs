//! The REST face. [`dispatch`] names the file that answers; each of those has one resource and its
//! steps in the objects.
//!
//! | module | what it is |
//! |---|---|
//! | [`body`], [`parameters`], [`content_query`] | bodies and queries, read strictly |
//! | [`resources`] | resources as REST shows them |
//! | [`content`] | a repository's content, handed through from its object |
//! | [`events`] | feeds of events, handed through from the objects |
//! | `places` | namespaces that are kept in a jurisdiction |
//! | [`renaming`] | another name for a repository |
//! | [`writes`] | changes of a repository, handed through to its object |
//! | [`usage`] | the usage of a namespace |
//! | [`idempotency`] | a POST that was sent before gets its first answer again |
//! | [`session`] | signing in to the pages, and out of them |
//! | [`sync_fork`] | a fork that takes over what its source has by now |
//! | [`signed`] | signed tokens revoked |
//! | [`upstreams`] | the repository that one follows, and its syncs |
//! | [`webhooks`] | webhooks and their deliveries |
//! | [`openapi`] | the description of the REST face |

pub(crate) mod audit;
pub(crate) mod body;
pub(crate) mod bundles;
pub(crate) mod content;
pub(crate) mod content_query;
mod deleted;
pub(crate) mod dispatch;
mod downstreams;
pub(crate) mod events;
pub(crate) mod forks;
pub(crate) mod idempotency;
pub(crate) mod imports;
mod media_type;
pub(crate) mod namespaces;
pub(crate) mod openapi;
mod other_repository;
pub(crate) mod parameters;
mod places;
pub(crate) mod purges;
pub(crate) mod recoveries;
pub(crate) mod relisting;
pub(crate) mod renaming;
pub(crate) mod repos;
pub(crate) mod resources;
pub(crate) mod session;
pub(crate) mod signed;
mod sync_fork;
pub(crate) mod tokens;
pub(crate) mod upstreams;
pub(crate) mod usage;
pub(crate) mod webhooks;
pub(crate) mod writes;

mod making;
