//! A cache in memory, bounded in bytes; the least recently used entry goes first.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

/// Values by key, with the bytes that each holds.
#[derive(Debug)]
pub(crate) struct Lru<K, V> {
    bytes_max: usize,
    bytes: usize,
    clock: u64,
    entries: HashMap<K, Entry<V>>,
    by_use: BTreeMap<u64, K>,
}

#[derive(Debug)]
struct Entry<V> {
    used: u64,
    value: V,
    bytes: usize,
}

impl<K: Copy + Eq + Hash, V: Clone> Lru<K, V> {
    /// Keeps nothing yet, and `bytes_max` at most.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            clock: 0,
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
        }
    }

    /// Bytes that are held.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Gives the value of a key and makes it the most recently used.
    pub(crate) fn get(&mut self, key: &K) -> Option<V> {
        let entry = self.entries.get_mut(key)?;
        self.clock = self.clock.wrapping_add(1);
        self.by_use.remove(&entry.used);
        self.by_use.insert(self.clock, *key);
        entry.used = self.clock;
        Some(entry.value.clone())
    }

    /// Keeps a value in place of the key's former one, if it fits at all.
    pub(crate) fn put(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        if bytes > self.bytes_max {
            return;
        }
        self.clock = self.clock.wrapping_add(1);
        let used = self.clock;
        self.bytes = self.bytes.saturating_add(bytes);
        self.entries.insert(key, Entry { used, value, bytes });
        self.by_use.insert(used, key);
        self.make_room(0);
    }

    /// Gives up so much that this many bytes more would still be within the bound.
    pub(crate) fn make_room(&mut self, bytes: usize) {
        let bytes_max = self.bytes_max.saturating_sub(bytes);
        while self.bytes > bytes_max
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.remove(&oldest);
        }
        debug_assert_eq!(self.by_use.len(), self.entries.len());
        debug_assert!(self.bytes <= bytes_max, "nothing is left to give up");
    }

    /// Gives up the entry of a key.
    pub(crate) fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_use.remove(&entry.used);
            debug_assert!(
                entry.bytes <= self.bytes,
                "no entry has more than all together"
            );
            self.bytes = self.bytes.saturating_sub(entry.bytes);
        }
    }

    /// Gives up the entries of such keys.
    pub(crate) fn forget(&mut self, goes: impl Fn(&K) -> bool) {
        let keys: Vec<K> = self
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
    use super::*;

    fn lru() -> Lru<u32, char> {
        Lru::new(30)
    }

    fn kept(lru: &mut Lru<u32, char>, keys: impl IntoIterator<Item = u32>) -> Vec<Option<char>> {
        keys.into_iter().map(|key| lru.get(&key)).collect()
    }

    #[test]
    fn the_least_recently_used_goes_first() {
        let mut lru = lru();
        for (key, value) in (0..).zip("abc".chars()) {
            lru.put(key, value, 10);
        }
        assert_eq!(lru.get(&0), Some('a'));
        lru.put(3, 'd', 10);
        assert_eq!(
            kept(&mut lru, 0..4),
            [Some('a'), None, Some('c'), Some('d')]
        );
        assert_eq!((lru.bytes(), lru.by_use.len()), (30, 3));
        lru.put(2, 'e', 5);
        assert_eq!(kept(&mut lru, [2]), [Some('e')]);
        assert_eq!((lru.bytes(), lru.by_use.len()), (25, 3));
    }

    #[test]
    fn an_entry_above_the_bound_is_not_kept() {
        let mut lru = lru();
        lru.put(0, 'a', 10);
        lru.put(1, 'b', 31);
        assert_eq!(kept(&mut lru, 0..2), [Some('a'), None]);
        lru.put(0, 'c', 31);
        let counts = (lru.bytes(), lru.entries.len(), lru.by_use.len());
        assert_eq!(counts, (0, 0, 0));
    }

    #[test]
    fn room_is_made_once_by_giving_up_as_little_as_will_do() {
        let mut lru = lru();
        for (key, value) in (0..).zip("abc".chars()) {
            lru.put(key, value, 10);
        }
        lru.make_room(0);
        assert_eq!(lru.bytes(), 30);
        lru.make_room(11);
        assert_eq!(kept(&mut lru, 0..3), [None, None, Some('c')]);
        lru.put(0, 'd', 20);
        assert_eq!(lru.bytes(), 30);
        lru.make_room(usize::MAX);
        assert_eq!((lru.bytes(), lru.entries.len()), (0, 0));
    }

    #[test]
    fn keys_are_forgotten_by_kind() {
        let mut lru = lru();
        lru.put(1, 'a', 10);
        lru.put(2, 'b', 10);
        lru.forget(|key| *key == 1);
        assert_eq!(kept(&mut lru, 1..3), [None, Some('b')]);
        assert_eq!(lru.bytes(), 10);
    }
}
