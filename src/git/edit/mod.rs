//! Objects made here: trees edited along the changed paths, commits, tags.
//!
//! | file | what |
//! |---|---|
//! | `new_objects` | new objects, by id, until they are in a pack |
//! | `packing` | a pack written of such objects |
//! | `change` | one change of a tree, and why it is refused |
//! | `path` | the rules for paths, as for those in a push's trees |
//! | `places` | the places that changes name, checked against each other |
//! | `plan` | the directories that changes touch, found before the new blobs' ids are known |
//! | `write` | the trees of a plan |
//! | `commit` | commits and annotated tags |
//! | `notes` | notes on objects, in git's directories |
//! | `person`, `date` | their authors, and the times |
//! | `message`, `trailers` | why, as `git commit -m` cleans it; `Signed-off-by` |
//!
//! Invariants:
//! - The cost of an edit follows the changes: one tree is read and one is written for each directory
//!   on a changed path, and no other.
//! - The engine makes the same objects as git from the same input, or refuses.
//! - A step that meets a cold chunk changes nothing, and can be taken again.

pub mod change;
pub mod commit;
pub mod date;
pub mod message;
pub mod new_objects;
pub mod notes;
pub mod packing;
pub mod path;
pub mod person;
mod places;
pub mod plan;
pub(crate) mod trailers;
mod write;
