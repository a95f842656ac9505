//! The index part of a stored pack: the position of each object.
//!
//! It has the contents of a pack's `.idx` and `.rev` files, and the facts about each entry that a
//! fetch would otherwise read from the pack: its kind, its size, its delta base. All numbers are
//! big-endian. 48 bytes an object:
//!
//! | section | bytes | what |
//! |---|---|---|
//! | header | 20 | `CIDX`, version, objects, external bases, surplus copies: 4 bytes each |
//! | fan-out | 256 × 4 | how many ids start with a byte up to this one |
//! | ids | 20 an object | sorted |
//! | positions | 4 an object | of each id's entry, in the order of the ids |
//! | rows | 24 an object | by position: see [`Row`] |
//! | external bases | 20 each | ids |
//!
//! A row: the entry's offset (5 bytes), its depth (2), its kind (1), its stored bytes, its
//! content's size, its base and its index position (4 each). The base is a
//! position, or [`NO_BASE`](super::entries::NO_BASE), or with the highest bit set the number of an
//! external base.
//!
//! A pack may hold an object more than once. Then a search finds the first copy, and the header
//! counts the surplus ones.

mod build;
mod compare;
mod format;
mod paged;
mod scanned;
mod sections;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use build::IndexRows;
pub use build::{IndexBuilder, IndexError};
pub(crate) use compare::{CHECK_STEP_ENTRIES, Compared, IndexCompare};
pub(crate) use paged::{PagedError, PagedIndex, RowRun};
pub(crate) use scanned::ScannedIndex;
pub use sections::rows;
pub use view::{PackIndex, Row};
