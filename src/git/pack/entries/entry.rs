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
