//! `GET …/commit/:id.patch` and `.diff`

use gix_hash::ObjectId;
use worker::Response;

use super::bytes::{DIFF_TYPE, PatchBytes};
use super::changes::{self, Changes, Comparing};
use super::query::CompareQuery;
use super::request::CompareRequest;
use super::revisions::begin;
use super::stream::send;
use crate::git::compare::mail;
use crate::git::content::lookup;
use crate::git::object::ObjectKind;
use crate::git::store::{ReadError, Shared};
use crate::repo_do::content::answers::{named, no_object, parse};
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::Answer;

/// The last line of a mail. Git names its version there, and a clone's own git may be any.
const SIGNATURE: &str = concat!("cairn ", env!("CARGO_PKG_VERSION"));

/// A commit as a mail: `git format-patch --stdout --always --signature="cairn <version>" -1`, but that
/// binary files are compressed by us.
pub(super) async fn patch(compare: CompareRequest, id: &str) -> Answer {
    let query = CompareQuery::read(&compare.query(), &[])?;
    let mut reading = begin(&compare).await?;
    let commit = Commit::read(&mut reading, id).await?;
    // Git makes no patch of a merge.
    if commit.parents()? > 1 {
        let builder = Response::builder().with_header("content-type", DIFF_TYPE)?;
        return Ok(builder.fixed(Vec::new()));
    }
    let changes = commit.changes(&mut reading, &query).await?;
    let mut comparing = Comparing::default();
    let mut stats = Vec::new();
    for change in &changes.files {
        stats.push(comparing.stat(&mut reading, change).await?);
    }
    let (mut before, mut behind) = (Vec::new(), Vec::new());
    let id = commit.id;
    mail::write_head(&id, &commit.content, &changes.files, &stats, &mut before).map_err(|_| {
        let what = "it does not parse as a commit";
        ReadError::Corrupt { id, what }
    })?;
    mail::write_tail(SIGNATURE, &mut behind);
    let patches = PatchBytes::new(reading, changes, query.context);
    send(patches.between(before, behind), DIFF_TYPE).await
}

/// The changes of a commit: `git diff` of its first parent, or of nothing, and it.
pub(super) async fn diff(compare: CompareRequest, id: &str) -> Answer {
    let query = CompareQuery::read(&compare.query(), &[])?;
    let mut reading = begin(&compare).await?;
    let commit = Commit::read(&mut reading, id).await?;
    let changes = commit.changes(&mut reading, &query).await?;
    send(PatchBytes::new(reading, changes, query.context), DIFF_TYPE).await
}

/// A commit that a path names.
struct Commit {
    id: ObjectId,
    content: Shared,
}

impl Commit {
    async fn read(reading: &mut Reading, id: &str) -> Result<Self, ErrorReply> {
        let id = named(id)?;
        reading.check_visible(id, || no_object("commit")).await?;
        let found = reading
            .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
            .await?;
        let (id, content) = found.ok_or_else(|| no_object("commit"))?;
        Ok(Self { id, content })
    }

    fn parents(&self) -> Result<usize, ErrorReply> {
        Ok(parse(self.id, &self.content)?.facts.parents.len())
    }

    /// The difference to its first parent.
    async fn changes(
        &self,
        reading: &mut Reading,
        query: &CompareQuery,
    ) -> Result<Changes, ErrorReply> {
        let text = parse(self.id, &self.content)?;
        let old = match text.facts.parents.first() {
            Some(parent) => Some(tree_of(reading, *parent).await?),
            None => None,
        };
        changes::find(reading, (old, Some(text.facts.tree)), query).await
    }
}

async fn tree_of(reading: &mut Reading, commit: ObjectId) -> Result<ObjectId, ErrorReply> {
    let tree = reading
        .until(|packs| lookup::peel(packs, commit, ObjectKind::Tree))
        .await?;
    // A shallow history ends before this parent.
    let (tree, _) = tree.ok_or_else(|| {
        let message = format!("parent {commit} is not here: the history is shallow");
        ErrorReply::new(ErrorCode::NotFound, message)
    })?;
    Ok(tree)
}
