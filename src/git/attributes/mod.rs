//! `.gitattributes`: which attributes paths have (<https://git-scm.com/docs/gitattributes>).
//!
//! | module | what it is |
//! |---|---|
//! | [`file`] | one file, read line by line as git reads it from a tree |
//! | [`pattern`] | whether a pattern matches a path |
//! | [`lookup`] | the files of a tree together: the state of one attribute |
//! | `stack` | the files on the way of a walk: the states of several |
//!
//! Attributes come from the tree alone: `$GIT_DIR/info/attributes` and the files of a user or a
//! system are of a clone, which a server does not have.

pub mod file;
pub mod lookup;
mod pattern;
pub(crate) mod stack;

pub use file::AttributesFile;
pub use lookup::{Lookup, State};

/// The file in which a directory's attributes stand.
pub const FILE_NAME: &[u8] = b".gitattributes";
