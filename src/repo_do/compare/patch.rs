//! `GET …/commit/:id.patch` and `.diff`

use gix_hash::ObjectId;

use super::bytes::{DIFF_TYPE, PatchBytes};
use super::changes::{self, Changes};
use super::query::CompareQuery;
use super::request::CompareRequest;
use super::revisions::{begin, until};
use super::stream::send;
use crate::git::compare::CompareError;
use crate::git::content::lookup;
use crate::git::object::ObjectKind;
use crate::git::store::{ReadError, Shared};
use crate::repo_do::content::answers::{named, no_object, parse};
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::request::answer::{Answer, not_served_yet};

/// A commit as a mail.
pub(super) async fn patch(_compare: CompareRequest, _id: &str) -> Answer {
    Err(not_served_yet())
}

/// What a commit changes: `git diff` of its first parent, or of nothing, and it.
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

    /// What it changes against its first parent.
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
