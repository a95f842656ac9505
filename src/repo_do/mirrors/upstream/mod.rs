//! A repository that follows another one elsewhere: its upstream
//! ([ADR 127](../../../../docs/adr/0127-a-mirror-fetches-what-changed.md)).
//!
//! | file | what |
//! |---|---|
//! | `serve` | the upstream set, shown and taken away; a sync asked for; the history |
//! | `shown` | the upstream and its syncs, as they are shown |
//! | `hook`, `signature` | the upstream's own webhook, which asks for a sync |
//! | `due` | when the next sync is due |
//! | `run` | the alarm: attempts, until a sync is over |
//! | `sync` | a sync under way: what it works with, whether it is still wanted |
//! | `attempt` | one attempt |
//! | `listing` | the upstream's refs compared with those here, as they come |
//! | `negotiate` | what to ask for, and what is here |
//! | `judge` | which changes of refs are made |
//! | `publish` | the one transaction that makes them |
//!
//! A row of `upstream_sync` says that a sync is to be done, and is enough to go on with after the object
//! was evicted or killed at any point. What a sync changes, and its end, is one transaction.

mod attempt;
pub(crate) mod due;
pub(crate) mod hook;
mod judge;
mod listing;
mod negotiate;
mod publish;
mod run;
pub(crate) mod serve;
pub(crate) mod shown;
mod signature;
mod sync;

pub(crate) use run::run;
