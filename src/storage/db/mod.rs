//! A SQLite database as this code sees it: the port, its adapters, and the code that all schemas
//! share.
//!
//! | module | what it is |
//! |---|---|
//! | [`sql`], [`row`], [`sql_error`] | the port: a synchronous SQLite database |
//! | [`do_sql`] | the port on a Durable Object's own database; the only file here that knows the platform |
//! | [`rusqlite_db`] | the port on SQLite itself, for tests and benchmarks |
//! | [`schema`] | makes new databases and migrates older ones |
//! | [`sql_file`] | the files of `migrations/`, without their comments |
//! | [`cache`] | chunks and parts kept in the isolate's memory |
//! | [`unchanged`] | values read from single rows, held until something is written |

pub(crate) mod cache;
pub(crate) mod do_sql;
pub mod row;
#[cfg(not(target_family = "wasm"))]
pub mod rusqlite_db;
pub mod schema;
pub mod sql;
pub mod sql_error;
pub(crate) mod sql_file;
pub(crate) mod unchanged;

#[cfg(test)]
#[path = "../../../tests/contract/faulty.rs"]
pub(crate) mod faulty;
