//! Chunks and parts of packs kept in the isolate's memory, shared by all objects that live in
//! it: the bound is on their sum, however many objects the platform puts together.
//!
//! Both kinds are immutable, so nothing here ever goes stale while its key is not used again.
//! A [`Lease`] sees to that: its number is never given twice, and its cache entries go when it is dropped. A
//! pack's id is never used again within a repository.

use std::cell::{Cell, RefCell};

use crate::git::store::{PackId, Part, Pieces};

mod lru;

pub(crate) use lru::Lru;

/// Bytes of parts that an isolate keeps.
pub(crate) const PART_BYTES_MAX: usize = 24 << 20;

/// Bytes of chunks that an isolate keeps.
pub(crate) const CHUNK_CACHE_BYTES_MAX: usize = 4 << 20;

/// The key of a cache entry: a part or the ranges read of it, or a chunk by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Piece {
    /// A part of a pack, whole.
    Part(Part),
    /// The ends of the rows of a part.
    PartRowEnds(Part),
    /// A range of a part, by its start.
    PartRange(Part, u64),
    /// A chunk of a pack.
    Chunk(u32),
}

type Key = (u64, PackId, Piece);

thread_local! {
    static NEXT_LEASE: Cell<u64> = const { Cell::new(1) };
    static PARTS: RefCell<Lru<Key, Pieces>> = RefCell::new(Lru::new(PART_BYTES_MAX));
    static CHUNKS: RefCell<Lru<Key, Pieces>> = RefCell::new(Lru::new(CHUNK_CACHE_BYTES_MAX));
}

/// One open repository's share of the cache, emptied when dropped.
#[derive(Debug)]
pub(crate) struct Lease(u64);

impl Lease {
    /// A share that is empty.
    pub(crate) fn new() -> Self {
        Self(NEXT_LEASE.with(|next| next.replace(next.get().wrapping_add(1))))
    }

    /// Gives a cached piece and makes it the most recently used.
    pub(crate) fn get(&self, pack_id: PackId, piece: Piece) -> Option<Pieces> {
        with(piece, |lru| lru.get(&(self.0, pack_id, piece)))?
    }

    /// Keeps `bytes`, at the cost of the least recently used entries.
    pub(crate) fn put(&self, pack_id: PackId, piece: Piece, bytes: Pieces) {
        with(piece, |lru| {
            let held_bytes = bytes.held_bytes();
            lru.put((self.0, pack_id, piece), bytes, held_bytes);
        });
    }

    /// Forgets the ranges of a part that will be held whole.
    pub(crate) fn forget_ranges(&self, pack_id: PackId, part: Part) {
        let is_range = |piece| matches!(piece, Piece::PartRange(of, _) if of == part);
        with(Piece::Part(part), |lru| {
            lru.forget(|key| key.0 == self.0 && key.1 == pack_id && is_range(key.2));
        });
    }

    /// Forgets a pack that was removed.
    pub(crate) fn forget_pack(&self, pack_id: PackId) {
        forget(|key| key.0 == self.0 && key.1 == pack_id);
    }
}

impl Default for Lease {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        forget(|key| key.0 == self.0);
    }
}

/// Keeps so many bytes less of either than may be kept, for an operation that needs the room now;
/// later there may be as much as before.
pub(crate) fn make_room(bytes: usize) {
    for piece in [Piece::Part(Part::Index), Piece::Chunk(0)] {
        with(piece, |lru| {
            lru.make_room(bytes);
        });
    }
}

/// Bytes that the isolate holds, of parts and of chunks.
pub(crate) fn cached_bytes() -> (usize, usize) {
    let bytes = |piece| with(piece, |lru| lru.bytes()).unwrap_or(0);
    (bytes(Piece::Part(Part::Index)), bytes(Piece::Chunk(0)))
}

fn forget(goes: impl Fn(&Key) -> bool) {
    for piece in [Piece::Part(Part::Index), Piece::Chunk(0)] {
        with(piece, |lru| lru.forget(&goes));
    }
}

/// The cache of the piece's kind; `None` while the thread ends or the cache is in use.
fn with<T>(piece: Piece, act: impl FnOnce(&mut Lru<Key, Pieces>) -> T) -> Option<T> {
    let which = match piece {
        Piece::Part(_) | Piece::PartRowEnds(_) | Piece::PartRange(..) => &PARTS,
        Piece::Chunk(_) => &CHUNKS,
    };
    which
        .try_with(|lru| lru.try_borrow_mut().ok().map(|mut lru| act(&mut lru)))
        .ok()?
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn bytes(count: usize) -> Pieces {
        Rc::new(vec![0; count]).into()
    }

    #[test]
    fn a_lease_sees_its_own_and_leaves_nothing() {
        let before = cached_bytes();
        let (one, other) = (Lease::new(), Lease::new());
        one.put(PackId(1), Piece::Part(Part::Index), bytes(10));
        one.put(PackId(1), Piece::Chunk(1), bytes(20));
        one.put(PackId(2), Piece::Chunk(1), bytes(40));
        assert!(other.get(PackId(1), Piece::Part(Part::Index)).is_none());
        one.forget_pack(PackId(1));
        assert!(one.get(PackId(1), Piece::Chunk(1)).is_none());
        assert!(one.get(PackId(2), Piece::Chunk(1)).is_some());
        drop(one);
        assert_eq!(cached_bytes(), before);
    }
}
