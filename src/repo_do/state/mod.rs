//! What the object remembers between two requests, in memory; and the errors of its upkeep.
//!
//! | file | what |
//! |---|---|
//! | `store` | the type of the repository's store |
//! | `alarm_time` | when the alarm rings |
//! | `turn` | work that is done once at a time |
//! | `import` | the import at work, and how far it has come |
//! | `readers` | who reads packs now |
//! | `graph_cache`, `reach_cache` | the commit graph; what the refs and the reflog reach |
//! | `caches`, `tables` | all caches of the isolate; memory for large tables, which caches yield to |
//! | `rates` | how many requests the repository takes |
//! | `seen_tokens` | whose tokens its namespace admitted |
//! | `fetch_extensions` | what is offered for `fetch` beyond git's own list |
//! | `failure` | why upkeep fails |

pub mod alarm_time;
mod caches;
pub mod failure;
pub mod fetch_extensions;
pub mod graph_cache;
pub mod import;
pub mod rates;
pub mod reach_cache;
pub mod readers;
pub mod seen_tokens;
pub mod store;
pub mod tables;
pub mod turn;
