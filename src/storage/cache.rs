//! Chunks and parts of packs kept in the isolate's memory, shared by all objects that live in
//! it: the bound is on their sum, however many objects the platform puts together.
//!
//! Both kinds are immutable, so nothing here ever goes stale while its key is not used again.
//! A [`Lease`] sees to that: its number is never given twice, and what was cached under it goes
//! when it is dropped. A pack's id is never used again within a repository.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use crate::git::store::{PackId, Part, Pieces};

/// Bytes of parts that an isolate keeps.
pub const PART_BYTES_MAX: usize = 24 << 20;

/// Bytes of chunks that an isolate keeps.
pub const CHUNK_CACHE_BYTES_MAX: usize = 4 << 20;

/// What is cached: a part, or a chunk by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Piece {
    /// A part of a pack, whole.
    Part(Part),
    /// A chunk of a pack.
    Chunk(u32),
}

type Key = (u64, PackId, Piece);

thread_local! {
    static NEXT_LEASE: Cell<u64> = const { Cell::new(1) };
    static PARTS: RefCell<Lru> = RefCell::new(Lru::new(PART_BYTES_MAX));
    static CHUNKS: RefCell<Lru> = RefCell::new(Lru::new(CHUNK_CACHE_BYTES_MAX));
}

/// One open repository's share of the cache, emptied when dropped.
#[derive(Debug)]
pub struct Lease(u64);

impl Lease {
    /// A share that is empty.
    pub fn new() -> Self {
        Self(NEXT_LEASE.with(|next| next.replace(next.get().wrapping_add(1))))
    }

    /// What is cached, now the most recently used.
    pub fn get(&self, pack_id: PackId, piece: Piece) -> Option<Pieces> {
        with(piece, |lru| lru.get((self.0, pack_id, piece)))?
    }

    /// Keeps `bytes`, at the cost of what was not used for longest.
    pub fn put(&self, pack_id: PackId, piece: Piece, bytes: Pieces) {
        with(piece, |lru| {
            lru.put((self.0, pack_id, piece), bytes);
        });
    }

    /// Forgets a pack that was removed.
    pub fn forget_pack(&self, pack_id: PackId) {
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

/// Bytes that the isolate holds, of parts and of chunks.
pub fn cached_bytes() -> (usize, usize) {
    let bytes = |piece| with(piece, |lru| lru.bytes).unwrap_or(0);
    (bytes(Piece::Part(Part::Index)), bytes(Piece::Chunk(0)))
}

fn forget(goes: impl Fn(&Key) -> bool) {
    for piece in [Piece::Part(Part::Index), Piece::Chunk(0)] {
        with(piece, |lru| lru.forget(&goes));
    }
}

/// The cache of the piece's kind; `None` while the thread ends or the cache is in use.
fn with<T>(piece: Piece, act: impl FnOnce(&mut Lru) -> T) -> Option<T> {
    let which = match piece {
        Piece::Part(_) => &PARTS,
        Piece::Chunk(_) => &CHUNKS,
    };
    which
        .try_with(|lru| lru.try_borrow_mut().ok().map(|mut lru| act(&mut lru)))
        .ok()?
}

/// Least recently used goes first.
#[derive(Debug)]
struct Lru {
    bytes_max: usize,
    bytes: usize,
    clock: u64,
    entries: HashMap<Key, (u64, Pieces)>,
    by_use: BTreeMap<u64, Key>,
}

impl Lru {
    fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            clock: 0,
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
        }
    }

    fn get(&mut self, key: Key) -> Option<Pieces> {
        let (used, bytes) = self.entries.get_mut(&key)?;
        self.clock = self.clock.wrapping_add(1);
        self.by_use.remove(used);
        self.by_use.insert(self.clock, key);
        *used = self.clock;
        Some(bytes.clone())
    }

    fn put(&mut self, key: Key, bytes: Pieces) {
        self.remove(&key);
        if bytes.held_bytes() > self.bytes_max {
            return;
        }
        self.clock = self.clock.wrapping_add(1);
        self.bytes = self.bytes.saturating_add(bytes.held_bytes());
        self.entries.insert(key, (self.clock, bytes));
        self.by_use.insert(self.clock, key);
        while self.bytes > self.bytes_max
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some((used, bytes)) = self.entries.remove(key) {
            self.by_use.remove(&used);
            self.bytes = self.bytes.saturating_sub(bytes.held_bytes());
        }
    }

    fn forget(&mut self, goes: impl Fn(&Key) -> bool) {
        let keys: Vec<Key> = self
            .entries
            .keys()
            .filter(|key| goes(key))
            .copied()
            .collect();
        for key in keys {
            self.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;

    fn bytes(count: usize) -> Pieces {
        Rc::new(vec![0; count]).into()
    }

    fn key(number: u32) -> Key {
        (1, PackId(1), Piece::Chunk(number))
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut lru = Lru::new(30);
        for number in 0..3 {
            lru.put(key(number), bytes(10));
        }
        assert!(lru.get(key(0)).is_some());
        lru.put(key(3), bytes(10));
        let kept: Vec<bool> = (0..4)
            .map(|number| lru.get(key(number)).is_some())
            .collect();
        assert_eq!(kept, [true, false, true, true]);
        assert_eq!((lru.bytes, lru.by_use.len()), (30, 3));
    }

    #[test]
    fn what_exceeds_the_bound_is_not_kept() {
        let mut lru = Lru::new(30);
        lru.put(key(0), bytes(10));
        lru.put(key(1), bytes(31));
        assert!(lru.get(key(0)).is_some() && lru.get(key(1)).is_none());
        lru.put(key(0), bytes(31));
        assert_eq!((lru.bytes, lru.entries.len(), lru.by_use.len()), (0, 0, 0));
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
