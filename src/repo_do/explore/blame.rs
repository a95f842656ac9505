//! `GET …/blame/:ref/:path`

use std::collections::BTreeSet;

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};
use serde_json::{Value, json};

use super::blame_query::BlameQuery;
use super::cursor::{CursorReader, CursorWriter, foreign, gone, question};
use super::kept::Place;
use super::page;
use crate::git::blame::{Blame, BlameError, Blamed, FileAt, Run, line_count, text_bytes};
use crate::git::compare::CompareError;
use crate::git::content::lookup::{self, TreePath};
use crate::git::graph::commits::CommitNode;
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::store::ReadError;
use crate::repo_do::compare::changes::Slice;
use crate::repo_do::compare::request::CompareRequest;
use crate::repo_do::compare::revisions::{begin, node, refused};
use crate::repo_do::content::answers::{self, no_path, no_ref, no_route, parse};
use crate::repo_do::content::reading::{Packs, Reading};
use crate::repo_do::content::shown::{self, Form};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::memory::Reservation;

/// Work of one request, in bytes of trees that could be read instead: some 3 s of CPU.
const WORK_BYTES_MAX: u64 = 256 << 20;

/// Bytes of commits that one answer shows.
const COMMITS_BYTES_MAX: usize = 4 << 20;

/// Bytes of a run in a cursor, at most.
const RUN_BYTES: usize = 15;

/// `…/blame/:ref/:path?range&cursor`; the ref and the path are percent-encoded.
pub(super) async fn blame(asked: CompareRequest, place: &str) -> Answer {
    let query = BlameQuery::read(&asked.query())?;
    let place = percent_encoding::percent_decode_str(place).decode_utf8();
    let place = place.map_err(|_| no_route())?;
    let mut reading = begin(&asked).await?;
    // Before anything else is awaited: the packs' own graph.
    let graph = reading.graph()?;
    let split = reading.store().split_revision(BStr::new(place.as_ref()))?;
    let split = split.ok_or_else(no_ref)?;
    let (id, path) = (split.id, BString::from(split.path));
    reading.check_visible(id, no_ref).await?;
    let commit = reading.until(|packs| lookup::peel(packs, id, ObjectKind::Commit));
    let (commit, _) = commit.await?.ok_or_else(no_ref)?;
    let tip = node(&graph, commit)?;
    let bounds = query.bounds();
    let question = question(&[b"blame", commit.as_slice(), &path, bounds.as_bytes()]);
    let kept = Place::of(&asked.object, &reading, question)?;
    if let (None, Some(answer)) = (&query.cursor, kept.answer()) {
        return answer;
    }
    let (blob, lines) = file(&mut reading, graph.tree_id(tip)?, path.as_bstr()).await?;
    let mut walk = Blame::new(graph, &Limits::DEFAULT);
    if let Some(cursor) = &query.cursor {
        resume(&mut reading, &mut walk, (cursor, question)).await?;
    } else {
        let runs = [query.run(lines)?];
        add(&mut reading, &mut walk, (tip, path.as_bstr()), &runs).await?;
    }
    run(&mut reading, &mut walk).await?;

    let found = walk.found();
    let left = left_cursor(&walk, question)?;
    let (commits, commits_cut) = commits(&mut reading, &walk, &found).await?;
    let mut ranges = Vec::with_capacity(found.len());
    for blamed in &found {
        ranges.push(range(&walk, blamed)?);
    }
    let count = ranges.len();
    let result = json!({
        "commit": commit.to_string(),
        "path": path.to_str_lossy(),
        "hash": blob.to_string(),
        "lines": lines,
        "ranges": ranges,
        "commits": commits,
        "commitsTruncated": commits_cut,
    });
    let left = left.unwrap_or_default();
    let out = page::envelope(&result, count, &left)?;
    if query.cursor.is_none() && left.is_empty() {
        kept.keep(&out);
    }
    Ok(answers::page(out, &left)?)
}

/// The file at the path, and how many lines it has.
async fn file(
    reading: &mut Reading,
    tree: ObjectId,
    path: &BStr,
) -> Result<(ObjectId, u32), ErrorReply> {
    let place = TreePath::new(path);
    let found = reading.until(|packs| lookup::at_path(packs, tree, &place));
    let found = found
        .await?
        .ok_or_else(|| no_path("there is no file at this path"))?;
    if found.mode.is_tree() || found.mode.is_gitlink() {
        return Err(no_path("the path names no file"));
    }
    let mut room = None;
    let bytes = until(reading, |packs| {
        text_bytes(packs, found.id, &Limits::DEFAULT)
    });
    let bytes = bytes.await?;
    reading.grow_room(&mut room, bytes).await?;
    let lines = until(reading, |packs| {
        line_count(packs, found.id, &Limits::DEFAULT)
    });
    Ok((found.id, lines.await?))
}

/// Makes the file of a commit answer for lines.
async fn add(
    reading: &mut Reading,
    walk: &mut Blame,
    (node, path): (CommitNode, &BStr),
    runs: &[Run],
) -> Result<(), ErrorReply> {
    let is_there = reading.until(|packs| walk.add(packs, (node, path), runs));
    if is_there.await? {
        Ok(())
    } else {
        Err(foreign())
    }
}

/// Goes on where a cursor was left.
async fn resume(
    reading: &mut Reading,
    walk: &mut Blame,
    (text, question): (&str, [u8; 20]),
) -> Result<(), ErrorReply> {
    let mut cursor = CursorReader::new(text, question)?;
    while !cursor.is_at_end() {
        let id = cursor.id()?;
        let path = BString::from(cursor.bytes()?);
        let mut runs = Vec::new();
        for _ in 0..cursor.number()? {
            runs.push(Run {
                line: cursor.number()?,
                lines: cursor.number()?,
                original: cursor.number()?,
            });
        }
        reading.check_visible(id, gone).await?;
        let node = walk.graph().lookup(&id)?.ok_or_else(gone)?;
        add(reading, walk, (node, path.as_bstr()), &runs).await?;
    }
    Ok(())
}

/// Walks until all is found or the budget is used up.
async fn run(reading: &mut Reading, walk: &mut Blame) -> Result<(), ErrorReply> {
    let mut slice = Slice::default();
    let (mut room, mut held): (Option<Reservation>, u64) = (None, 0);
    loop {
        let before = walk.worked_bytes();
        if before >= WORK_BYTES_MAX && walk.is_between_files() {
            return Ok(());
        }
        let needed = until(reading, |packs| walk.step_bytes(packs)).await?;
        if needed > held {
            reading.grow_room(&mut room, needed).await?;
            held = needed;
        }
        if !until(reading, |packs| walk.step(packs)).await? {
            return Ok(());
        }
        slice
            .worked(walk.worked_bytes().saturating_sub(before))
            .await;
    }
}

/// Where the lines stand that are left; `None` if there are none.
fn left_cursor(walk: &Blame, question: [u8; 20]) -> Result<Option<String>, ErrorReply> {
    let mut cursor = CursorWriter::new(question);
    let mut is_cut = false;
    for (file, runs) in walk.left().filter(|(_, runs)| !runs.is_empty()) {
        is_cut = true;
        let path = walk.path(file);
        let runs_bytes = runs.len().saturating_mul(RUN_BYTES);
        if !cursor.has_room(path.len().saturating_add(runs_bytes).saturating_add(30)) {
            let message = "too many places are left to go on from: ask for a range of fewer lines";
            return Err(ErrorReply::at(ErrorCode::MemoryLimit, "/range", message));
        }
        cursor.id(walk.graph().commit_id(file.node)?);
        cursor.bytes(path);
        cursor.number(u32::try_from(runs.len()).unwrap_or(u32::MAX));
        for run in runs {
            cursor.number(run.line);
            cursor.number(run.lines);
            cursor.number(run.original);
        }
    }
    Ok(is_cut.then(|| cursor.text()))
}

/// The commits that lines come from, as far as they have room, and whether some have not.
async fn commits(
    reading: &mut Reading,
    walk: &Blame,
    found: &[Blamed],
) -> Result<(Vec<Value>, bool), ErrorReply> {
    let nodes: BTreeSet<CommitNode> = found.iter().map(|blamed| blamed.file.node).collect();
    let (mut commits, mut bytes) = (Vec::new(), 0_usize);
    let mut slice = Slice::default();
    for node in nodes {
        if bytes >= COMMITS_BYTES_MAX {
            return Ok((commits, true));
        }
        let id = walk.graph().commit_id(node)?;
        let commit = reading.until(|packs| lookup::peel(packs, id, ObjectKind::Commit));
        let what = "a commit of the graph is missing";
        let (id, content) = commit.await?.ok_or(ReadError::Corrupt { id, what })?;
        bytes = bytes.saturating_add(content.len());
        let shown = serde_json::to_value(shown::Commit::new(id, &parse(id, &content)?, Form::Own));
        let shown =
            shown.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error.to_string()))?;
        commits.push(shown);
        slice.worked(content.len() as u64).await;
    }
    Ok((commits, false))
}

/// Lines as shown, numbered from 1.
fn range(walk: &Blame, blamed: &Blamed) -> Result<Value, ErrorReply> {
    let shown = |file: FileAt| -> Result<Value, ErrorReply> {
        Ok(json!({
            "hash": walk.graph().commit_id(file.node)?.to_string(),
            "path": walk.path(file).to_str_lossy(),
        }))
    };
    let mut range = json!({
        "line": blamed.run.line.saturating_add(1),
        "lines": blamed.run.lines,
        "originalLine": blamed.run.original.saturating_add(1),
        "hash": walk.graph().commit_id(blamed.file.node)?.to_string(),
        "path": walk.path(blamed.file).to_str_lossy(),
    });
    if let (Some(previous), Some(range)) = (blamed.previous, range.as_object_mut()) {
        range.insert("previous".to_owned(), shown(previous)?);
    }
    Ok(range)
}

/// Takes a step again until no chunk that it needs is cold.
async fn until<T>(
    reading: &mut Reading,
    mut step: impl FnMut(&Packs) -> Result<T, BlameError>,
) -> Result<T, ErrorReply> {
    let done = reading.until(|packs| match step(packs) {
        Err(BlameError::Compare(CompareError::Read(error))) => Err(error),
        other => Ok(other),
    });
    done.await?.map_err(|error| match error {
        BlameError::Compare(error) => refused(&error),
        BlameError::TooLarge { .. } => {
            ErrorReply::at(ErrorCode::MemoryLimit, "/path", error.to_string())
        }
    })
}
