//! The REST face. [`dispatch`] names the file that answers; each of those has one resource and its
//! steps in the objects.
//!
//! | module | what it is |
//! |---|---|
//! | [`body`], [`parameters`], [`content_query`] | bodies and queries, read strictly |
//! | [`resources`] | resources as REST shows them |
//! | [`content`] | a repository's content, handed through from its object |
//! | [`idempotency`] | a POST that was sent before gets its first answer again |
//! | [`openapi`] | the description of the REST face |

pub mod body;
pub mod bundles;
pub mod content;
pub mod content_query;
pub mod dispatch;
pub mod forks;
pub mod idempotency;
pub mod imports;
pub mod namespaces;
pub mod openapi;
pub mod parameters;
pub mod purges;
pub mod recoveries;
pub mod relisting;
pub mod repos;
pub mod resources;
pub mod tokens;

mod making;
