//! Histories merged: texts, trees, commits, as `git merge-tree --write-tree` merges them.
//!
//! | file | what |
//! |---|---|
//! | `text` | three versions of a text |
//! | `tree` | three trees, with renames |
//! | `commits` | two commits, over all their merge bases |
//! | `replay` | the change of one commit made once more, or taken back |
//! | `marked` | a conflicted file, for who has to decide |

pub mod commits;
pub mod marked;
pub mod replay;
mod text;
pub mod tree;
