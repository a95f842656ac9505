//! What differs between two trees, two commits, two texts.
//!
//! | file | what |
//! |---|---|
//! | `paths` | limits by path |
//! | `tree` | the files that differ between two trees |
//! | `similarity` | how much of one content another one has |
//! | `renames` | deleted and created files that are one file, renamed |
//!
//! Invariants:
//! - Real git is the oracle: each answer is what git answers, ties and limits included.
//! - Each step can be taken again: where a chunk is cold nothing of a machine's state is lost.
//! - What a machine holds has a bound that does not depend on the repository.

mod error;
pub mod paths;
pub mod renames;
mod similarity;
pub mod tree;

pub use error::CompareError;
