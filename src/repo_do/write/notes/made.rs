//! The notes after a change, and the commit of their ref.

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::asked::{Action, AddAction, Asked};
use crate::git::edit::commit::NewCommit;
use crate::git::edit::new_objects::NewObjects;
use crate::git::edit::notes::{Notes, NotesError, appended};
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::store::ObjectSource;

/// Bytes of the objects that one change makes: a note, and the trees on its path.
const OBJECT_BYTES_MAX: u64 = 16 << 20;

/// The state that the notes are changed from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground {
    /// The target of the ref; `None`: it does not exist.
    pub(super) head: Option<ObjectId>,
    /// The commit that it leads to.
    pub(super) parent: Option<ObjectId>,
    /// The tree of the notes.
    pub(super) tree: Option<ObjectId>,
    /// The object whose note is changed.
    pub(super) object: ObjectId,
}

/// The outcome of a change.
pub(super) enum Outcome {
    /// There is a note already.
    Exists(ObjectId),
    /// There is no note to remove.
    NoNote,
    /// The note reads so already.
    Unchanged,
    /// A commit of the notes.
    Made(Made),
}

/// A commit of notes, with its objects.
pub(super) struct Made {
    pub(super) objects: NewObjects,
    pub(super) commit: ObjectId,
    /// The note's blob; `None` where it is removed.
    pub(super) blob: Option<ObjectId>,
}

/// Changes the notes. Where a chunk is cold, all of it is done again.
pub(super) fn change(
    stored: &impl ObjectSource,
    ground: &Ground,
    asked: &Asked,
    read_bytes_max: u64,
) -> Result<Outcome, NotesError> {
    let limits = Limits::DEFAULT;
    let mut objects = NewObjects::new(OBJECT_BYTES_MAX, &limits);
    let mut notes = Notes::open(stored, ground.tree, read_bytes_max, &limits)?;
    let old = notes.find(ground.object)?;
    let blob = match (&asked.action, old) {
        (Action::Remove, None) => return Ok(Outcome::NoNote),
        (Action::Remove, Some(_)) => {
            notes.remove(ground.object)?;
            None
        }
        (Action::Put(AddAction::Add, _), Some(old)) => return Ok(Outcome::Exists(old)),
        (Action::Put(action, text), old) => {
            let text = match (action, old) {
                (AddAction::Append, Some(old)) => appended(&notes.text(old)?, text),
                _ => text.clone().into_bytes(),
            };
            let blob = objects.add(ObjectKind::Blob, text)?;
            if old == Some(blob) {
                return Ok(Outcome::Unchanged);
            }
            notes.put(ground.object, blob)?;
            Some(blob)
        }
    };
    let tree = notes.write(&mut objects)?;
    let parents: Vec<ObjectId> = ground.parent.into_iter().collect();
    let commit = NewCommit {
        tree,
        parents: &parents,
        author: asked.author.as_bstr(),
        committer: asked.committer.as_bstr(),
        message: asked.action.message().as_bytes().as_bstr(),
    };
    let commit = objects.add(ObjectKind::Commit, commit.content())?;
    Ok(Outcome::Made(Made {
        objects,
        commit,
        blob,
    }))
}
