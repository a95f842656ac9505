//! Unified patches with git's extended headers, applied to a tree as `git apply --index -p1` applies
//! them to an index: each hunk where its lines are, perhaps at another line number, never with fuzz.
//!
//! | file | what |
//! |---|---|
//! | `names` | the paths in a patch's headers, quoted or not |
//! | `timestamp` | the dates that other programs put behind a path |
//! | `header` | the headers of one file |
//! | `hunk` | hunks read |
//! | `binary` | `GIT binary patch` |
//! | `parse` | a whole patch, file by file |
//! | `image` | the lines of a file, and where a hunk fits |
//! | `table` | the state of each path while a patch is applied |
//! | `paths` | the entry at a path of the tree |
//! | `one_file` | the part for one file, applied to it |
//! | `apply` | a patch applied: the changes of a tree |
//! | `error` | why a patch is refused |
//!
//! Invariants:
//! - All or nothing: a patch of which one hunk does not apply changes nothing.
//! - A patch that git refuses is refused. Three that git takes are refused as well
//!   ([ADR 70](../../../docs/adr/0070-patches-by-code-of-our-own.md)).
//! - The work is bounded: lines compared are counted.

pub mod apply;
mod binary;
pub mod error;
mod header;
mod hunk;
mod image;
mod names;
mod one_file;
mod parse;
mod paths;
mod table;
mod timestamp;
