//! The adapters: everything that is SQL, and the ports behind which it stands.
//!
//! | module | what it is |
//! |---|---|
//! | [`sql`], [`row`], [`sql_error`] | the port: a synchronous SQLite database |
//! | [`do_sql`] | the port on a Durable Object's own database; the only file here that knows the platform |
//! | [`rusqlite_db`] | the port on SQLite itself, for tests and benchmarks |
//! | [`schema`] | applies `migrations/` in order |
//! | [`repository`] | [`repository::RepoStore`], one repository: its record and figures |
//! | [`packs`] | its packs: the engine's ports `PackStore` and `Quarantine` |
//! | [`refs`] | its refs, read |
//! | [`publication`], [`publish`] | its refs, changed: the one transaction that makes a push visible |
//! | [`reflog`] | what was changed, for people |
//! | [`imports`] | an import under way, and the edge of a history that is here in part |
//! | [`sweep`] | removal of what unfinished pushes left behind |
//! | [`tokens`] | tokens, of a repository or of a namespace |
//! | [`namespace`], [`listing`] | the repositories of a namespace: names reserved; listed |
//! | [`entries`] | what mending and deleting ask about its names |
//! | [`registry`] | the list of namespaces |
//! | [`kv`] | small JSON values in Workers KV; the only file here that knows it |
//! | [`cache`] | chunks and parts kept in the isolate's memory |
//!
//! Invariants of this layer:
//! - SQL text stands here and in `migrations/` only; every query is one constant string.
//! - Nothing here awaits: what runs between two awaits of the shell is atomic.
//! - Nothing of HTTP, no clock of its own (times are unix milliseconds, handed in).
//! - A database into which no repository was created stays empty.

pub mod cache;
pub mod do_sql;
pub mod entries;
pub mod imports;
pub mod kv;
pub mod listing;
pub mod namespace;
pub mod packs;
pub mod publication;
pub mod publish;
pub mod ref_page;
pub mod reflog;
pub mod refs;
pub mod registry;
pub mod repository;
pub mod row;
#[cfg(not(target_family = "wasm"))]
pub mod rusqlite_db;
pub mod schema;
pub mod sql;
pub mod sql_error;
pub mod sweep;
pub mod tokens;
