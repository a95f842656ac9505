//! A repository that follows another one elsewhere: its upstream
//! ([ADR 127](../../../../docs/adr/0127-a-mirror-fetches-what-changed.md)).
//!
//! | file | what |
//! |---|---|
//! | `serve` | sets, shows and removes the upstream; requests syncs; lists the history |
//! | `shown` | the upstream and its syncs, for REST |
//! | `hook`, `signature` | the upstream's own webhook, which requests a sync |
//! | `due` | the time of the next sync |
//! | `run` | the alarm: attempts, until a sync is over |
//! | `sync` | a sync under way: its inputs, and whether it may still publish |
//! | `attempt` | one attempt |
//! | `listing` | compares the upstream's refs with those here, as they come |
//! | `negotiate` | the objects to request, and the commits that are here |
//! | `judge` | judges which changes of refs a sync makes |
//! | `publish` | the one transaction that makes the changes |
//!
//! A row of `upstream_sync` records a requested sync. The row alone suffices to go on after the object
//! was evicted or killed at any point. One transaction holds both the changes of a sync and its end.

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
