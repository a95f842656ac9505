//! A commit as it was asked for, checked as far as that needs no repository.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix_hash::ObjectId;
use gix_object::bstr::BString;
use gix_object::tree::EntryKind;

use super::body::{CommitBody, FileBody, LfsBody};
use crate::git::edit::change::{Action, Change, Object};
use crate::git::lfs::{LfsOid, Pointer};
use crate::git::limits::Limits;
use crate::git::protocol::oid_hex;
use crate::git::refname;
use crate::repo_do::contract::{ErrorCode, ErrorReply, check_branch};
use crate::repo_do::write::push_options;

/// Files of one commit.
pub(super) const FILES_MAX: usize = 100_000;

/// Bytes of a `content_id`.
const CONTENT_ID_BYTES_MAX: usize = 128;

/// Bytes of `base`.
const BASE_BYTES_MAX: usize = 1024;

/// A commit that was asked for.
#[derive(Debug)]
pub(super) struct Draft {
    /// The branch's short name.
    pub(super) branch: String,
    /// Its full name.
    pub(super) name: BString,
    /// The guard: absent, nothing, or a commit.
    #[expect(clippy::option_option, reason = "absent, null and an id differ")]
    pub(super) guard: Option<Option<ObjectId>>,
    /// The revision that it starts from if it does not exist.
    pub(super) base: Option<String>,
    /// The changes.
    pub(super) changes: Vec<Change>,
    /// A patch in their place.
    pub(super) patch: Option<String>,
    /// As `git push -o` sends them.
    pub(super) push_options: Vec<BString>,
    /// Whether a commit that changes nothing is made.
    pub(super) allow_empty: bool,
    /// Whether contents go through Git LFS where `.gitattributes` says so.
    pub(super) lfs: bool,
    /// The objects of Git LFS that files name.
    pub(super) named: Vec<NamedObject>,
    /// The contents that came with them, by the number of [`Object::Later`].
    pub(super) contents: Vec<Vec<u8>>,
    /// The contents that will come, whose numbers follow.
    pub(super) streamed: Vec<Streamed>,
    /// The numbers of the streamed contents, by the caller's names for them.
    pub(super) numbers: HashMap<String, u32>,
    /// The pointer by which errors name the changes.
    pub(super) pointer: &'static str,
}

/// An object of Git LFS that a file names. Its pointer is among the contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NamedObject {
    /// The number of the file.
    pub(super) file: usize,
    /// The number of the content.
    pub(super) content: usize,
    /// The object.
    pub(super) pointer: Pointer,
}

/// A content that will come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Streamed {
    /// The caller's name for it.
    pub(super) content_id: String,
    /// Its bytes, if they were announced.
    pub(super) size_bytes: Option<u64>,
    /// The number of its file.
    pub(super) file: usize,
}

impl Draft {
    /// Checks the request; `pointer` leads to it in the body. The contents of files are taken out
    /// of the body.
    pub(super) fn new(
        body: &mut CommitBody,
        pointer: &'static str,
        takes_streams: bool,
    ) -> Result<Self, ErrorReply> {
        let at = |field: &str| format!("{pointer}/{field}");
        let branch = body
            .branch
            .strip_prefix(refname::HEADS)
            .unwrap_or(&body.branch);
        check_branch(branch).map_err(|why| invalid(at("branch"), why))?;
        if let Some(base) = body.base.as_deref().map(str::len)
            && !(1..=BASE_BYTES_MAX).contains(&base)
        {
            let message = format!("base has {base} bytes, it takes 1 to {BASE_BYTES_MAX}");
            return Err(invalid(at("base"), message));
        }
        let guard = match &body.expected_head {
            None => None,
            Some(None) => Some(None),
            Some(Some(id)) => Some(Some(
                object_id(id).map_err(|why| invalid(at("expected_head"), why))?,
            )),
        };
        let files = std::mem::take(&mut body.files);
        let patch = body.patch.take();
        let push_options = std::mem::take(&mut body.push_options);
        if patch.is_some() && !files.is_empty() {
            let message = "patch and files are not taken together";
            return Err(invalid(at("patch"), message));
        }
        if patch.is_some() && body.lfs {
            let message = "patch and lfs are not taken together";
            return Err(invalid(at("lfs"), message));
        }
        if files.len() > FILES_MAX {
            let message = format!("{} files, at most {FILES_MAX} are taken", files.len());
            return Err(ErrorReply::at(ErrorCode::MemoryLimit, at("files"), message));
        }
        let mut draft = Self {
            name: format!("{}{branch}", refname::HEADS).into(),
            branch: branch.to_owned(),
            push_options: push_options::checked(push_options, &at("push_options"))?,
            allow_empty: body.allow_empty,
            lfs: body.lfs,
            named: Vec::new(),
            patch,
            guard,
            base: body.base.clone(),
            changes: Vec::with_capacity(files.len()),
            contents: Vec::new(),
            streamed: Vec::new(),
            numbers: HashMap::new(),
            pointer,
        };
        let mut later = Vec::new();
        for (number, file) in files.into_iter().enumerate() {
            draft.take(number, file, takes_streams, &mut later)?;
        }
        draft.number_streamed(&later);
        Ok(draft)
    }

    /// The JSON pointer of a field of a file.
    pub(super) fn field(&self, file: usize, field: &str) -> String {
        format!("{}/files/{file}/{field}", self.pointer)
    }

    fn take(
        &mut self,
        number: usize,
        file: FileBody,
        takes_streams: bool,
        later: &mut Vec<usize>,
    ) -> Result<(), ErrorReply> {
        let at = |draft: &Self, field: &str| draft.field(number, field);
        let what = self.source(number, &file);
        let path = path(file.path, file.path_base64, "path");
        let path = path.map_err(|why| invalid(at(self, "path"), why))?;
        let path = path.ok_or_else(|| invalid(at(self, "path"), "a file needs a path"))?;
        let from = self::path(file.move_from, file.move_from_base64, "move_from");
        let from = from.map_err(|why| invalid(at(self, "move_from"), why))?;
        let kind = file.mode.as_deref().map(mode).transpose();
        let kind = kind.map_err(|why| invalid(at(self, "mode"), why))?;
        let object = match what? {
            Some("content") => Some(self.content(file.content.unwrap_or_default().into_bytes())),
            Some("content_base64") => {
                let text = file.content_base64.unwrap_or_default();
                let content = STANDARD.decode(text);
                let content = content.map_err(|why| {
                    invalid(at(self, "content_base64"), format!("no base64: {why}"))
                })?;
                Some(self.content(content))
            }
            Some("content_id") => {
                let id = file.content_id.unwrap_or_default();
                later.push(number);
                Some(self.streamed(number, id, file.size, takes_streams)?)
            }
            Some("lfs") => {
                if !matches!(
                    kind,
                    None | Some(EntryKind::Blob | EntryKind::BlobExecutable)
                ) {
                    let message = "lfs is for files of the modes 100644 and 100755";
                    return Err(invalid(at(self, "mode"), message));
                }
                file.lfs
                    .map(|named| self.named(number, &named))
                    .transpose()?
            }
            Some("blob") => {
                let id = object_id(&file.blob.unwrap_or_default());
                Some(Object::Known(
                    id.map_err(|why| invalid(at(self, "blob"), why))?,
                ))
            }
            _ => None,
        };
        let action = match (file.delete, from, object) {
            (true, None, _) if kind.is_none() => Action::Delete,
            (true, from, _) => {
                let field = if from.is_some() { "move_from" } else { "mode" };
                let message = format!("delete and {field} are not taken together");
                return Err(invalid(at(self, field), message));
            }
            (false, Some(from), object) => Action::Move { from, kind, object },
            (false, None, Some(object)) => Action::Put { kind, object },
            (false, None, None) => {
                let message = "a file needs one of content, content_base64, content_id, lfs, \
                               blob, delete, move_from";
                return Err(invalid(format!("{}/files/{number}", self.pointer), message));
            }
        };
        self.changes.push(Change { path, action });
        Ok(())
    }

    /// The field that says where the file's content comes from, or that the file goes: one at most.
    fn source(&self, number: usize, file: &FileBody) -> Result<Option<&'static str>, ErrorReply> {
        let given = [
            ("content", file.content.is_some()),
            ("content_base64", file.content_base64.is_some()),
            ("content_id", file.content_id.is_some()),
            ("lfs", file.lfs.is_some()),
            ("blob", file.blob.is_some()),
            ("delete", file.delete),
        ];
        let mut given = given
            .iter()
            .filter(|(_, given)| *given)
            .map(|(name, _)| *name);
        let (what, other) = (given.next(), given.next());
        if let (Some(what), Some(other)) = (what, other) {
            let message = format!("a file takes one of {what} and {other}");
            return Err(invalid(self.field(number, other), message));
        }
        if file.size.is_some() && what != Some("content_id") {
            let message = "size is told of a content_id alone";
            return Err(invalid(self.field(number, "size"), message));
        }
        Ok(what)
    }

    fn content(&mut self, content: Vec<u8>) -> Object {
        let number = u32::try_from(self.contents.len()).unwrap_or(u32::MAX);
        self.contents.push(content);
        Object::Later(number)
    }

    fn named(&mut self, file: usize, named: &LfsBody) -> Result<Object, ErrorReply> {
        let oid = LfsOid::from_hex(named.oid.as_bytes());
        let oid = oid.ok_or_else(|| {
            let message = "an oid has 64 hexadecimal digits, in lower case";
            invalid(self.field(file, "lfs/oid"), message)
        })?;
        let size = named.size;
        let pointer = Pointer { oid, size };
        self.named.push(NamedObject {
            file,
            content: self.contents.len(),
            pointer,
        });
        Ok(self.content(pointer.write()))
    }

    fn streamed(
        &mut self,
        file: usize,
        content_id: String,
        size_bytes: Option<u64>,
        takes_streams: bool,
    ) -> Result<Object, ErrorReply> {
        let pointer = self.field(file, "content_id");
        if !takes_streams {
            let message = "content_id is for application/x-ndjson, whose lines bring the content";
            return Err(invalid(pointer, message));
        }
        let bytes = content_id.len();
        if !(1..=CONTENT_ID_BYTES_MAX).contains(&bytes) {
            let message =
                format!("content_id has {bytes} bytes, it takes 1 to {CONTENT_ID_BYTES_MAX}");
            return Err(invalid(pointer, message));
        }
        let limit = Limits::DEFAULT.object_bytes_max;
        if let Some(size) = size_bytes.filter(|size| *size > limit) {
            return Err(too_large(self.field(file, "size"), size));
        }
        let new = u32::try_from(self.streamed.len()).unwrap_or(u32::MAX);
        let number = *self.numbers.entry(content_id.clone()).or_insert(new);
        if number == new {
            self.streamed.push(Streamed {
                content_id,
                size_bytes,
                file,
            });
        } else if let Some(first) = usize::try_from(number)
            .ok()
            .and_then(|number| self.streamed.get(number))
            && first.size_bytes != size_bytes
        {
            let message = format!("file {} has this content_id with another size", first.file);
            return Err(invalid(self.field(file, "size"), message));
        }
        Ok(Object::Later(number))
    }

    /// Numbers the streamed contents behind those that came with the changes. `files` are the files
    /// that they are of.
    fn number_streamed(&mut self, files: &[usize]) {
        let first = u32::try_from(self.contents.len()).unwrap_or(u32::MAX);
        for file in files {
            let action = self.changes.get_mut(*file).map(|change| &mut change.action);
            let object = match action {
                Some(Action::Put { object, .. }) => Some(object),
                Some(Action::Move { object, .. }) => object.as_mut(),
                _ => None,
            };
            if let Some(Object::Later(number)) = object {
                *number = number.saturating_add(first);
            }
        }
    }
}

/// 413: the content of a file is larger than one object may be.
pub(super) fn too_large(pointer: String, bytes: u64) -> ErrorReply {
    let limit = Limits::DEFAULT.object_bytes_max;
    let message = format!("the content has {bytes} bytes, at most {limit} are taken");
    ErrorReply::at(ErrorCode::MemoryLimit, pointer, message)
}

/// 400 at a field.
pub(in crate::repo_do::write) fn invalid(
    pointer: impl Into<String>,
    message: impl Into<String>,
) -> ErrorReply {
    ErrorReply::at(ErrorCode::InvalidInput, pointer, message)
}

pub(in crate::repo_do::write) fn object_id(text: &str) -> Result<ObjectId, String> {
    oid_hex::parse(text.as_bytes())
        .ok_or_else(|| "an object id has 40 hexadecimal digits, in lower case".to_owned())
}

/// A path as text, or of any bytes.
fn path(
    text: Option<String>,
    base64: Option<String>,
    field: &str,
) -> Result<Option<BString>, String> {
    match (text, base64) {
        (Some(_), Some(_)) => Err(format!("{field} and {field}_base64 are not taken together")),
        (Some(text), None) => Ok(Some(text.into())),
        (None, Some(text)) => match STANDARD.decode(text) {
            Ok(path) => Ok(Some(path.into())),
            Err(error) => Err(format!("{field}_base64 is no base64: {error}")),
        },
        (None, None) => Ok(None),
    }
}

fn mode(text: &str) -> Result<EntryKind, String> {
    Ok(match text {
        "100644" => EntryKind::Blob,
        "100755" => EntryKind::BlobExecutable,
        "120000" => EntryKind::Link,
        "160000" => EntryKind::Commit,
        "040000" => EntryKind::Tree,
        _ => {
            return Err("a mode is one of 100644, 100755, 120000, 160000 and 040000".to_owned());
        }
    })
}
