//! What the object remembers between two requests, in memory; and the errors of its upkeep.
//!
//! | file | what |
//! |---|---|
//! | `store` | the type of the repository's store |
//! | `alarm_time` | when the alarm rings |
//! | `busy` | whether maintenance is being done |
//! | `turn` | who copies packs to R2 now |
//! | `growing` | whether a fork grows here |
//! | `running`, `import` | whether an import or a recovery is at work; how far the import has come |
//! | `readers` | who reads packs now |
//! | `graph_cache`, `reach_cache` | the commit graph; what the refs and the reflog reach |
//! | `caches`, `tables` | all caches of the isolate; memory for large tables, which caches yield to |
//! | `rates` | how many requests the repository takes |
//! | `seen_tokens` | whose tokens its namespace admitted |
//! | `fetch_extensions` | what is offered for `fetch` beyond git's own list |
//! | `failure` | why upkeep fails |

pub mod alarm_time;
pub mod busy;
mod caches;
pub mod failure;
pub mod fetch_extensions;
pub mod graph_cache;
pub mod growing;
pub mod import;
pub mod rates;
pub mod reach_cache;
pub mod readers;
pub mod running;
pub mod seen_tokens;
pub mod store;
pub mod tables;
pub mod turn;
