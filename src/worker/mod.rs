//! The edge: stateless. It routes by name, authenticates, forwards to the objects and answers REST.
//!
//! | module | what it is |
//! |---|---|
//! | [`entry`] | the fetch handler: every request gets one answer, even after a fault |
//! | [`git`] | Git's smart HTTP, streamed through to the repository's object |
//! | [`lfs`] | Git LFS: batches, objects pumped to R2 and from it, locks |
//! | [`bundle_uri`] | the list of bundles in R2, and their bytes, streamed from there |
//! | [`ready`] | a ready clone, streamed from R2 to the client |
//! | [`durable`] | the common modules of the objects of namespaces and webhooks |
//! | [`rest`] | the REST resources: requests and answers |
//! | [`namespace`] | the objects of namespaces and the registry: contract, calls, the objects themselves |
//! | [`webhooks`] | the objects of webhooks: delivering, retrying |
//! | [`visit`], [`fault`] | the state of one request; the way out when something of ours fails |
//! | [`admission`] | early refusals before an object is called |
//! | [`call`], [`objects`] | a call of a Durable Object; which object gets it |
//! | [`wake`], [`known_names`] | whether there is anything to call, where a call leaves a file |
//! | [`places`] | in which jurisdictions namespaces are kept |
//! | [`random`] | randomness, from the platform |
//! | [`smart_http`] | the frame of git requests: services, content types |
//! | [`target`], [`route`], [`names`] | a URL in its parts; the resource of a path |
//! | [`neighbours`] | the answer to paths that other hosts serve beside Git |
//! | [`drain`] | bodies of git requests that the Worker refuses |
//! | [`public_url`], [`cross_site`], [`cors`], [`listed_pages`] | under which URL it is reached; what pages of others may not do; which may |
//! | [`credentials`], [`token`], [`grant`], [`grants`] | the caller; a token as KV records it |
//! | [`signed`] | signed tokens: their form, their issuers and keys, what their claims open |
//! | [`front_page`] | `GET /` |
//! | [`metrics`] | `GET /metrics`: what the deployment knows of itself |
//! | [`outward`] | requests to servers of others |
//! | [`told`] | errors as each face tells them |
//! | [`session`] | somebody signed in to the pages |
//! | [`pages`] | the pages of repositories, and the files that they load |
//! | [`limits`] | requests to a namespace, counted by the platform |
//! | [`read_only`] | a deployment that takes no writes |
//! | [`request_log`] | request ids, log lines, timings |
//! | [`envelope`], [`reply`], [`redirect`] | answers before they become responses |
//! | [`id`], [`time`] | ids from random bytes; times as text |
//!
//! Invariants:
//! - Only [`entry`], [`listed_pages`], [`visit`], [`fault`], [`admission`], [`grants`], [`git`], [`lfs`], [`bundle_uri`], [`drain`], [`ready`],
//!   [`call`], [`objects`], [`wake`], [`random`], [`namespace::directory`], [`namespace::object`], [`webhooks`] but for its
//!   rules, [`metrics::answer`], [`metrics::sql_api`], [`outward`], [`signed::crypto`], [`signed::key_set`], [`signed::verify`], [`session::kept`], [`session::identify`], and the handlers in [`rest`] know the platform; the rest is tested natively.
//! - Nothing is shared between requests but names that are known to be taken ([`wake`]), the jurisdictions of
//!   namespaces ([`objects`]) and the public keys of
//!   issuers ([`signed::key_cache`], [`signed::known_issuers`]), which are data alone: no locks, no futures. A future woken by another request is a fault of the platform's ("I/O on behalf of a
//!   different request").
//! - Bodies of git requests and answers are never read here, except those that [`drain`] drops.
//! - The Worker refuses only requests that the object would refuse too; only the object allows one.

#![warn(unreachable_pub)]

pub(crate) mod admission;
mod artifacts;
mod bundle_uri;
pub(crate) mod call;
pub(crate) mod compression;
pub(crate) mod cors;
mod credentials;
pub(crate) mod cross_site;
pub(crate) mod drain;
pub(crate) mod durable;
pub(crate) mod entry;
pub(crate) mod envelope;
pub(crate) mod fault;
pub(crate) mod front_page;

pub(crate) mod git;
pub(crate) mod grant;
pub(crate) mod grants;
pub(crate) mod html;
pub(crate) mod id;
pub(crate) mod known_names;
pub(crate) mod lfs;
pub(crate) mod limits;
pub(crate) mod links;
pub(crate) mod listed_pages;
pub(crate) mod metrics;
pub(crate) mod names;
pub(crate) mod namespace;
pub(crate) mod neighbours;
pub(crate) mod objects;
pub(crate) mod outward;
pub(crate) mod pages;
pub(crate) mod places;
pub(crate) mod public_url;
pub(crate) mod random;
pub(crate) mod read_only;
pub(crate) mod ready;
pub(crate) mod redirect;
pub(crate) mod reply;
pub(crate) mod request_log;
pub(crate) mod rest;
pub(crate) mod route;
pub(crate) mod session;
pub(crate) mod signed;
pub(crate) mod smart_http;
pub(crate) mod target;
pub(crate) mod time;
pub(crate) mod token;
pub(crate) mod told;
pub(crate) mod visit;
pub(crate) mod wake;
pub(crate) mod webhooks;

pub use namespace::object::NamespaceDo;
pub use webhooks::object::WebhookDo;
