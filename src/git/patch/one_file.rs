//! The part of a patch that is for one file, applied to it (git's `check_patch` and `apply_data`).

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice};
use gix_object::tree::EntryKind;

use super::super::edit::new_objects::{NewObjects, WithNew};
use super::super::object::ObjectKind;
use super::super::pack::delta;
use super::super::store::{ObjectSource, ReadError, Shared};
use super::binary::Binary;
use super::error::{FileFault, PatchError};
use super::header::Header;
use super::hunk::Hunk;
use super::image::{Image, Misfit};
use super::parse::{Body, FilePatch};
use super::paths::{self, Standing};
use super::table::{File, State, Table};

/// How git writes a submodule as text.
const SUBPROJECT: &[u8] = b"Subproject commit ";

/// Work that may still be done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Work {
    pub(super) lines_left: u64,
    pub(super) lines_max: u64,
    pub(super) content_bytes_max: u64,
}

/// One part of a patch.
pub(super) struct OneFile<'p, 'a> {
    /// The header; the file's entry in the tree fills in the mode if the header leaves it open.
    pub(super) header: Header<'a>,
    body: &'p Body<'a>,
    root: Option<ObjectId>,
    table: &'p Table,
    pub(super) work: Work,
}

/// The content that a part of a patch gives.
enum Content {
    /// As it was.
    Same(File),
    New(Vec<u8>),
}

impl<'p, 'a> OneFile<'p, 'a> {
    pub(super) fn new(
        file: &'p FilePatch<'a>,
        root: Option<ObjectId>,
        table: &'p Table,
        work: Work,
    ) -> Self {
        Self {
            header: file.header.clone(),
            body: &file.body,
            root,
            table,
            work,
        }
    }

    /// The file after it; `None` where it is deleted.
    pub(super) fn apply(
        &mut self,
        objects: &impl ObjectSource,
        new_objects: &mut NewObjects,
    ) -> Result<Option<File>, PatchError> {
        let before = self.before(objects)?;
        self.check_creation(objects)?;
        self.check_kinds()?;
        self.check_symlinks(objects)?;
        let both = WithNew::new(new_objects, objects);
        let content = match self.body {
            Body::Text(hunks) => self.patched(before, hunks, &both)?,
            Body::Binary(binary) => self.binary(before, Some(binary), &both)?,
            Body::BinaryWithoutData => self.binary(before, None, &both)?,
        };
        if self.header.is_delete == Some(true) && !content.is_empty() {
            return Err(self.fault(FileFault::DeletionLeavesLines));
        }
        let kind = self.header.new_kind.unwrap_or(EntryKind::Blob);
        if self.header.new_name.is_none() {
            return Ok(None);
        }
        let id = match content {
            Content::Same(file) => file.id,
            Content::New(content) if kind == EntryKind::Commit => {
                let id = content
                    .strip_prefix(SUBPROJECT)
                    .and_then(|rest| rest.get(..40));
                let id = id.and_then(|id| ObjectId::from_hex(id).ok());
                id.ok_or_else(|| self.fault(FileFault::NoCommit))?
            }
            Content::New(content) => new_objects.add(ObjectKind::Blob, content)?,
        };
        Ok(Some(File { kind, id }))
    }

    /// The file before the patch (git's `check_preimage`). Fills in the fields that the header leaves open.
    fn before(&mut self, objects: &impl ObjectSource) -> Result<Option<File>, PatchError> {
        let Some(old_name) = self.header.old_name.clone() else {
            return Ok(None);
        };
        let is_git = self.header.is_copy || self.header.is_rename;
        let state = self.table.state(old_name.as_bstr()).filter(|_| !is_git);
        let file = match state {
            Some(State::WasDeleted) => return Err(self.fault(FileFault::Gone)),
            Some(State::Written(file)) => Some(file),
            Some(State::ToBeDeleted) | None => {
                match paths::standing(objects, self.root, old_name.as_bstr())? {
                    Standing::File(file) => Some(file),
                    _ => None,
                }
            }
        };
        let Some(file) = file else {
            if self.header.is_new.is_some() {
                return Err(self.fault(FileFault::Missing));
            }
            self.header.is_new = Some(true);
            self.header.is_delete = Some(false);
            self.header.old_name = None;
            return Ok(None);
        };
        let header = &mut self.header;
        header.is_new = header.is_new.or(Some(false));
        let old_kind = *header.old_kind.get_or_insert(file.kind);
        if header.is_delete == Some(false) {
            header.new_kind.get_or_insert(file.kind);
        }
        if !is_same_type(file.kind, old_kind) {
            return Err(self.fault(FileFault::WrongType {
                found: file.kind as u16,
                expected: old_kind as u16,
            }));
        }
        Ok(Some(file))
    }

    /// A path that is made must be free, or become free by this patch.
    fn check_creation(&mut self, objects: &impl ObjectSource) -> Result<(), PatchError> {
        let header = &self.header;
        let is_made = header.is_new == Some(true) || header.is_rename || header.is_copy;
        let Some(new_name) = header.new_name.as_ref().filter(|_| is_made) else {
            return Ok(());
        };
        let state = self.table.state(new_name.as_bstr());
        if !matches!(state, Some(State::WasDeleted | State::ToBeDeleted))
            && let Standing::File(_) = paths::standing(objects, self.root, new_name.as_bstr())?
        {
            let fault = FileFault::Exists;
            return Err(self.fault_at(new_name.clone(), fault));
        }
        if self.header.is_new == Some(true) {
            self.header.new_kind.get_or_insert(EntryKind::Blob);
        }
        Ok(())
    }

    fn check_kinds(&mut self) -> Result<(), PatchError> {
        let header = &mut self.header;
        if header.new_name.is_some() && header.new_kind.is_none() {
            header.new_kind = header.old_kind;
        }
        match (header.old_kind, header.new_kind) {
            (Some(old), Some(new))
                if header.old_name.is_some()
                    && header.new_name.is_some()
                    && !is_same_type(old, new) =>
            {
                let (old, new) = (old as u16, new as u16);
                Err(self.fault(FileFault::TypeChange { old, new }))
            }
            (_, Some(EntryKind::Tree)) => Err(self.fault(FileFault::Directory)),
            _ => Ok(()),
        }
    }

    /// Nothing is written behind a symbolic link (git's `path_is_beyond_symlink`).
    fn check_symlinks(&self, objects: &impl ObjectSource) -> Result<(), PatchError> {
        let is_written = self.header.is_delete == Some(false);
        let Some(name) = self.header.new_name.as_ref().filter(|_| is_written) else {
            return Ok(());
        };
        let standing = paths::standing(objects, self.root, name.as_bstr())?;
        let link = match &standing {
            Standing::Below { above, kind } if *kind == EntryKind::Link => Some(above.as_bstr()),
            _ => None,
        };
        let is_link = |parent: &BStr| self.table.is_symlink(parent, link == Some(parent));
        if paths::parents(name.as_bstr()).any(is_link) {
            return Err(self.fault_at(name.clone(), FileFault::BeyondSymlink));
        }
        Ok(())
    }

    /// The content after all hunks.
    fn patched(
        &mut self,
        before: Option<File>,
        hunks: &[Hunk<'a>],
        objects: &impl ObjectSource,
    ) -> Result<Content, PatchError> {
        if let (Some(file), []) = (before, hunks) {
            return Ok(Content::Same(file));
        }
        let old = match before {
            Some(file) => read(objects, file)?,
            None => Rc::default(),
        };
        let mut image = Image::new(&old);
        for (hunk, number) in hunks.iter().zip(1_u32..) {
            let applied = image.apply(hunk, &mut self.work.lines_left);
            applied.map_err(|misfit| {
                let (file, hunk, line, old_line) = (self.name(), number, hunk.line, hunk.old_start);
                match misfit {
                    Misfit::Nowhere => PatchError::Hunk {
                        file,
                        hunk,
                        line,
                        old_line,
                    },
                    Misfit::TooCostly => PatchError::TooCostly {
                        file,
                        hunk,
                        line,
                        limit: self.work.lines_max,
                    },
                }
            })?;
        }
        Ok(Content::New(image.content()))
    }

    /// The content after a binary patch (git's `apply_binary`).
    fn binary(
        &self,
        before: Option<File>,
        binary: Option<&Binary>,
        objects: &impl ObjectSource,
    ) -> Result<Content, PatchError> {
        let id = |hex| ObjectId::from_hex(hex).map_err(|_| self.fault(FileFault::NoIds));
        let (expected, result) = (id(self.header.old_id)?, id(self.header.new_id)?);
        if let Some(file) = before.filter(|file| file.id != expected) {
            let found = file.id;
            return Err(self.fault(FileFault::OtherContent { expected, found }));
        }
        if result.is_null() {
            return Ok(Content::New(Vec::new()));
        }
        let content = match binary {
            None => return Err(self.fault(FileFault::NoData)),
            Some(Binary::Literal(content)) => content.clone(),
            Some(Binary::Delta(instructions)) => {
                let base = match before {
                    Some(file) => read(objects, file)?,
                    None => Rc::default(),
                };
                let applied = delta::apply(&base, instructions, self.work.content_bytes_max);
                applied.map_err(|_| self.fault(FileFault::Delta))?
            }
        };
        let found = super::super::hash::object_id(ObjectKind::Blob, &content);
        match found {
            Ok(found) if found == result => Ok(Content::New(content)),
            Ok(found) => Err(self.fault(FileFault::OtherResult {
                expected: result,
                found,
            })),
            Err(_) => Err(self.fault(FileFault::Delta)),
        }
    }

    fn name(&self) -> BString {
        let name = self
            .header
            .old_name
            .as_ref()
            .or(self.header.new_name.as_ref());
        name.cloned().unwrap_or_default()
    }

    fn fault(&self, fault: FileFault) -> PatchError {
        self.fault_at(self.name(), fault)
    }

    fn fault_at(&self, file: BString, fault: FileFault) -> PatchError {
        PatchError::File {
            file,
            line: self.header.line,
            fault,
        }
    }
}

impl Content {
    fn is_empty(&self) -> bool {
        match self {
            Self::Same(file) => file.id == ObjectId::empty_blob(gix_hash::Kind::Sha1),
            Self::New(content) => content.is_empty(),
        }
    }
}

/// Files with and without the executable bit are of one type.
fn is_same_type(one: EntryKind, other: EntryKind) -> bool {
    let file_type = |kind| match kind {
        EntryKind::BlobExecutable => EntryKind::Blob,
        kind => kind,
    };
    file_type(one) == file_type(other)
}

/// The content of a file; for a submodule, the text that git shows.
fn read(objects: &impl ObjectSource, file: File) -> Result<Shared, ReadError> {
    let id = file.id;
    if file.kind == EntryKind::Commit {
        return Ok(Rc::new(
            [SUBPROJECT, id.to_string().as_bytes(), b"\n"].concat(),
        ));
    }
    match objects.read(&id)? {
        Some((ObjectKind::Blob, content)) => Ok(content),
        Some(_) => Err(ReadError::Corrupt {
            id,
            what: "it stands where a file should, and is none",
        }),
        None => Err(ReadError::Corrupt {
            id,
            what: "it is a file that is not here",
        }),
    }
}
