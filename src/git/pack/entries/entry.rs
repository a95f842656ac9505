//! One entry of an incoming pack.

use gix_hash::ObjectId;

use super::super::super::object::ObjectKind;

/// The base of an entry's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Base {
    /// Nothing: the object is stored whole.
    None,
    /// The entry at this position of the same pack.
    Position(u32),
    /// An object of another pack: number in `EntryTable::external_bases`.
    External(u32),
}

/// In place of a base, in four bytes: the entry is stored whole.
pub(crate) const NO_BASE: u32 = u32::MAX;
/// The base is the external base with the number in the other bits.
pub(crate) const EXTERNAL_BASE: u32 = 1 << 31;

impl Base {
    /// In four bytes, as an index has it.
    pub(crate) fn word(self) -> u32 {
        match self {
            Self::None => NO_BASE,
            Self::Position(position) => position,
            Self::External(number) => EXTERNAL_BASE | number,
        }
    }

    /// The base that [`Self::word`] has written.
    pub(crate) fn of_word(word: u32) -> Self {
        match word {
            NO_BASE => Self::None,
            word if word & EXTERNAL_BASE != 0 => Self::External(word & !EXTERNAL_BASE),
            position => Self::Position(position),
        }
    }
}

/// One entry, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The object's id; null until it is resolved.
    pub id: ObjectId,
    /// Offset of the entry in the pack, at its header.
    pub offset: u64,
    /// Bytes of the entry as stored, its header included.
    pub stored_bytes: u32,
    /// Bytes of the object's content (once resolved), below 4 GiB by the limits.
    pub size_bytes: u32,
    /// The object's kind; `None` until it is resolved.
    pub kind: Option<ObjectKind>,
    /// Links of the delta chain down to a whole object: 0 for a whole object. External bases count
    /// with their own depth.
    pub depth: u16,
    /// Its base.
    pub base: Base,
}
