//! A commit whose files came with the request.

use futures::FutureExt as _;
use gix_hash::ObjectId;

use super::body::CommitBody;
use super::draft::Draft;
use super::ground::{self, Ground};
use super::large::LargeFiles;
use super::made::{self, Made};
use super::patched;
use super::people::Words;
use crate::git::edit::new_objects::NewObjects;
use crate::git::edit::plan::{FinishError, Plan};
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::receive_pack::rules::Rejection;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::write::body;
use crate::repo_do::write::files_changed::files_changed;
use crate::repo_do::write::publish::{ATTEMPTS_MAX, publish};
use crate::repo_do::write::refusal::{self, full};
use crate::repo_do::write::request::WriteRequest;

/// Bytes of a JSON body. Larger commits come as lines.
pub(super) const BODY_BYTES_MAX: usize = 16 << 20;

/// Bytes of the objects that one commit makes: the contents of a body, and the trees.
const OBJECT_BYTES_MAX: u64 = 32 << 20;

/// Makes the commit.
pub(super) async fn commit(write: WriteRequest) -> Answer {
    let (mut body, _held): (CommitBody, _) = body::json(&write, BODY_BYTES_MAX).await?;
    let words = Words::new(&body, &write.authorized, now_ms(), "")?;
    let draft = Draft::new(&mut body, "", false)?;
    make(&write, draft, &words).await
}

/// Makes the commit of a draft whose contents are all here.
pub(super) async fn make(write: &WriteRequest, mut draft: Draft, words: &Words) -> Answer {
    let large = LargeFiles::of(write, &mut draft).boxed_local().await?;
    let mut blobs = NewObjects::new(OBJECT_BYTES_MAX, &Limits::DEFAULT);
    let contents = std::mem::take(&mut draft.contents);
    let ids = blobs.add_all(ObjectKind::Blob, contents).map_err(full)?;
    let mut attempts = 0_usize;
    loop {
        let mut reading = write.reading().await?;
        let ground = Ground::find(write, &draft, &mut reading).await?;
        let confirmed = match &large {
            Some(large) => {
                let confirmed = large.confirm(write, &draft, (&ground, &mut reading));
                Some(confirmed.boxed_local().await?)
            }
            None => None,
        };
        let mut objects = blobs.clone();
        let plan = match &draft.patch {
            None => ground::plan(write, &draft, &ground, &mut reading).await?,
            Some(patch) => {
                let pointer = format!("{}/patch", draft.pointer);
                let target = (&ground, &mut reading);
                let changes = patched::changes(patch, &pointer, target, &mut objects).await?;
                ground::plan_of(&draft, changes, &ground, (&objects, &mut reading)).await?
            }
        };
        let tree = trees(plan, &ids, &mut objects)?;
        made::check_changes(&ground, tree, draft.allow_empty)?;
        let files_changed =
            files_changed([ground.tree, Some(tree)], &objects, &mut reading).await?;
        drop(reading);
        let content = made::content(&ground, tree, words);
        let commit = objects.add(ObjectKind::Commit, content).map_err(full)?;
        let made = Made {
            commit,
            tree,
            files_changed,
            large: large.as_ref(),
        };
        let changes = made::changes(&draft, &ground, made);
        attempts = attempts.saturating_add(1);
        let outcomes = publish(&write.writer(), &objects, changes).await?;
        drop(confirmed);
        match outcomes.into_iter().next().flatten() {
            None => return made::answer(&draft, &ground, made),
            Some(Rejection::Stale { .. }) if draft.guard.is_none() && attempts < ATTEMPTS_MAX => {}
            Some(rejection) => {
                let at = |field: &str| format!("{}/{field}", draft.pointer);
                return Err(refusal::reply(
                    &rejection,
                    &at("branch"),
                    &at("expected_head"),
                ));
            }
        }
    }
}

/// Writes the trees of a plan among the new objects.
fn trees(plan: Plan, ids: &[ObjectId], objects: &mut NewObjects) -> Result<ObjectId, ErrorReply> {
    let written = plan.finish(ids, |content| objects.add(ObjectKind::Tree, content));
    written.map_err(|error| match error {
        FinishError::Write(error) => full(error),
        error @ FinishError::NoId { .. } => ErrorReply::internal("edit", &error),
    })
}
