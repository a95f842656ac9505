//! Notes in memory as git's `notes.c` keeps them: a tree of nodes with sixteen slots each, one for each
//! value of the next four bits of an id. Its depth decides the depth of the directories.

use gix_hash::ObjectId;
use gix_object::tree::EntryKind;

/// Slots of a node.
pub(super) const SLOTS: usize = 16;

/// Bytes of an id.
pub(super) const ID_BYTES: usize = 20;

/// A note: the blob with the text, and the object that it is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Note {
    pub(super) object: ObjectId,
    pub(super) blob: ObjectId,
}

/// A directory that was not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Subtree {
    /// The start of the ids in it, then zeros.
    pub(super) prefix: ObjectId,
    /// Bytes of that start.
    pub(super) prefix_bytes: usize,
    pub(super) tree: ObjectId,
}

impl Subtree {
    /// Whether an id belongs into it.
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        id.as_slice().get(..self.prefix_bytes) == self.prefix.as_slice().get(..self.prefix_bytes)
    }
}

/// The content of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Slot {
    #[default]
    Empty,
    /// A node, by its number.
    Node(usize),
    Note(Note),
    Subtree(Subtree),
}

/// An entry of the trees that are written, by its whole path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: Vec<u8>,
    pub(super) kind: EntryKind,
    pub(super) id: ObjectId,
}

/// A slot of a node, and how deep the node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) node: usize,
    pub(super) depth: usize,
    pub(super) slot: usize,
}

impl Place {
    /// The first node.
    pub(super) const ROOT: Self = Self {
        node: 0,
        depth: 0,
        slot: 0,
    };
}

/// All nodes; and the entries of the trees that are not notes.
///
/// Notes stand apart, so that a node takes 128 bytes: with random ids there is one for every three
/// notes.
#[derive(Debug)]
pub(super) struct Fanout {
    nodes: Vec<[Packed; SLOTS]>,
    notes: Arena<Note>,
    subtrees: Arena<Subtree>,
    pub(super) others: Vec<Entry>,
}

impl Default for Fanout {
    fn default() -> Self {
        Self {
            nodes: vec![[Packed::Empty; SLOTS]],
            notes: Arena::default(),
            subtrees: Arena::default(),
            others: Vec::new(),
        }
    }
}

/// A slot as it is kept: numbers alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Packed {
    #[default]
    Empty,
    Node(u32),
    Note(u32),
    Subtree(u32),
}

/// Items by number. A number that is given back is used again.
#[derive(Debug)]
struct Arena<T> {
    items: Vec<T>,
    free: Vec<u32>,
}

impl<T> Default for Arena<T> {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T: Copy> Arena<T> {
    fn get(&self, number: u32) -> Option<T> {
        self.items.get(usize::try_from(number).ok()?).copied()
    }

    fn put(&mut self, item: T) -> u32 {
        let number = self.free.pop();
        let place = number.and_then(|number| usize::try_from(number).ok());
        let old = place.and_then(|place| self.items.get_mut(place));
        if let (Some(number), Some(old)) = (number, old) {
            *old = item;
            return number;
        }
        self.items.push(item);
        number_of(self.items.len().saturating_sub(1))
    }
}

/// A place in a list, which is far below the bound: trees of so many notes are not read.
fn number_of(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// Four bits of an id: the slot for it in a node at this depth.
pub(super) fn nibble(id: &ObjectId, depth: usize) -> usize {
    let byte = id.as_slice().get(depth / 2).copied().unwrap_or_default();
    usize::from(if depth.is_multiple_of(2) {
        byte >> 4
    } else {
        byte & 0x0f
    })
}

impl Fanout {
    pub(super) fn slot(&self, place: Place) -> Slot {
        let node = self.nodes.get(place.node);
        let packed = node.and_then(|node| node.get(place.slot)).copied();
        self.unpacked(packed.unwrap_or_default())
    }

    fn unpacked(&self, packed: Packed) -> Slot {
        let slot = match packed {
            Packed::Empty => None,
            Packed::Node(number) => usize::try_from(number).ok().map(Slot::Node),
            Packed::Note(number) => self.notes.get(number).map(Slot::Note),
            Packed::Subtree(number) => self.subtrees.get(number).map(Slot::Subtree),
        };
        slot.unwrap_or_default()
    }

    pub(super) fn replace_slot(&mut self, place: Place, slot: Slot) {
        let packed = match slot {
            Slot::Empty => Packed::Empty,
            Slot::Node(node) => Packed::Node(number_of(node)),
            Slot::Note(note) => Packed::Note(self.notes.put(note)),
            Slot::Subtree(subtree) => Packed::Subtree(self.subtrees.put(subtree)),
        };
        let node = self.nodes.get_mut(place.node);
        debug_assert!(node.is_some() && place.slot < SLOTS, "no slot: {place:?}");
        let Some(kept) = node.and_then(|node| node.get_mut(place.slot)) else {
            return;
        };
        match std::mem::replace(kept, packed) {
            Packed::Note(number) => self.notes.free.push(number),
            Packed::Subtree(number) => self.subtrees.free.push(number),
            Packed::Empty | Packed::Node(_) => {}
        }
    }

    pub(super) fn note(&self, place: Place) -> Option<Note> {
        match self.slot(place) {
            Slot::Note(note) => Some(note),
            _ => None,
        }
    }

    pub(super) fn replace(&mut self, place: Place, note: Note) {
        self.replace_slot(place, Slot::Note(note));
    }

    /// A new node, empty.
    pub(super) fn add_node(&mut self) -> usize {
        let number = self.nodes.len();
        self.nodes.push([Packed::Empty; SLOTS]);
        number
    }

    /// Empties a slot, and makes the nodes above it slots again that have one note or none (git's
    /// `note_tree_remove`).
    pub(super) fn remove(&mut self, place: Place, object: &ObjectId) {
        self.replace_slot(place, Slot::Empty);
        let mut path = vec![Place::ROOT];
        for depth in 0..place.depth {
            let node = path.last().map_or(0, |last| last.node);
            let parent = Place {
                node,
                depth,
                slot: nibble(object, depth),
            };
            let Slot::Node(child) = self.slot(parent) else {
                return;
            };
            if let Some(last) = path.last_mut() {
                *last = parent;
            }
            path.push(Place {
                node: child,
                depth: depth.saturating_add(1),
                slot: 0,
            });
        }
        while let (Some(child), Some(parent)) = (path.pop(), path.last()) {
            let Some(only) = self.only_note(child.node) else {
                return;
            };
            self.replace_slot(*parent, only);
        }
    }

    /// The only note of a node, or an empty slot if it has nothing; `None` when it has more.
    fn only_note(&self, node: usize) -> Option<Slot> {
        let slots = self.nodes.get(node)?;
        let mut taken = slots.iter().filter(|slot| **slot != Packed::Empty);
        match (taken.next(), taken.next()) {
            (None, _) => Some(Slot::Empty),
            (Some(only @ Packed::Note(_)), None) => Some(self.unpacked(*only)),
            _ => None,
        }
    }

    /// How many directories precede the rest of an id below a node (git's `determine_fanout`).
    pub(super) fn directories(&self, place: Place, above: usize) -> usize {
        let is_odd = !place.depth.is_multiple_of(2);
        if is_odd || place.depth > above.saturating_mul(2) {
            return above;
        }
        let slots = self.nodes.get(place.node);
        let is_full = slots.is_some_and(|slots| {
            slots
                .iter()
                .all(|slot| matches!(slot, Packed::Node(_) | Packed::Subtree(_)))
        });
        if is_full {
            above.saturating_add(1)
        } else {
            above
        }
    }
}
