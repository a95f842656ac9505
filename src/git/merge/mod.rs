//! Histories merged: texts, trees, commits, as `git merge-tree --write-tree` merges them.
mod text;
