//! The last phase of an import: objects of Git LFS that the imported refs name
//! ([ADR 81](../../../../../docs/adr/0081-imports-and-merges-take-lfs-objects-along.md)).
//!
//! | file | what |
//! |---|---|
//! | `phase` | the steps: pointers found, objects taken page by page, the report |
//! | `page` | one page: the remote asked, its objects taken |
//! | `batch` | the question to the remote and its answer, without I/O |
//! | `remote` | the remote's LFS server over HTTP |
//! | `config` | `.lfsconfig`, which may name another server |
//!
//! From this phase on the import cannot fail: a failure ends it with a report of the missing objects. The
//! rows of `import_lfs` are the work that is left.

mod batch;
mod config;
mod page;
mod phase;
mod remote;
