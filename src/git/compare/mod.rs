//! The differences between two trees, two commits, two texts.
//!
//! | file | what |
//! |---|---|
//! | `paths` | limits by path |
//! | `tree` | the files that differ between two trees |
//! | `score`, `similarity` | how much of one content another one has |
//! | `renames` | deleted and created files that are one file, renamed |
//! | `text` | the lines that differ between two texts |
//! | `whitespace` | those that differ beside white space |
//! | `words` | the words that differ within those lines |
//! | `hunks` | those lines with the ones around them |
//! | `content` | the content of a file: text, binary, too large |
//! | `patch`, `unified` | patches as `git diff` prints them |
//! | `file_diff` | one file compared, as data |
//! | `history` | merge bases; the commits that one side has alone |
//! | `mail`, `stat`, `wrap` | a commit as `git format-patch` makes a mail of it |
//! | `binary` | contents of binary files in a patch |
//! | `quote`, `abbreviate` | paths and ids as git prints them |
//!
//! Invariants:
//! - Real git is the oracle: each answer equals git's, ties and limits included.
//! - Each step can be taken again: at a cold chunk a machine loses no state.
//! - The memory of a machine has a bound that does not depend on the repository.

pub mod abbreviate;
mod binary;
mod content;
mod error;
pub mod file_diff;
pub mod history;
pub mod hunks;
pub mod mail;
pub mod patch;
pub mod paths;
pub mod quote;
pub mod renames;
mod score;
mod similarity;
pub mod stat;
pub mod text;
pub mod tree;
mod unified;
mod whitespace;
pub mod words;
mod wrap;

pub use error::CompareError;
