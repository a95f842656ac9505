//! A patch applied: the changes of a tree.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};

use super::super::edit::change::{Action, Change, Object};
use super::super::edit::new_objects::NewObjects;
use super::super::limits::Limits;
use super::super::store::ObjectSource;
use super::error::{FileFault, PatchError};
use super::one_file::{OneFile, Work};
use super::parse::{Bounds, FilePatch, parse};
use super::paths::{self, Standing};
use super::table::Table;

/// Bytes of a patch at most.
pub(crate) const PATCH_BYTES_MAX: u64 = 8 << 20;

/// Files that one patch changes, at most.
pub(crate) const PATCH_FILES_MAX: usize = 10_000;

/// Lines that are compared for one patch, at most: some tenths of a second.
const LINES_COMPARED_MAX: u64 = 50_000_000;

/// The result of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It applied the patch of one file, or looked for entries in a file's way; there are more.
    More,
    /// All is done.
    Done,
}

/// A patch that is applied to a tree, one file a step.
#[derive(Debug)]
pub struct Application<'a> {
    root: Option<ObjectId>,
    files: Vec<FilePatch<'a>>,
    /// The file that comes next.
    next: usize,
    table: Table,
    /// The written paths whose way is still to be looked at, once all files are applied.
    unchecked: Vec<BString>,
    work: Work,
}

/// Applies a patch to a tree (to none: `None`): for callers that need no steps. New contents are in
/// `new_objects` then.
pub fn apply(
    text: &[u8],
    root: Option<ObjectId>,
    objects: &impl ObjectSource,
    new_objects: &mut NewObjects,
    limits: &Limits,
) -> Result<Vec<Change>, PatchError> {
    let mut application = Application::new(text, root, limits)?;
    while application.step(objects, new_objects)? == Step::More {}
    Ok(application.changes())
}

impl<'a> Application<'a> {
    /// Reads a patch to apply to a tree.
    pub fn new(
        text: &'a [u8],
        root: Option<ObjectId>,
        limits: &Limits,
    ) -> Result<Self, PatchError> {
        let bounds = Bounds {
            bytes_max: PATCH_BYTES_MAX,
            files_max: PATCH_FILES_MAX,
            content_bytes_max: limits.control_object_bytes_max,
        };
        let files = parse(text, &bounds)?;
        Ok(Self {
            root,
            next: 0,
            table: Table::new(&files),
            unchecked: Vec::new(),
            work: Work {
                lines_left: LINES_COMPARED_MAX,
                lines_max: LINES_COMPARED_MAX,
                content_bytes_max: bounds.content_bytes_max,
            },
            files,
        })
    }

    /// Applies the patch of the next file, or, once all are applied, makes sure that nothing is in
    /// the way of a written one. After an error nothing has changed but new contents; where a chunk
    /// was cold, the step can be taken again.
    pub fn step(
        &mut self,
        objects: &impl ObjectSource,
        new_objects: &mut NewObjects,
    ) -> Result<Step, PatchError> {
        if let Some(file) = self.files.get(self.next) {
            let mut one = OneFile::new(file, self.root, &self.table, self.work);
            let result = one.apply(objects, new_objects)?;
            self.work = one.work;
            let header = one.header;
            self.table.note(&header, result);
            self.next = self.next.saturating_add(1);
            if self.next == self.files.len() {
                let written = self.table.written().map(|(path, _)| path.clone());
                self.unchecked = written.collect();
            }
            return Ok(Step::More);
        }
        let Some(path) = self.unchecked.last() else {
            return Ok(Step::Done);
        };
        self.check_way(path.as_bstr(), objects)?;
        self.unchecked.pop();
        Ok(Step::More)
    }

    /// Makes sure that no file stands where a written one needs a directory, and that no directory with
    /// remaining files stands where it stands itself.
    fn check_way(&self, path: &BStr, objects: &impl ObjectSource) -> Result<(), PatchError> {
        let fault = |other: &BStr| {
            let other = other.to_owned();
            Err(self.fault(path, FileFault::InTheWay { other }))
        };
        if let Some(parent) = paths::parents(path).find(|parent| self.table.is_written(parent)) {
            return fault(parent);
        }
        match paths::standing(objects, self.root, path)? {
            Standing::Nothing | Standing::File(_) => Ok(()),
            Standing::Below { above, .. } if self.table.is_removed(above.as_bstr()) => Ok(()),
            Standing::Below { above, .. } => fault(above.as_bstr()),
            Standing::Directory(id) => {
                let is_removed = |file: &BStr| self.table.is_removed(file);
                match paths::first_file(objects, id, path, &is_removed)? {
                    Some(other) => fault(other.as_bstr()),
                    None => Ok(()),
                }
            }
        }
    }

    fn fault(&self, path: &BStr, fault: FileFault) -> PatchError {
        let is_own = |file: &&FilePatch<'_>| {
            file.header
                .new_name
                .as_ref()
                .is_some_and(|name| name == path)
        };
        PatchError::File {
            file: path.to_owned(),
            line: self
                .files
                .iter()
                .find(is_own)
                .map_or(0, |file| file.header.line),
            fault,
        }
    }

    /// The changes, once every step is taken.
    pub fn changes(&self) -> Vec<Change> {
        let written = self.table.written().map(|(path, file)| Change {
            path: path.clone(),
            action: Action::Put {
                kind: Some(file.kind),
                object: Object::Known(file.id),
            },
        });
        let is_covered = |path: &BString| {
            // A file at a directory's path takes the place of all that is in the directory.
            self.table.is_written(path.as_bstr())
                || paths::parents(path.as_bstr()).any(|parent| self.table.is_written(parent))
        };
        let removed = self.table.removed().filter(|path| !is_covered(path));
        let removed = removed.map(|path| Change {
            path: path.clone(),
            action: Action::Delete,
        });
        written.chain(removed).collect()
    }
}
