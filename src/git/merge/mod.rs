//! Histories merged: texts, trees, commits, as `git merge-tree --write-tree` merges them.
//!
//! | file | what |
//! |---|---|
//! | `text` | three versions of a text |
//! | `tree` | three trees, with renames |
//! | `conflict` | what a merge could not decide |
pub mod conflict;
mod text;
pub mod tree;
