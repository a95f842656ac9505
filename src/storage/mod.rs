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
//! | [`part_rows`] | the rows of what is derived from a pack; deflated where it is cold |
//! | [`refs`] | its refs, read |
//! | `ref_case` | names that differ in case alone, found by a few look-ups |
//! | [`packed_refs`] | those that came with a fork, many in one row |
//! | [`publication`], [`publish`] | its refs, changed: the one transaction that makes a push visible |
//! | [`kept_refs`] | the list of refs, in memory from one request to the next |
//! | `kept` | the same of single rows, until something is written |
//! | [`reflog`] | what was changed, for people |
//! | [`imports`] | an import under way, and the edge of a history that is here in part |
//! | [`origin_report`] | what fsck warned of; what an import or a fork says about itself |
//! | [`sweep`] | removal of what unfinished pushes left behind |
//! | [`orphans`] | rows that nobody needs, and rows that are not there: counted |
//! | [`row_audit`] | rows of refs, reflog and tokens, read one by one for a verification |
//! | [`supersede`] | packs put in the place of others |
//! | [`runs`] | what maintenance has done |
//! | [`revisions`] | names that people give to commits |
//! | [`retention`] | what is kept for how long |
//! | [`life`], [`fork`] | the phases of its life; what a fork takes over |
//! | [`tokens`], [`namespace_tokens`] | tokens, of a repository or of a namespace; which repositories one of a namespace opens |
//! | [`namespace`], [`listing`] | the repositories of a namespace: names reserved; listed |
//! | [`entries`] | what mending and deleting ask about its names |
//! | [`idempotency`] | requests that are done once, and their answers |
//! | [`registry`] | the list of namespaces |
//! | [`network`] | a fork network: who names which packs in R2 |
//! | [`kv`] | small JSON values in Workers KV; the only file here that knows it |
//! | [`analytics`] | a data point a request; the only file here that knows Analytics Engine |
//! | [`bucket`] | the port to R2: objects under a key; the keys |
//! | [`r2`] | the port on R2 itself; the only file here that knows it |
//! | [`snapshots`] | which packs R2 holds, which are on their way, what it may forget |
//! | [`ready`] | the answer to a full clone, kept ready in R2 |
//! | [`record`], [`record_head`] | what a lost repository is made again from, beside its packs; whose it is |
//! | [`recovery`] | the record written, and a repository made again of one |
//! | [`cache`] | chunks and parts kept in the isolate's memory |
//!
//! Invariants of this layer:
//! - SQL text stands here and in `migrations/` only; every query is one constant string.
//! - Nothing here awaits: what runs between two awaits of the shell is atomic.
//! - Nothing of HTTP, no clock of its own (times are unix milliseconds, handed in).
//! - A database into which no repository was created stays empty.

pub mod analytics;
pub mod bucket;
pub mod cache;
pub mod do_sql;
pub mod entries;
pub mod fork;
pub mod idempotency;
pub mod imports;
mod kept;
pub mod kept_refs;
pub mod kv;
pub mod life;
pub mod listing;
pub mod namespace;
pub mod namespace_tokens;
pub mod network;
pub mod origin_report;
pub mod orphans;
pub mod packed_refs;
pub mod packs;
pub mod part_rows;
pub mod publication;
pub mod publish;
pub mod r2;
pub mod ready;
pub mod record;
pub mod record_head;
pub mod recovery;
mod ref_case;
pub mod ref_counts;
pub mod ref_page;
pub mod reflog;
pub mod refs;
pub mod registry;
pub mod repository;
pub mod retention;
pub mod revisions;
pub mod row;
pub mod row_audit;
pub mod runs;
#[cfg(not(target_family = "wasm"))]
pub mod rusqlite_db;
pub mod schema;
pub mod snapshots;
pub mod sql;
pub mod sql_error;
pub mod supersede;
pub mod sweep;
pub mod tokens;
