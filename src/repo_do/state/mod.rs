//! The object's memory between two requests, and the errors of its upkeep.
//!
//! | file | what |
//! |---|---|
//! | `store` | the type of the repository's store |
//! | `alarm_time` | when the alarm rings |
//! | `outbox` | events that arrive, and their hand-over to the namespace |
//! | `snapshot_settings` | when packs go to R2, and when a clone is kept ready |
//! | `turn` | work that only one task does at a time |
//! | `downstreams` | pushes to other repositories that are under way |
//! | `import` | the import at work, and how far it has come |
//! | `upstream` | the sync with the upstream at work |
//! | `readers` | who reads packs now |
//! | `running_requests` | requests under way that are done once |
//! | `graph_cache`, `reach_cache` | the commit graph; what the refs and the reflog reach |
//! | `answer_cache` | answers that took a walk over a history |
//! | `caches`, `tables` | all caches of the isolate; memory for large tables, which caches yield to |
//! | `room_claims` | claims on the namespace's bytes |
//! | `rates` | rate limits of the repository |
//! | `seen_tokens` | the namespace's answers about tokens |
//! | `fetch_counts` | how often it was cloned and fetched from since that was told |
//! | `usage_counts` | its use by day since that was told |
//! | `fetch_extensions` | capabilities of `fetch` beyond git's own list |
//! | `bundles` | the key of URLs of its bundle, and what the bundle has |
//! | `failure` | reasons for which upkeep fails |

pub(crate) mod alarm_time;
pub(crate) mod answer_cache;
pub(crate) mod bundles;
mod caches;
pub(crate) mod downstreams;
pub(crate) mod failure;
pub(crate) mod fetch_counts;
pub(crate) mod fetch_extensions;
pub(crate) mod graph_cache;
pub(crate) mod import;
pub(crate) mod outbox;
pub(crate) mod rates;
pub(crate) mod reach_cache;
pub(crate) mod readers;
pub(crate) mod room_claims;
pub(crate) mod running_requests;
pub(crate) mod seen_tokens;
pub(crate) mod snapshot_settings;
pub(crate) mod store;
pub(crate) mod tables;
pub(crate) mod turn;
pub(crate) mod upstream;
pub(crate) mod usage_counts;
