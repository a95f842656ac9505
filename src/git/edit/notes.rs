//! Notes: texts on objects, in a tree whose paths are the objects' ids
//! (<https://git-scm.com/docs/git-notes>).
//!
//! With many notes git splits the ids into directories (`ab/cdef…`), and decides again with each
//! change how deep. The trees written here are, byte for byte, those that `git notes` writes.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::store::{ObjectSource, ReadError, Shared};
use super::new_objects::NewObjects;

mod error;
mod fanout;
mod load;
mod write;

pub use error::NotesError;
use fanout::{Fanout, Note};

/// The ref of notes where none is named.
pub const DEFAULT_REF: &str = "refs/notes/commits";

/// The prefix of refs of notes.
const REFS: &str = "refs/notes/";

/// Bytes of notes that are put together here because a tree has two for one object.
const COMBINED_BYTES_MAX: u64 = 1 << 20;

/// The notes of one ref. Reads the directories that it needs, and no others.
pub struct Notes<'a, S> {
    objects: &'a S,
    fanout: Fanout,
    read_bytes: u64,
    read_bytes_max: u64,
    /// Notes put together, because there were two for one object.
    combined: NewObjects,
}

/// A note in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed {
    /// The object that it is on.
    pub object: ObjectId,
    /// The blob with its text.
    pub note: ObjectId,
}

impl<'a, S: ObjectSource> Notes<'a, S> {
    /// The notes in a tree (in none: `None`). It reads trees of at most `read_bytes_max` bytes, 70 for
    /// a note; and holds about twice as many.
    pub fn open(
        objects: &'a S,
        root: Option<ObjectId>,
        read_bytes_max: u64,
        limits: &Limits,
    ) -> Result<Self, NotesError> {
        let mut notes = Self {
            objects,
            fanout: Fanout::default(),
            read_bytes: 0,
            read_bytes_max,
            combined: NewObjects::new(COMBINED_BYTES_MAX, limits),
        };
        if let Some(root) = root {
            notes.load_root(root)?;
        }
        Ok(notes)
    }

    /// The blob of the note on an object.
    pub fn find(&mut self, object: ObjectId) -> Result<Option<ObjectId>, NotesError> {
        let place = self.search(fanout::Place::ROOT, &object)?;
        let note = self.fanout.note(place).filter(|note| note.object == object);
        Ok(note.map(|note| note.blob))
    }

    /// The text of a note.
    pub fn text(&self, blob: ObjectId) -> Result<Shared, NotesError> {
        if let Some((_, content)) = self.combined.get(&blob) {
            return Ok(Rc::clone(content));
        }
        match self.objects.read(&blob)? {
            Some((ObjectKind::Blob, content)) => Ok(content),
            _ => Err(ReadError::Corrupt {
                id: blob,
                what: "a note names it, and it is no blob",
            }
            .into()),
        }
    }

    /// Puts a note on an object, in place of the one that it has.
    pub fn put(&mut self, object: ObjectId, blob: ObjectId) -> Result<(), NotesError> {
        let place = self.search(fanout::Place::ROOT, &object)?;
        let note = Note { object, blob };
        if self
            .fanout
            .note(place)
            .is_some_and(|old| old.object == object)
        {
            self.fanout.replace(place, note);
            return Ok(());
        }
        self.insert(fanout::Place::ROOT, fanout::Slot::Note(note))
    }

    /// Removes the note on an object; whether there was one.
    pub fn remove(&mut self, object: ObjectId) -> Result<bool, NotesError> {
        let place = self.search(fanout::Place::ROOT, &object)?;
        let is_there = self
            .fanout
            .note(place)
            .is_some_and(|note| note.object == object);
        if is_there {
            self.fanout.remove(place, &object);
        }
        Ok(is_there)
    }

    /// As many notes as `limit`, in the order of their objects' ids, behind the one on `after`.
    pub fn list(
        &mut self,
        after: Option<ObjectId>,
        limit: usize,
    ) -> Result<Vec<Listed>, NotesError> {
        let mut listed = Vec::new();
        self.collect(fanout::Place::ROOT, after.as_ref(), limit, &mut listed)?;
        Ok(listed)
    }

    /// Writes the trees, and gives the root's id.
    pub fn write(mut self, new_objects: &mut NewObjects) -> Result<ObjectId, NotesError> {
        let mut entries = std::mem::take(&mut self.fanout.others);
        entries.extend(self.entries()?);
        // The entries that are not notes, of directories read just now; a note takes the place of such an
        // entry.
        entries.splice(0..0, std::mem::take(&mut self.fanout.others));
        for (_, object) in self.combined.in_pack_order() {
            new_objects.add(object.kind, object.content.to_vec())?;
        }
        write::trees(&entries, new_objects)
    }
}

/// The full name of a ref of notes: `refs/notes/x`, `notes/x` and `x` are the same (git's
/// `expand_notes_ref`).
pub fn full_ref(name: &str) -> String {
    match name.strip_prefix("notes/") {
        _ if name.starts_with(REFS) => name.to_owned(),
        Some(rest) => format!("{REFS}{rest}"),
        None => format!("{REFS}{name}"),
    }
}

/// A note with more text behind it, as `git notes append` writes it: with an empty line between.
pub fn appended(old: &[u8], more: &str) -> Vec<u8> {
    let separator: &[u8] = if old.is_empty() || more.is_empty() {
        b""
    } else {
        b"\n"
    };
    [old, separator, more.as_bytes()].concat()
}
