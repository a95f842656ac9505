//! The adapters: everything that is SQL, and the ports behind which it stands.
//!
//! | module | what it is |
//! |---|---|
//! | [`db`] | the port to a SQLite database, its adapters, its schemas, what is held of it in memory |
//! | [`repository`] | the database of one repository |
//! | [`namespace`] | the database of a namespace, and of the registry that lists the namespaces |
//! | [`network`] | the database of a fork network |
//! | [`webhook`] | a webhook's definition, and the database of its object |
//! | [`event`], [`event_payload`] | events, as the databases of repositories and namespaces keep them |
//! | [`event_feed`] | reading that in its order |
//! | [`r2`] | R2: the port, its adapter, the keys, the record from which a repository is recovered |
//! | [`jurisdiction`] | where data may be kept, and the bindings that keep it there; the only file here that knows the platform's |
//! | [`kv`] | small JSON values in Workers KV; the only file here that knows it |
//! | [`analytics`] | a data point a request; the only file here that knows Analytics Engine |
//! | [`fault_log`], `time` | the log's lines about faults; times as JSON shows them |
//!
//! Invariants of this layer:
//! - SQL text stands here and in `migrations/` only; every query is one constant string.
//! - Nothing here awaits: code between two awaits of the shell is atomic.
//! - No HTTP, no clock of its own (times are unix milliseconds, handed in).
//! - A database into which no repository was created stays empty.

#![warn(unreachable_pub)]

pub(crate) mod analytics;
pub mod db;
pub mod event;
pub mod event_feed;
pub mod event_payload;
pub(crate) mod fault_log;
pub(crate) mod jurisdiction;
pub(crate) mod kv;
pub mod namespace;
pub mod network;
pub mod r2;
pub mod repository;
pub(crate) mod time;
pub mod webhook;
