//! Conflicts, as the caller sees them.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};
use serde_json::{Map, Value, json};

use super::body::Branch;
use super::outcome::dry_conflicts;
use super::workbench::Workbench;
use crate::git::edit::new_objects::WithNew;
use crate::git::merge::marked::ConflictedTexts;
use crate::git::merge::tree::conflict::{Conflict, ConflictKind, ConflictedPath};
use crate::git::merge::tree::{BranchNames, MergedTree, TreeMergeLimits, Version};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::timer::pause;

/// Conflicts that are shown.
const CONFLICTS_MAX: usize = 1000;

/// Bytes of a file that are shown.
const CONTENT_BYTES_MAX: usize = 64 << 10;

/// Bytes of all files that are shown.
const CONTENTS_BYTES_MAX: usize = 1 << 20;

/// Both sides of a merge, for the report of its conflicts.
pub(super) struct Sides<'a> {
    /// The names in the markers.
    pub(super) names: BranchNames,
    /// The merge bases, the youngest first.
    pub(super) merge_bases: &'a [ObjectId],
    /// The commit that could not be repeated.
    pub(super) commit: Option<ObjectId>,
}

/// Answers a merge that is not clean: 409, or 200 in a dry run.
pub(super) async fn conflicted(
    bench: &mut Workbench,
    branch: &Branch,
    old_head: ObjectId,
    dry_run: bool,
    merged: &MergedTree,
    sides: &Sides<'_>,
) -> Answer {
    let details = details(bench, merged, sides).await?;
    if dry_run {
        return dry_conflicts(branch, old_head, merged.tree, details);
    }
    Err(refused(details))
}

/// 409, with the conflicts.
fn refused(details: Map<String, Value>) -> ErrorReply {
    let total = details.get("conflictsTotal").and_then(Value::as_u64);
    let message = match total {
        Some(1) => "there is a conflict".to_owned(),
        total => format!("there are {} conflicts", total.unwrap_or(0)),
    };
    ErrorReply::new(ErrorCode::MergeConflict, message).with_details(Value::Object(details))
}

/// The conflicts of a merge, as details of an error.
async fn details(
    bench: &mut Workbench,
    merged: &MergedTree,
    sides: &Sides<'_>,
) -> Result<Map<String, Value>, ErrorReply> {
    let mut conflicts = Vec::new();
    let mut room_bytes = CONTENTS_BYTES_MAX;
    let by_path = ByPath::new(&merged.conflicts);
    for path in merged.conflicted.iter().take(CONFLICTS_MAX) {
        let conflict = by_path.conflict_of(path.path.as_ref());
        let told = told_path(bench, conflict, sides, path, &mut room_bytes).await?;
        conflicts.push(Value::Object(told));
    }
    let without_path: Vec<&Conflict> = without_path(merged).collect();
    let total = merged.conflicted.len().saturating_add(without_path.len());
    let room = CONFLICTS_MAX.saturating_sub(conflicts.len());
    for conflict in without_path.into_iter().take(room) {
        let mut told = Map::new();
        let path = conflict.paths.first().cloned().unwrap_or_default();
        put_path(&mut told, &path);
        put_kind(&mut told, conflict.kind, &path, Some(conflict));
        for side in ["base", "ours", "theirs", "content"] {
            told.insert(side.to_owned(), Value::Null);
        }
        conflicts.push(Value::Object(told));
    }
    let ids: Vec<String> = sides.merge_bases.iter().map(ToString::to_string).collect();
    let mut details = Map::new();
    details.insert("mergeBase".to_owned(), json!(ids.first()));
    details.insert("mergeBases".to_owned(), json!(ids));
    if let Some(commit) = sides.commit {
        details.insert("commit".to_owned(), json!(commit.to_string()));
    }
    details.insert("conflicts".to_owned(), Value::Array(conflicts));
    details.insert("conflictsTotal".to_owned(), json!(total));
    Ok(details)
}

/// Conflicts about directories, which leave no path conflicted.
fn without_path(merged: &MergedTree) -> impl Iterator<Item = &Conflict> {
    merged.conflicts.iter().filter(|conflict| {
        matches!(
            conflict.kind,
            ConflictKind::DirectoryRenameSplit
                | ConflictKind::DirectoryRenameInTheWay
                | ConflictKind::DirectoryRenameCollision
        )
    })
}

async fn told_path(
    bench: &mut Workbench,
    conflict: Option<&Conflict>,
    sides: &Sides<'_>,
    path: &ConflictedPath,
    room_bytes: &mut usize,
) -> Result<Map<String, Value>, ErrorReply> {
    let kind = conflict.map_or_else(|| kind_of(path), |conflict| conflict.kind);
    let mut told = Map::new();
    put_path(&mut told, &path.path);
    put_kind(&mut told, kind, &path.path, conflict);
    for (name, version) in ["base", "ours", "theirs"].into_iter().zip(path.stages) {
        told.insert(name.to_owned(), version.map_or(Value::Null, shown));
    }
    let has_content = matches!(kind, ConflictKind::Content | ConflictKind::AddAdd);
    let content = if has_content && *room_bytes > 0 {
        pause().await;
        let content = marked(bench, sides, path).await?;
        content.and_then(|content| String::from_utf8(content).ok())
    } else {
        None
    };
    let is_cut = has_content && *room_bytes == 0;
    let (content, is_cut) = match content {
        Some(content) => cut(content, CONTENT_BYTES_MAX.min(*room_bytes)),
        None => (None, is_cut),
    };
    *room_bytes = room_bytes.saturating_sub(content.as_deref().map_or(0, str::len));
    told.insert("content".to_owned(), json!(content));
    told.insert("contentTruncated".to_owned(), json!(is_cut));
    Ok(told)
}

/// The file with its conflicts marked; `None` if it is not text.
async fn marked(
    bench: &mut Workbench,
    sides: &Sides<'_>,
    path: &ConflictedPath,
) -> Result<Option<Vec<u8>>, ErrorReply> {
    let bytes_max = TreeMergeLimits::default().text_bytes_max;
    let objects = &bench.objects;
    let read = bench.reading.until(|packs| {
        let objects = WithNew::new(objects, packs);
        ConflictedTexts::read(&objects, path.stages, bytes_max)
    });
    let Some(texts) = read.await? else {
        return Ok(None);
    };
    bench.make_text_room(texts.merge_bytes()).await?;
    Ok(Some(texts.marked(&sides.names)))
}

/// Cuts a text to this many bytes.
fn cut(mut text: String, bytes_max: usize) -> (Option<String>, bool) {
    if text.len() <= bytes_max {
        return (Some(text), false);
    }
    let end = (0..=bytes_max).rev().find(|at| text.is_char_boundary(*at));
    text.truncate(end.unwrap_or(0));
    (Some(text), true)
}

/// The first conflict that is about a path, and the first in which it takes part. A merge may have very
/// many conflicts, so they are looked through once.
#[derive(Default)]
struct ByPath<'a> {
    about: HashMap<&'a BStr, &'a Conflict>,
    with: HashMap<&'a BStr, &'a Conflict>,
}

impl<'a> ByPath<'a> {
    fn new(conflicts: &'a [Conflict]) -> Self {
        let mut by_path = Self::default();
        for conflict in conflicts {
            if let Some(first) = conflict.paths.first() {
                by_path.about.entry(first.as_ref()).or_insert(conflict);
            }
            for path in &conflict.paths {
                by_path.with.entry(path.as_ref()).or_insert(conflict);
            }
        }
        by_path
    }

    /// The conflict that a path is about, else one in which it takes part.
    fn conflict_of(&self, path: &BStr) -> Option<&'a Conflict> {
        let found = self.about.get(path).or_else(|| self.with.get(path));
        found.copied()
    }
}

/// The kind of a conflict without a note.
fn kind_of(path: &ConflictedPath) -> ConflictKind {
    match path.stages {
        [_, Some(_), Some(_)] => ConflictKind::Content,
        _ => ConflictKind::ModifyDelete,
    }
}

fn put_kind(
    told: &mut Map<String, Value>,
    kind: ConflictKind,
    path: &BString,
    conflict: Option<&Conflict>,
) {
    told.insert("kind".to_owned(), json!(kind.name()));
    let all = conflict.map_or(&[][..], |conflict| &conflict.paths);
    let others: Vec<_> = all.iter().filter(|other| *other != path).collect();
    if !others.is_empty() {
        let others: Vec<_> = others.iter().map(|other| other.to_str_lossy()).collect();
        told.insert("paths".to_owned(), json!(others));
    }
}

fn put_path(told: &mut Map<String, Value>, path: &BString) {
    told.insert("path".to_owned(), json!(path.to_str_lossy()));
    if path.to_str().is_err() {
        told.insert("pathBase64".to_owned(), json!(STANDARD.encode(path)));
    }
}

fn shown(version: Version) -> Value {
    let mode = format!("{:06o}", version.kind as u16);
    json!({"mode": mode, "hash": version.id.to_string()})
}
