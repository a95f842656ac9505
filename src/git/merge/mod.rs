//! Histories merged: texts, trees, commits, as `git merge-tree --write-tree` merges them.
//!
//! | file | what |
//! |---|---|
//! | `text` | three versions of a text |
//! | `tree` | three trees, with renames |
//! | `commits` | two commits, over all their merge bases |
//! | `conflict` | what a merge could not decide |

pub mod commits;
pub mod conflict;
mod text;
pub mod tree;
