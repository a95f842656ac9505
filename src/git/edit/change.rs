//! One change of a tree, and why it is refused.

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use gix_object::tree::EntryKind;

use super::super::object::ObjectKind;
use super::super::store::ReadError;
use super::path::PathFault;

/// One change of a tree.
///
/// All changes of a request are read against the tree as it was: none sees the effect of another one, so
/// their order means nothing. Each path is the target of one change at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The path from the root, names separated by `/`. Any bytes that a push may bring.
    pub path: BString,
    /// The kind of change.
    pub action: Action,
}

/// One kind of change at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Puts an entry there. As `git update-index --add --replace` does, it takes the place of everything in
    /// the way: a directory at the path, with all that is in it, or a file where
    /// the path needs a directory.
    Put {
        /// The kind of entry. `None` keeps the mode of a file that stands there, and makes an
        /// ordinary file otherwise.
        kind: Option<EntryKind>,
        /// The object.
        object: Object,
    },
    /// Removes the file, submodule or directory that stands there. Something must stand there.
    Delete,
    /// Puts there the entry of another path, a whole directory as well, and removes it from that
    /// path. The other path may be the target of another change (so two files can be exchanged).
    Move {
        /// The other path. Something must stand there.
        from: BString,
        /// The mode in place of the one that the moved file has.
        kind: Option<EntryKind>,
        /// The content in place of the one that the moved file has.
        object: Option<Object>,
    },
}

/// The object of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Object {
    /// One whose id is known: stored, or new. It must exist and have the kind that the mode needs, except a
    /// submodule's commit, which is not an object of the repository.
    Known(ObjectId),
    /// A blob whose id is known once the plan is finished: its number among the ids given then.
    Later(u32),
}

/// Which part of a change is at fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Field {
    /// The path.
    Path,
    /// Where it is moved from.
    From,
    /// The mode.
    Kind,
    /// The object.
    Object,
}

/// Why changes are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// An object could not be read; where a chunk is cold, the step can be taken again.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// One change is at fault.
    #[error("change {index}: {fault}")]
    Change {
        /// Its place in the request, from 0.
        index: usize,
        /// Which part of it.
        field: Field,
        /// The fault.
        fault: ChangeFault,
    },
    /// The trees on the changed paths are too large together.
    #[error(
        "the trees on the changed paths have {bytes} bytes, at most {limit} are edited at once"
    )]
    TooLarge {
        /// Bytes of the trees that were read, the last one included.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
}

impl EditError {
    pub(super) fn change(index: usize, field: Field, fault: ChangeFault) -> Self {
        Self::Change {
            index,
            field,
            fault,
        }
    }
}

/// A fault of a change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChangeFault {
    /// No tree may have the path.
    #[error("path '{path}': {fault}")]
    Path {
        /// The path.
        path: BString,
        /// Why not.
        fault: PathFault,
    },
    /// Two changes have the same path, or one of them removes a path that the other removes.
    #[error("path '{path}' is changed by change {other} too")]
    Twice {
        /// The path.
        path: BString,
        /// The other change.
        other: usize,
    },
    /// Another change puts a file or a moved directory above the path, or removes all that is there.
    #[error("path '{path}' is inside '{above}', which change {other} puts or removes")]
    Inside {
        /// The path.
        path: BString,
        /// The path above.
        above: BString,
        /// The other change.
        other: usize,
    },
    /// The path to remove or move does not exist.
    #[error("path '{path}': nothing stands there")]
    NothingThere {
        /// The path.
        path: BString,
    },
    /// The object that the change names is not here.
    #[error("object {id} is not here")]
    NoObject {
        /// Its id.
        id: ObjectId,
    },
    /// The object that the change names does not fit the mode.
    #[error("object {id} is a {kind}, mode {mode:o} needs a {needed}")]
    WrongKind {
        /// Its id.
        id: ObjectId,
        /// The kind of object that the id names.
        kind: ObjectKind,
        /// The mode.
        mode: u16,
        /// The kind of object that the mode needs.
        needed: ObjectKind,
    },
    /// A directory or submodule takes no content.
    #[error("path '{path}': mode {mode:o} takes no content, it names an object by its id")]
    NoContent {
        /// The path.
        path: BString,
        /// The mode.
        mode: u16,
    },
    /// A moved directory or submodule keeps its kind.
    #[error("path '{from}': mode {mode:o} is moved as it is, without another mode or content")]
    MovedAsItIs {
        /// Where it is moved from.
        from: BString,
        /// The mode that it has.
        mode: u16,
    },
}
