//! Which files of a commit go through Git LFS, as the attributes of the new tree say.

use std::collections::BTreeSet;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};
use gix_object::tree::EntryKind;

use super::draft::{Draft, invalid};
use super::ground::{self, Ground};
use crate::git::attributes::lookup::directories_of;
use crate::git::attributes::{AttributesFile, FILE_NAME, Lookup, State};
use crate::git::content::lookup::{self, TreePath};
use crate::git::edit::change::{Action, Change, Object};
use crate::git::edit::new_objects::{NewObjects, WithNew};
use crate::git::edit::plan::{FinishError, Plan};
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::store::ObjectSource;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::write::refusal::full;
use crate::repo_do::write::request::WriteRequest;

/// The attribute that `git lfs track` sets, and its value.
const ATTRIBUTE: &str = "filter";
const VALUE: &[u8] = b"lfs";

/// Bytes of the `.gitattributes` files that bear on one commit, together.
const ATTRIBUTES_BYTES_MAX: u64 = 4 << 20;

/// Bytes of the trees, and of the `.gitattributes` files that come with the commit.
const HELD_BYTES_MAX: u64 = 32 << 20;

/// Directories that are read between two pauses: some milliseconds of CPU.
const STEP_DIRECTORIES: usize = 200;

/// Lines that paths are compared with between two pauses: some milliseconds of CPU.
const STEP_LINES: usize = 20_000;

/// The new tree, with nothing in place of the contents whose ids are not known yet.
struct Sketch {
    root: ObjectId,
    objects: NewObjects,
}

/// The contents of a draft, as far as the new tree's attributes need them.
pub(super) struct Contents {
    /// How many came with the draft; their numbers are the first.
    given: usize,
    /// How many there are.
    pub(super) count: usize,
    /// The `.gitattributes` files among the given ones, by their numbers.
    attributes: Vec<(usize, Vec<u8>)>,
}

impl Contents {
    /// Those of a draft whose contents are still in it.
    pub(super) fn of(draft: &Draft) -> Self {
        let attributes = draft
            .changes
            .iter()
            .filter(|change| is_attributes(&change.path));
        let attributes = attributes.filter_map(|change| {
            let number = content_of(change)?;
            Some((number, draft.contents.get(number)?.clone()))
        });
        let given = draft.contents.len();
        Self {
            given,
            count: given.saturating_add(draft.streamed.len()),
            attributes: attributes.collect(),
        }
    }
}

/// Says of each content of a draft, by its number, whether it goes through Git LFS.
pub(super) async fn marked(
    (write, draft): (&WriteRequest, &Draft),
    contents: &Contents,
    ground: &Ground,
    reading: &mut Reading,
) -> Result<Vec<bool>, ErrorReply> {
    let plan = ground::plan(write, draft, ground, reading).await?;
    let sketch = Sketch::of(plan, contents)?;
    reading.reserve(sketch.objects.held_bytes()).await?;
    let mut marked: Vec<Option<bool>> = vec![None; contents.count];
    let lookup = sketch.lookup(draft, reading).await?;
    let mut lines = 0_usize;
    for (file, change) in draft.changes.iter().enumerate() {
        let Some(number) = content_of(change) else {
            continue;
        };
        let is_marked = lookup.state(change.path.as_bstr()) == State::Value(BStr::new(VALUE))
            && !is_attributes(&change.path)
            && sketch.is_regular(change, reading).await?;
        lines = lines.saturating_add(lookup.lines());
        if lines > STEP_LINES {
            lines = 0;
            pause().await;
        }
        let Some(mark) = marked.get_mut(number) else {
            continue;
        };
        if mark.is_some_and(|mark| mark != is_marked) {
            let message = "this content_id is of a file that goes to git lfs and of one that does \
                           not: give each its own";
            return Err(invalid(draft.field(file, "content_id"), message));
        }
        *mark = Some(is_marked);
    }
    let marked = marked.into_iter();
    Ok(marked.map(Option::unwrap_or_default).collect())
}

/// The number of the content that a change brings.
pub(super) fn content_of(change: &Change) -> Option<usize> {
    match &change.action {
        Action::Put {
            object: Object::Later(number),
            ..
        }
        | Action::Move {
            object: Some(Object::Later(number)),
            ..
        } => usize::try_from(*number).ok(),
        _ => None,
    }
}

/// Whether the path is a `.gitattributes` file: Git could not read one that is a pointer.
fn is_attributes(path: &BString) -> bool {
    path.rsplit_str("/").next() == Some(FILE_NAME)
}

impl Sketch {
    /// Contents other than those of `.gitattributes` stand for the empty blob; those that will come for no
    /// object.
    fn of(plan: Plan, contents: &Contents) -> Result<Self, ErrorReply> {
        let mut objects = NewObjects::new(HELD_BYTES_MAX, &Limits::DEFAULT);
        let mut ids = vec![ObjectId::empty_blob(gix_hash::Kind::Sha1); contents.given];
        ids.resize(contents.count, ObjectId::null(gix_hash::Kind::Sha1));
        for (number, content) in &contents.attributes {
            let id = objects
                .add(ObjectKind::Blob, content.clone())
                .map_err(full)?;
            if let Some(known) = ids.get_mut(*number) {
                *known = id;
            }
        }
        let root = plan.finish(&ids, |content| objects.add(ObjectKind::Tree, content));
        let root = root.map_err(|error| match error {
            FinishError::Write(error) => full(error),
            error @ FinishError::NoId { .. } => ErrorReply::internal("edit", &error),
        })?;
        Ok(Self { root, objects })
    }

    /// The attributes of the directories in which files change, and of those above.
    async fn lookup(&self, draft: &Draft, reading: &mut Reading) -> Result<Lookup, ErrorReply> {
        let changes = draft.changes.iter();
        let changes = changes.filter(|change| content_of(change).is_some());
        let directories = changes.flat_map(|change| directories_of(change.path.as_bstr()));
        let directories: BTreeSet<&BStr> = directories.collect();
        let (mut files, mut bytes) = (Vec::new(), 0_u64);
        for (number, directory) in directories.into_iter().enumerate() {
            if number % STEP_DIRECTORIES == STEP_DIRECTORIES - 1 {
                pause().await;
            }
            let Some(content) = self.attributes(draft, directory, reading).await? else {
                continue;
            };
            bytes = bytes.saturating_add(content.len() as u64);
            if bytes > ATTRIBUTES_BYTES_MAX {
                let message = format!(
                    "the .gitattributes files of the changed directories have {bytes} bytes and \
                     more, at most {ATTRIBUTES_BYTES_MAX} are read"
                );
                let pointer = format!("{}/lfs", draft.pointer);
                return Err(ErrorReply::at(ErrorCode::MemoryLimit, pointer, message));
            }
            let file = AttributesFile::parse(&content, directory.is_empty());
            files.push((directory.to_owned(), file));
        }
        Ok(Lookup::new(ATTRIBUTE, files))
    }

    /// The `.gitattributes` file of a directory of the new tree.
    async fn attributes(
        &self,
        draft: &Draft,
        directory: &BStr,
        reading: &mut Reading,
    ) -> Result<Option<Vec<u8>>, ErrorReply> {
        let name = BString::from([directory.as_bytes(), FILE_NAME].join(&b'/'));
        let path = TreePath::new(&name);
        let found = reading
            .until(|packs| lookup::at_path(&WithNew::new(&self.objects, packs), self.root, &path));
        let found = found.await?;
        let file = found.filter(|found| !found.mode.is_tree() && !found.mode.is_gitlink());
        let Some(file) = file else {
            return Ok(None);
        };
        if file.id.is_null() {
            let name = name.strip_prefix(b"/").unwrap_or(&name);
            let mut files = draft.changes.iter();
            let file = files.position(|change| change.path == name).unwrap_or(0);
            let message = "with lfs a .gitattributes file comes with the metadata, in content or \
                           content_base64: it decides what becomes of the files that follow";
            return Err(invalid(draft.field(file, "content_id"), message));
        }
        let read = reading.until(|packs| {
            let objects = WithNew::new(&self.objects, packs);
            match objects.size_bytes(&file.id)? {
                Some(bytes) if bytes > ATTRIBUTES_BYTES_MAX => Ok(Err(bytes)),
                _ => Ok(Ok(objects.read(&file.id)?)),
            }
        });
        match read.await? {
            Ok(content) => Ok(content.map(|(_, content)| content.to_vec())),
            Err(bytes) => {
                let message =
                    format!("{name} has {bytes} bytes, at most {ATTRIBUTES_BYTES_MAX} are read");
                let pointer = format!("{}/lfs", draft.pointer);
                Err(ErrorReply::at(ErrorCode::MemoryLimit, pointer, message))
            }
        }
    }

    /// Whether the change leaves an ordinary file at its path: Git filters no other entry.
    async fn is_regular(&self, change: &Change, reading: &mut Reading) -> Result<bool, ErrorReply> {
        let given = match &change.action {
            Action::Put { kind, .. } | Action::Move { kind, .. } => *kind,
            Action::Delete => None,
        };
        if let Some(kind) = given {
            return Ok(matches!(kind, EntryKind::Blob | EntryKind::BlobExecutable));
        }
        let path = TreePath::new(&change.path);
        let found = reading
            .until(|packs| lookup::at_path(&WithNew::new(&self.objects, packs), self.root, &path));
        let kind = found.await?.map(|found| found.mode.kind());
        Ok(matches!(
            kind,
            Some(EntryKind::Blob | EntryKind::BlobExecutable)
        ))
    }
}
