//! Directories of notes read when they are needed (git's `load_subtree`, `note_tree_search`,
//! `note_tree_insert` and `for_each_note`).

use gix_hash::ObjectId;
use gix_object::tree::EntryKind;

use super::super::super::object::ObjectKind;
use super::super::super::object::facts::{TreeEntry, tree_entries};
use super::super::super::store::{ObjectSource, ReadError};
use super::error::NotesError;
use super::fanout::{Entry, ID_BYTES, Note, Place, SLOTS, Slot, Subtree, nibble};
use super::{Listed, Notes};

impl<S: ObjectSource> Notes<'_, S> {
    pub(super) fn load_root(&mut self, tree: ObjectId) -> Result<(), NotesError> {
        let root = Subtree {
            prefix: ObjectId::null(gix_hash::Kind::Sha1),
            prefix_bytes: 0,
            tree,
        };
        self.load(root, Place::ROOT)
    }

    /// Where an id belongs, below a node: reads the directories on the way.
    pub(super) fn search(&mut self, mut at: Place, id: &ObjectId) -> Result<Place, NotesError> {
        loop {
            // A directory whose name ends where this node begins stands in the first slot.
            at.slot = 0;
            if self.take_subtree(at, id)? {
                continue;
            }
            at.slot = nibble(id, at.depth);
            if let Slot::Node(node) = self.fanout.slot(at) {
                at.node = node;
                at.depth = at.depth.saturating_add(1);
            } else if !self.take_subtree(at, id)? {
                return Ok(at);
            }
        }
    }

    /// Reads the directory that a slot has, if the id belongs into it.
    fn take_subtree(&mut self, at: Place, id: &ObjectId) -> Result<bool, NotesError> {
        match self.fanout.slot(at) {
            Slot::Subtree(subtree) if subtree.has(id) => {
                self.fanout.replace_slot(at, Slot::Empty);
                self.load(subtree, at)?;
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// Puts the entries of a directory into the node that it belongs to.
    fn load(&mut self, subtree: Subtree, at: Place) -> Result<(), NotesError> {
        let corrupt = |what| {
            NotesError::from(ReadError::Corrupt {
                id: subtree.tree,
                what,
            })
        };
        if subtree.prefix_bytes >= ID_BYTES || subtree.prefix_bytes.saturating_mul(2) < at.depth {
            return Err(corrupt("it is nested too deeply for a tree of notes"));
        }
        if subtree.tree == ObjectId::empty_tree(gix_hash::Kind::Sha1) {
            return Ok(());
        }
        let Some((ObjectKind::Tree, content)) = self.objects.read(&subtree.tree)? else {
            return Err(corrupt("it is a tree of notes that is not here"));
        };
        self.read_bytes = self.read_bytes.saturating_add(content.len() as u64);
        if self.read_bytes > self.read_bytes_max {
            let limit = self.read_bytes_max;
            return Err(NotesError::TooLarge { limit });
        }
        for entry in tree_entries(&content) {
            let entry = entry.map_err(|_| corrupt("it does not parse as a tree"))?;
            match slot(&subtree, &entry) {
                Some(slot) => self.insert(at, slot)?,
                None => self.fanout.others.push(other(&subtree, &entry)),
            }
        }
        Ok(())
    }

    /// Puts a note or a directory into its place below a node.
    pub(super) fn insert(&mut self, from: Place, slot: Slot) -> Result<(), NotesError> {
        let id = match slot {
            Slot::Note(note) => note.object,
            Slot::Subtree(subtree) => subtree.prefix,
            Slot::Empty | Slot::Node(_) => return Ok(()),
        };
        let at = self.search(from, &id)?;
        match (self.fanout.slot(at), slot) {
            (Slot::Empty, _) => {
                self.fanout.replace_slot(at, slot);
                Ok(())
            }
            (Slot::Note(old), Slot::Note(new)) if old.object == new.object => {
                self.combine(at, old, new)
            }
            (Slot::Note(old), Slot::Subtree(subtree)) if subtree.has(&old.object) => {
                self.load(subtree, at)
            }
            (old, new) => {
                let deeper = Place {
                    node: self.fanout.add_node(),
                    depth: at.depth.saturating_add(1),
                    slot: 0,
                };
                self.insert(deeper, old)?;
                self.fanout.replace_slot(at, Slot::Node(deeper.node));
                self.insert(deeper, new)
            }
        }
    }

    /// Puts two notes on one object together, as git does where trees are read (its
    /// `combine_notes_concatenate`).
    fn combine(&mut self, at: Place, old: Note, new: Note) -> Result<(), NotesError> {
        if old.blob == new.blob {
            return Ok(());
        }
        let more = self.text(new.blob)?;
        if more.is_empty() {
            return Ok(());
        }
        let text = self.text(old.blob)?;
        let blob = if text.is_empty() {
            new.blob
        } else {
            let text = text.strip_suffix(b"\n").unwrap_or(&text);
            let both = [text, b"\n\n", &more].concat();
            self.combined.add(ObjectKind::Blob, both)?
        };
        self.fanout.replace(at, Note { blob, ..old });
        Ok(())
    }

    /// Lists the notes below a node whose ids come behind `after`.
    pub(super) fn collect(
        &mut self,
        top: Place,
        after: Option<&ObjectId>,
        limit: usize,
        listed: &mut Vec<Listed>,
    ) -> Result<(), NotesError> {
        let mut slot = 0;
        while slot < SLOTS && listed.len() < limit {
            let at = Place { slot, ..top };
            match self.fanout.slot(at) {
                Slot::Subtree(subtree) if !is_before(&subtree, after) => {
                    self.fanout.replace_slot(at, Slot::Empty);
                    self.load(subtree, at)?;
                    continue;
                }
                Slot::Node(child) => {
                    let child = Place {
                        node: child,
                        depth: at.depth.saturating_add(1),
                        slot: 0,
                    };
                    self.collect(child, after, limit, listed)?;
                }
                Slot::Note(note) if after.is_none_or(|after| note.object > *after) => {
                    listed.push(Listed {
                        object: note.object,
                        note: note.blob,
                    });
                }
                Slot::Empty | Slot::Subtree(_) | Slot::Note(_) => {}
            }
            slot = slot.saturating_add(1);
        }
        Ok(())
    }

    /// The entries of all trees, with the directories that stay as they are (git's
    /// `for_each_note_helper`).
    pub(super) fn entries(&mut self) -> Result<Vec<Entry>, NotesError> {
        let mut entries = Vec::new();
        self.collect_entries(Place::ROOT, 0, &mut entries)?;
        Ok(entries)
    }

    fn collect_entries(
        &mut self,
        top: Place,
        above: usize,
        entries: &mut Vec<Entry>,
    ) -> Result<(), NotesError> {
        let directories = self.fanout.directories(top, above);
        let mut slot = 0;
        while slot < SLOTS {
            let at = Place { slot, ..top };
            match self.fanout.slot(at) {
                Slot::Empty => {}
                Slot::Node(child) => {
                    let child = Place {
                        node: child,
                        depth: at.depth.saturating_add(1),
                        slot: 0,
                    };
                    self.collect_entries(child, directories, entries)?;
                }
                Slot::Note(note) => entries.push(Entry {
                    path: path(&note.object, directories, ID_BYTES),
                    kind: EntryKind::Blob,
                    id: note.blob,
                }),
                Slot::Subtree(subtree) if at.depth < directories.saturating_mul(2) => {
                    entries.push(Entry {
                        path: path(&subtree.prefix, directories, subtree.prefix_bytes),
                        kind: EntryKind::Tree,
                        id: subtree.tree,
                    });
                }
                Slot::Subtree(subtree) => {
                    self.fanout.replace_slot(at, Slot::Empty);
                    self.load(subtree, at)?;
                    continue;
                }
            }
            slot = slot.saturating_add(1);
        }
        Ok(())
    }
}

/// All ids in a directory come before another one.
fn is_before(subtree: &Subtree, after: Option<&ObjectId>) -> bool {
    let prefix = |id: &ObjectId| id.as_slice().get(..subtree.prefix_bytes).map(Vec::from);
    after.is_some_and(|after| prefix(&subtree.prefix) < prefix(after))
}

/// The note or directory that an entry is, if it is one.
fn slot(subtree: &Subtree, entry: &TreeEntry<'_>) -> Option<Slot> {
    let known = subtree.prefix_bytes;
    let mut id = [0; ID_BYTES];
    let (head, tail) = id.split_at_mut_checked(known)?;
    head.copy_from_slice(subtree.prefix.as_slice().get(..known)?);
    let kind = entry.mode.kind();
    if entry.name.len() == tail.len().saturating_mul(2) {
        if !matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable) {
            return None;
        }
        decode(entry.name, tail)?;
        return Some(Slot::Note(Note {
            object: ObjectId::Sha1(id),
            blob: entry.id.to_owned(),
        }));
    }
    if entry.name.len() != 2 || kind != EntryKind::Tree {
        return None;
    }
    decode(entry.name, tail.get_mut(..1)?)?;
    Some(Slot::Subtree(Subtree {
        prefix: ObjectId::Sha1(id),
        prefix_bytes: known.saturating_add(1),
        tree: entry.id.to_owned(),
    }))
}

fn decode(hex: &[u8], bytes: &mut [u8]) -> Option<()> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, _) = hex.as_chunks::<2>();
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        let value = digit(*high)?.checked_mul(16)?.checked_add(digit(*low)?)?;
        *byte = u8::try_from(value).ok()?;
    }
    Some(())
}

/// An entry that is not a note, by its whole path.
fn other(subtree: &Subtree, entry: &TreeEntry<'_>) -> Entry {
    let mut path = path(&subtree.prefix, subtree.prefix_bytes, subtree.prefix_bytes);
    path.extend_from_slice(entry.name);
    Entry {
        path,
        kind: entry.mode.kind(),
        id: entry.id.to_owned(),
    }
}

/// The first bytes of an id in hexadecimal, with a slash behind each of the first `directories`
/// (git's `construct_path_with_fanout`).
fn path(id: &ObjectId, directories: usize, bytes: usize) -> Vec<u8> {
    let mut path = Vec::with_capacity(ID_BYTES * 3);
    let hex = id.to_string();
    let (pairs, _) = hex.as_bytes().as_chunks::<2>();
    for (number, pair) in pairs.iter().take(bytes).enumerate() {
        path.extend_from_slice(pair);
        if number < directories {
            path.push(b'/');
        }
    }
    path
}
