//! The commit that each line of a file comes from, as `git blame` finds it (git's `blame.c`).
//!
//! | file | what |
//! |---|---|
//! | `walk` | lines passed from commits to their parents |
//! | `parents` | the file in each parent of a commit, under its own name or another |
//! | `runs` | runs of lines, and what a difference makes of them |
//! | `text` | the versions of the file |
//! | `error` | why it ends early |
//!
//! Invariants:
//! - Real git is the oracle: each line has the commit, the path and the number that git names, renames
//!   of whole files included.
//! - Children come before their parents, by generation. So all lines that a file in a commit has to
//!   answer for are there when it is looked at, and it is compared with each parent once.
//! - The memory follows the file's lines and the commits at which lines stand, never the history.

mod error;
mod parents;
mod runs;
mod text;
mod walk;

pub use error::BlameError;
pub use runs::Run;
pub use text::{line_count, text_bytes};
pub use walk::{Blame, Blamed, FileAt};
