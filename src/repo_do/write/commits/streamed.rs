//! A commit whose files come in lines behind it (`application/x-ndjson`): they go into the pack as
//! they come, so that their size costs no memory.
//!
//! The first line is `{"metadata": {…}}`. Each other line is
//! `{"chunk": {"content_id", "data", "eof"}}`: the pieces of one content follow each other, up to the
//! one that says `eof`, and contents come in any order. The wishes in the metadata are checked before the
//! first piece is taken.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::FutureExt as _;
use gix_hash::ObjectId;
use serde::Deserialize;

use super::body::CommitBody;
use super::draft::{Draft, Streamed, invalid};
use super::ground::{self, Ground};
use super::inline;
use super::large::LargeFiles;
use super::large_content::{Content, LargeContent};
use super::lines::Lines;
use super::made::{self, Made};
use super::people::Words;
use crate::git::edit::new_objects::NewObjects;
use crate::git::edit::plan::FinishError;
use crate::git::hash::WholeObject;
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::repo_do::contract::{ErrorCode, ErrorReply, strict};
use crate::repo_do::receive::by_rest::change_refs;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::write::body::{HeldBody, give_up, unreadable};
use crate::repo_do::write::files_changed::files_changed;
use crate::repo_do::write::pack_maker::PackMaker;
use crate::repo_do::write::refusal::{self, full};
use crate::repo_do::write::request::WriteRequest;
use crate::repo_do::write::streamed_blob::{BLOB_BYTES, BlobError, StreamedBlob};

/// Bytes of the trees that one commit makes.
const TREE_BYTES_MAX: u64 = 32 << 20;

/// Base64 that is decoded at once, a multiple of four.
const BASE64_PIECE: usize = 64 << 10;

/// Where the metadata stands in its line.
const POINTER: &str = "/0/metadata";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FirstLine {
    metadata: CommitBody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChunkLine<'a> {
    #[serde(borrow)]
    chunk: Chunk<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Chunk<'a> {
    #[serde(borrow)]
    content_id: Cow<'a, str>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(default)]
    eof: bool,
}

/// Makes the commit.
pub(super) async fn commit(write: WriteRequest) -> Answer {
    let mut body = Body::of(&write.request).map_err(|error| unreadable(&error))?;
    // Boxed, as its parts are: otherwise each caller's future would hold all of it.
    let committed = take(&write, &mut body).boxed_local().await;
    if committed.is_err() {
        give_up(&mut body, &write.request).await;
    }
    committed
}

async fn take(write: &WriteRequest, body: &mut Body) -> Answer {
    let mut lines = Lines::default();
    let mut held = HeldBody::new();
    let mut piece = Vec::new();
    let mut commit: Option<Coming> = None;
    while body
        .next(&mut piece)
        .await
        .map_err(|error| unreadable(&error))?
    {
        write.once.note_body(&piece);
        let mut rest = piece.as_slice();
        while !rest.is_empty() {
            let is_whole = lines.take(&mut rest)?;
            held.hold(lines.held_bytes()).await?;
            if !is_whole {
                continue;
            }
            if let Some(commit) = &mut commit {
                commit.line(lines.line(), lines.number()).await?;
            } else {
                commit = Some(Coming::begin(write, lines.line()).await?);
                lines.shrink();
            }
        }
    }
    if lines.has_last() {
        match &mut commit {
            Some(commit) => commit.line(lines.line(), lines.number()).await?,
            None => commit = Some(Coming::begin(write, lines.line()).await?),
        }
    }
    write.account.received(body.received_bytes());
    let missing = || {
        let message = "the body has no line with the metadata";
        ErrorReply::at(ErrorCode::InvalidInput, POINTER, message)
    };
    commit.ok_or_else(missing)?.end(write).await
}

/// The commit that the metadata asks for.
enum Coming {
    /// A commit without contents to come.
    Whole(Box<(Draft, Words)>),
    /// One whose contents are coming.
    Streamed(Box<Commit>),
}

impl Coming {
    /// Reads the metadata and plans the commit.
    async fn begin(write: &WriteRequest, line: &[u8]) -> Result<Self, ErrorReply> {
        let FirstLine { mut metadata } = strict::object(line).map_err(|error| of_line(error, 1))?;
        let words = Words::new(&metadata, &write.authorized, now_ms(), POINTER)?;
        let draft = Draft::new(&mut metadata, POINTER, true)?;
        drop(metadata);
        if draft.streamed.is_empty() {
            return Ok(Self::Whole(Box::new((draft, words))));
        }
        let commit = Commit::begin(write, draft, words).await?;
        Ok(Self::Streamed(Box::new(commit)))
    }

    /// Takes a piece of a content.
    async fn line(&mut self, line: &[u8], line_number: u32) -> Result<(), ErrorReply> {
        match self {
            Self::Streamed(commit) => commit.line(line, line_number).await,
            Self::Whole(_) => {
                let message = format!("line {line_number}: no file has a content_id");
                Err(invalid(pointer_of(line_number, ""), message))
            }
        }
    }

    /// All lines are here.
    async fn end(self, write: &WriteRequest) -> Answer {
        match self {
            Self::Streamed(commit) => commit.end(write).boxed_local().await,
            Self::Whole(whole) => inline::make(write, whole.0, &whole.1).await,
        }
    }
}

/// A commit whose contents are coming.
struct Commit {
    draft: Draft,
    words: Words,
    /// Trees that were planned.
    trees: u32,
    maker: PackMaker,
    /// The entries of the pack, by the number of the content; those that came with the metadata are
    /// first.
    entries: Vec<Option<u32>>,
    written: u32,
    /// The content whose pieces are coming.
    open: Option<(usize, Content)>,
    /// The files that go through Git LFS, if that was asked for.
    large: Option<LargeFiles>,
}

impl Commit {
    /// Plans the commit.
    async fn begin(
        write: &WriteRequest,
        mut draft: Draft,
        words: Words,
    ) -> Result<Self, ErrorReply> {
        let large = LargeFiles::of(write, &mut draft).boxed_local().await?;
        let mut reading = write.reading().await?;
        let ground = Ground::find(write, &draft, &mut reading).await?;
        let plan = ground::plan(write, &draft, &ground, &mut reading).await?;
        drop(reading);
        let trees = plan.trees();
        drop(plan);
        let given = std::mem::take(&mut draft.contents);
        let blobs = given.len().saturating_add(draft.streamed.len());
        // The trees, and the commit.
        let objects = u32::try_from(blobs)
            .unwrap_or(u32::MAX)
            .saturating_add(trees);
        let objects = objects.saturating_add(1);
        let beside_bytes = BLOB_BYTES.saturating_add(held_bytes(&draft));
        let maker = PackMaker::begin(&write.writer(), objects, beside_bytes).await?;
        let mut commit = Self {
            entries: vec![None; blobs],
            draft,
            words,
            trees,
            maker,
            written: 0,
            open: None,
            large,
        };
        for (number, content) in given.iter().enumerate() {
            let kind = ObjectKind::Blob;
            commit.maker.put(WholeObject { kind, content }).await?;
            commit.note_entry(number);
        }
        Ok(commit)
    }

    /// Takes a piece of a content.
    async fn line(&mut self, line: &[u8], line_number: u32) -> Result<(), ErrorReply> {
        if line.trim_ascii().is_empty() {
            let message = format!("line {line_number} is empty");
            return Err(invalid(pointer_of(line_number, ""), message));
        }
        let ChunkLine { chunk } =
            strict::object(line).map_err(|error| of_line(error, line_number))?;
        let (number, mut content) = self.content_of(&chunk, line_number)?;
        for piece in chunk.data.as_bytes().chunks(BASE64_PIECE) {
            let bytes = STANDARD.decode(piece).map_err(|error| {
                let message = format!("line {line_number}: data is no base64: {error}");
                invalid(pointer_of(line_number, "/chunk/data"), message)
            })?;
            let taken = content.take(&bytes, &mut self.maker).await;
            taken.map_err(|error| error.at(Some(self.size_field(number))))?;
        }
        if chunk.eof {
            let ended = self.end_content(number, content).await;
            ended.map_err(|error| error.at(Some(self.size_field(number))))?;
            self.note_entry(number);
        } else {
            self.open = Some((number, content));
        }
        Ok(())
    }

    /// Writes the blob of a content that is at its end.
    async fn end_content(&mut self, number: usize, content: Content) -> Result<(), BlobError> {
        match (content, &mut self.large) {
            (Content::Blob(blob), _) => blob.end(&mut self.maker).await.map(drop),
            (Content::Large(content), Some(large)) => {
                content.check_end()?;
                let sent = large.send(number, *content, &mut self.maker);
                let content = &sent.boxed_local().await?;
                let kind = ObjectKind::Blob;
                Ok(self.maker.put(WholeObject { kind, content }).await?)
            }
            (Content::Large(_), None) => {
                Err(ErrorReply::internal("lfs", &"nothing was to go there").into())
            }
        }
    }

    /// The content that a piece is of: the open one, or one that begins.
    fn content_of(
        &mut self,
        chunk: &Chunk<'_>,
        line_number: u32,
    ) -> Result<(usize, Content), ErrorReply> {
        let wrong = |message: String| {
            let pointer = pointer_of(line_number, "/chunk/content_id");
            invalid(pointer, format!("line {line_number}: {message}"))
        };
        let named = self.draft.numbers.get(&*chunk.content_id);
        let number = named.and_then(|number| usize::try_from(*number).ok());
        let given = self.entries.len().saturating_sub(self.draft.streamed.len());
        let Some(number) = number.map(|number| number.saturating_add(given)) else {
            return Err(wrong(
                "no file of the metadata has this content_id".to_owned(),
            ));
        };
        if let Some((open, content)) = self.open.take() {
            if open == number {
                return Ok((open, content));
            }
            let name = self.streamed(open).map_or("", |open| &open.content_id);
            let message = format!("content '{name}' has no piece with eof yet");
            return Err(wrong(message));
        }
        if self.entries.get(number).copied().flatten().is_some() {
            return Err(wrong("this content was at its end".to_owned()));
        }
        let size_bytes = self
            .streamed(number)
            .and_then(|streamed| streamed.size_bytes);
        let large = self.large.as_ref();
        Ok((
            number,
            if large.is_some_and(|large| large.is_marked(number)) {
                Content::Large(Box::new(LargeContent::new(size_bytes)))
            } else {
                Content::Blob(StreamedBlob::new(size_bytes))
            },
        ))
    }

    fn streamed(&self, number: usize) -> Option<&Streamed> {
        let given = self.entries.len().saturating_sub(self.draft.streamed.len());
        self.draft.streamed.get(number.checked_sub(given)?)
    }

    fn size_field(&self, number: usize) -> String {
        let file = self.streamed(number).map_or(0, |streamed| streamed.file);
        self.draft.field(file, "size")
    }

    /// The content of this number was written.
    fn note_entry(&mut self, number: usize) {
        if let Some(entry) = self.entries.get_mut(number) {
            *entry = Some(self.written);
        }
        self.written = self.written.saturating_add(1);
    }

    /// All lines are here: writes the trees and the commit, and publishes.
    async fn end(mut self, write: &WriteRequest) -> Answer {
        let ids = self.content_ids().await?;
        let mut reading = write.reading().await?;
        let ground = Ground::find(write, &self.draft, &mut reading).await?;
        let plan = ground::plan(write, &self.draft, &ground, &mut reading).await?;
        if plan.trees() != self.trees {
            // The pack says already how many objects it has.
            return Err(refusal::moved("/0/metadata/expected_head", ground.head));
        }
        let _confirmed = match &self.large {
            Some(large) => {
                let confirmed = large.confirm(write, &self.draft, (&ground, &mut reading));
                Some(confirmed.boxed_local().await?)
            }
            None => None,
        };
        let mut trees: Vec<Vec<u8>> = Vec::new();
        let mut sizes = NewObjects::new(TREE_BYTES_MAX, &Limits::DEFAULT);
        let tree = plan.finish(&ids, |content| {
            trees.push(content.clone());
            sizes.add(ObjectKind::Tree, content)
        });
        let tree = tree.map_err(|error| match error {
            FinishError::Write(error) => full(error),
            error @ FinishError::NoId { .. } => ErrorReply::internal("edit", &error),
        })?;
        made::check_changes(&ground, tree, self.draft.allow_empty)?;
        let files_changed = files_changed([ground.tree, Some(tree)], &sizes, &mut reading).await?;
        drop((reading, sizes));
        for content in &trees {
            let kind = ObjectKind::Tree;
            self.maker.put(WholeObject { kind, content }).await?;
        }
        let content = made::content(&ground, tree, &self.words);
        let kind = ObjectKind::Commit;
        let content = content.as_slice();
        self.maker.put(WholeObject { kind, content }).await?;
        let ids = self.maker.ids().await?;
        let lost = || ErrorReply::internal("edit", &"the commit has no id");
        let commit: ObjectId = ids.last().copied().ok_or_else(lost)?;
        let made = Made {
            commit,
            tree,
            files_changed,
            large: self.large.as_ref(),
        };
        let changes = made::changes(&self.draft, &ground, made);
        let new_pack = self.maker.finish().await?;
        let outcomes = change_refs(&write.writer(), changes, Some(new_pack), None).await?;
        match outcomes.into_iter().next().flatten() {
            None => made::answer(&self.draft, &ground, made),
            Some(rejection) => {
                let (branch, guard) = ("/0/metadata/branch", "/0/metadata/expected_head");
                Err(refusal::reply(&rejection, branch, guard))
            }
        }
    }

    /// The ids of all contents, by their numbers; an error unless all are here.
    async fn content_ids(&mut self) -> Result<Vec<ObjectId>, ErrorReply> {
        if let Some((number, _)) = &self.open {
            return Err(self.not_ended(*number));
        }
        let ids = self.maker.ids().await?;
        let mut found = Vec::with_capacity(self.entries.len());
        for (number, entry) in self.entries.iter().enumerate() {
            let position = entry.and_then(|entry| usize::try_from(entry).ok());
            let id = position.and_then(|position| ids.get(position));
            found.push(*id.ok_or_else(|| self.not_ended(number))?);
        }
        Ok(found)
    }

    fn not_ended(&self, number: usize) -> ErrorReply {
        let (file, name) = match self.streamed(number) {
            Some(streamed) => (streamed.file, streamed.content_id.as_str()),
            None => (0, ""),
        };
        let message = format!("the body ends before content '{name}': no piece of it says eof");
        invalid(self.draft.field(file, "content_id"), message)
    }
}

/// Bytes that the changes of a draft hold.
fn held_bytes(draft: &Draft) -> u64 {
    /// A change, its place in the plan, and its name there.
    const CHANGE_BYTES: u64 = 500;
    let paths = draft.changes.iter().map(|change| change.path.len() as u64);
    let changes = (draft.changes.len() as u64).saturating_mul(CHANGE_BYTES);
    paths.fold(changes, u64::saturating_add)
}

/// The same error, with the number of its line.
fn of_line(error: ErrorReply, line_number: u32) -> ErrorReply {
    let message = format!("line {line_number}: {}", error.message);
    let field = error.pointer.as_deref().unwrap_or_default();
    ErrorReply {
        message,
        pointer: Some(pointer_of(line_number, field)),
        ..error
    }
}

/// The pointer of a field in a line: the lines are a list, whose numbers begin with 0.
fn pointer_of(line_number: u32, field: &str) -> String {
    format!("/{}{field}", line_number.saturating_sub(1))
}
