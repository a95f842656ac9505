//! Resolved objects kept by bytes, for the deltas that build on them.
//!
//! Deltas of one pack build on the same bases again and again, so a base that was just resolved is
//! worth keeping. Bytes bound the cache, not entries: an entry of the [`Lru`] counts the bytes of
//! its content and [`ENTRY_BYTES`] for itself, so that a million empty objects cannot grow it
//! either. Look-up, insertion and eviction take constant time.

use std::collections::HashMap;
use std::hash::Hash;

use super::super::object::ObjectKind;
use super::super::store::Shared;

/// The cost of an entry besides its content: its slot, its key in the map (twice, since maps keep
/// free room), the allocation of the content.
pub(crate) const ENTRY_BYTES: usize = 160;

/// "No slot" in the links of the list.
const NONE: u32 = u32::MAX;

/// Objects by key, the least recently used leaving first.
#[derive(Debug)]
pub(crate) struct BaseCache<K> {
    objects: Lru<K, (ObjectKind, Shared)>,
}

impl<K: Copy + Eq + Hash> BaseCache<K> {
    /// A cache that holds at most `bytes_max` bytes, its own overhead included.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            objects: Lru::new(bytes_max),
        }
    }

    /// The object, which becomes the most recently used.
    pub(crate) fn get(&mut self, key: &K) -> Option<(ObjectKind, Shared)> {
        self.objects.get(key).cloned()
    }

    /// Keeps an object; one larger than the whole cache is not kept.
    pub(crate) fn insert(&mut self, key: K, kind: ObjectKind, content: Shared) {
        let bytes = content.len();
        self.objects.insert(key, (kind, content), bytes);
    }

    /// Bytes now held, overhead included.
    pub(crate) fn bytes(&self) -> usize {
        self.objects.bytes()
    }
}

/// Values by key, bounded by weight: a slab of slots, linked from the most to the least recently
/// used.
#[derive(Debug)]
pub(crate) struct Lru<K, V> {
    bytes_max: usize,
    bytes: usize,
    by_key: HashMap<K, u32>,
    slots: Vec<Slot<K, V>>,
    free: Vec<u32>,
    newest: u32,
    oldest: u32,
}

#[derive(Debug)]
struct Slot<K, V> {
    key: K,
    /// `None` while the slot is free.
    value: Option<V>,
    bytes: usize,
    newer: u32,
    older: u32,
}

impl<K: Copy + Eq + Hash, V> Lru<K, V> {
    /// A cache that holds at most `bytes_max` bytes, its own overhead included.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            by_key: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            newest: NONE,
            oldest: NONE,
        }
    }

    /// Bytes now held, overhead included.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The value, which becomes the most recently used.
    pub(crate) fn get(&mut self, key: &K) -> Option<&V> {
        let number = *self.by_key.get(key)?;
        if number != self.newest {
            self.unlink(number);
            self.link_newest(number);
        }
        self.slot(number)?.value.as_ref()
    }

    /// Keeps a value that weighs `bytes`, in place of any with the same key. The least recently
    /// used make room; a value that alone exceeds the bound is not kept.
    pub(crate) fn insert(&mut self, key: K, value: V, bytes: usize) {
        if let Some(number) = self.by_key.get(&key) {
            self.remove(*number);
        }
        let bytes = bytes.saturating_add(ENTRY_BYTES);
        if bytes > self.bytes_max {
            return;
        }
        // `bytes <= bytes_max`, and the loop ends at the latest when nothing is held.
        while self.bytes > self.bytes_max - bytes && self.oldest != NONE {
            self.remove(self.oldest);
        }
        let slot = Slot {
            key,
            value: Some(value),
            bytes,
            newer: NONE,
            older: NONE,
        };
        let Some(number) = self.place(slot) else {
            return;
        };
        self.by_key.insert(key, number);
        self.bytes += bytes;
        self.link_newest(number);
    }

    /// Puts a slot where one is free.
    fn place(&mut self, slot: Slot<K, V>) -> Option<u32> {
        if let Some(number) = self.free.pop() {
            *self.slot_mut(number)? = slot;
            return Some(number);
        }
        let number = u32::try_from(self.slots.len())
            .ok()
            .filter(|number| *number != NONE)?;
        self.slots.push(slot);
        Some(number)
    }

    fn remove(&mut self, number: u32) {
        self.unlink(number);
        let Some(slot) = self.slot_mut(number) else {
            return;
        };
        slot.value = None;
        let (key, bytes) = (slot.key, slot.bytes);
        self.by_key.remove(&key);
        debug_assert!(self.bytes >= bytes, "{bytes} bytes were not counted");
        self.bytes = self.bytes.saturating_sub(bytes);
        self.free.push(number);
    }

    fn link_newest(&mut self, number: u32) {
        let older = self.newest;
        if let Some(slot) = self.slot_mut(number) {
            slot.newer = NONE;
            slot.older = older;
        }
        match self.slot_mut(older) {
            Some(slot) => slot.newer = number,
            None => self.oldest = number,
        }
        self.newest = number;
    }

    fn unlink(&mut self, number: u32) {
        let Some(slot) = self.slot(number) else {
            return;
        };
        let (newer, older) = (slot.newer, slot.older);
        match self.slot_mut(newer) {
            Some(slot) => slot.older = older,
            None => self.newest = older,
        }
        match self.slot_mut(older) {
            Some(slot) => slot.newer = newer,
            None => self.oldest = newer,
        }
    }

    /// `None` for [`NONE`]: the slab never grows that far.
    fn slot(&self, number: u32) -> Option<&Slot<K, V>> {
        self.slots.get(usize::try_from(number).ok()?)
    }

    fn slot_mut(&mut self, number: u32) -> Option<&mut Slot<K, V>> {
        self.slots.get_mut(usize::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_least_recently_used_leaves_first() {
        let mut cache = BaseCache::new(2 * (ENTRY_BYTES + 10));
        let content = Rc::new(vec![7; 10]);
        cache.insert(1, ObjectKind::Blob, Rc::clone(&content));
        cache.insert(2, ObjectKind::Tree, Rc::clone(&content));
        assert!(cache.get(&1).is_some());
        cache.insert(3, ObjectKind::Tag, content);
        assert_eq!(cache.get(&2), None);
        assert_eq!(cache.get(&1).map(|found| found.0), Some(ObjectKind::Blob));
        assert_eq!(cache.get(&3).map(|found| found.0), Some(ObjectKind::Tag));
    }

    #[test]
    fn an_object_larger_than_the_cache_is_not_kept_and_replaces_its_predecessor() {
        let mut cache = BaseCache::new(1000);
        cache.insert(1, ObjectKind::Blob, Rc::new(vec![0; 10]));
        cache.insert(1, ObjectKind::Blob, Rc::new(vec![0; 1000]));
        assert_eq!(cache.get(&1), None);
        assert_eq!(cache.bytes(), 0);
    }

    proptest! {
        #[test]
        fn behaves_as_a_list_searched_from_the_front(
            calls in prop::collection::vec((any::<bool>(), 0_u8..12, 0_usize..400), 0..200),
        ) {
            const BYTES_MAX: usize = 2000;
            let mut cache = Lru::new(BYTES_MAX);
            // The model: most recently used first.
            let mut model: Vec<(u8, usize)> = Vec::new();
            for (is_insert, key, bytes) in calls {
                if is_insert {
                    cache.insert(key, bytes, bytes);
                    model.retain(|entry| entry.0 != key);
                    model.insert(0, (key, bytes));
                    let held = |model: &[(u8, usize)]| -> usize {
                        model.iter().map(|entry| entry.1 + ENTRY_BYTES).sum()
                    };
                    while held(&model) > BYTES_MAX {
                        model.pop();
                    }
                    prop_assert_eq!(cache.bytes(), held(&model));
                } else {
                    let place = model.iter().position(|entry| entry.0 == key);
                    let expected = place.map(|place| model.remove(place));
                    if let Some(entry) = expected {
                        model.insert(0, entry);
                    }
                    prop_assert_eq!(cache.get(&key).copied(), expected.map(|entry| entry.1));
                }
            }
        }
    }
}
