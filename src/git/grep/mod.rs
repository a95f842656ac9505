//! Lines that match a pattern, as `git grep -E` finds them.
//!
//! | file | what |
//! |---|---|
//! | `ere` | POSIX extended regular expressions, read as the C library reads them |
//! | `bracket` | their bracket expressions |
//! | `reader` | the characters of a pattern, and its errors |
//! | `pattern` | a pattern, ready to search |
//! | `lines` | the lines of a content that match, and those around them |
//!
//! Invariants:
//! - Real git is the oracle. Patterns that this engine could not match as git does are refused.
//! - A search takes time that is linear in the text it looks at: the automaton has no way back.

mod bracket;
mod ere;
mod lines;
mod pattern;
mod reader;

pub use lines::{Grepped, Lines, grep};
pub use pattern::{Pattern, PatternError};
pub use reader::EreError;
