//! The paths that a push changes, for its hook.
//!
//! For an update they are the files that differ between the old commit and the new one. A new ref has
//! no old commit: it is compared with the first commit on its line of first parents that the push
//! does not bring.

use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};

use super::question::{ChangedPaths, lossy};
use crate::git::compare::CompareError;
use crate::git::compare::paths::PathLimits;
use crate::git::compare::tree::TreeChanges;
use crate::git::graph::connectivity::Incoming as _;
use crate::git::graph::peel::end_of_tags;
use crate::git::limits::Limits;
use crate::git::object::{ObjectKind, facts};
use crate::git::receive_pack::pushed::Pushed;
use crate::git::receive_pack::updates::PushUpdate;
use crate::git::store::ObjectSource as _;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::steps::Steps;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;

/// Paths of one question.
const PATHS_MAX: usize = 1000;

/// Bytes of the paths of one question.
const PATH_BYTES_MAX: usize = 128 << 10;

/// Refs of one push whose paths are looked for.
const REFS_MAX: usize = 64;

/// Files found, or commits passed, between two pauses: some 20 ms at most.
const STEP_FILES: usize = 200;
const STEP_COMMITS: usize = 20_000;

/// The room that is left for paths.
struct Room {
    paths: usize,
    bytes: usize,
}

/// Finds the paths that each update changes. Those that cannot be read count as left out.
pub(super) async fn changed(
    steps: Steps<'_>,
    pushed: &Pushed<'_, Rc<Store>>,
    updates: &[&PushUpdate],
) -> HashMap<BString, ChangedPaths> {
    let mut found = HashMap::new();
    let mut room = Room {
        paths: PATHS_MAX,
        bytes: PATH_BYTES_MAX,
    };
    for update in updates.iter().take(REFS_MAX) {
        let Some(new) = update.command.new else {
            continue;
        };
        let mut changed = ChangedPaths::default();
        let ids = (update.command.old, new);
        if let Err(error) = of_update(steps, pushed, ids, &mut room, &mut changed).await {
            fault_log::warning("paths of a push", &error);
            changed.truncated = true;
        }
        found.insert(update.command.name.clone(), changed);
    }
    found
}

async fn of_update(
    steps: Steps<'_>,
    pushed: &Pushed<'_, Rc<Store>>,
    (old, new): (Option<ObjectId>, ObjectId),
    room: &mut Room,
    changed: &mut ChangedPaths,
) -> Result<(), IntakeError> {
    let Some(new) = commit_of(steps, pushed, new).await? else {
        // A tag of a tree or a blob has no paths.
        return Ok(());
    };
    let old = match old {
        Some(old) => commit_of(steps, pushed, old).await?,
        None => first_known(steps, pushed, new).await?,
    };
    let new = tree_of(steps, pushed, new).await?;
    let old = match old {
        Some(old) => tree_of(steps, pushed, old).await?,
        None => None,
    };
    let mut walk = TreeChanges::new(old, new, PathLimits::default(), &Limits::DEFAULT);
    let step = || {
        for _ in 0..STEP_FILES {
            let change = match walk.next(pushed) {
                Ok(Some(change)) => change,
                Ok(None) => return Ok(true),
                Err(CompareError::Read(error)) => return Err(error.into()),
                Err(error) => {
                    fault_log::warning("paths of a push", &error);
                    changed.truncated = true;
                    return Ok(true);
                }
            };
            let bytes = change.path.len();
            if room.paths == 0 || bytes > room.bytes {
                changed.truncated = true;
                return Ok(true);
            }
            room.paths = room.paths.saturating_sub(1);
            room.bytes = room.bytes.saturating_sub(bytes);
            changed.paths.push(lossy(change.path.as_bstr()));
        }
        Ok(false)
    };
    steps.run(step).await
}

/// The commit at the end of the tags, if it is one.
async fn commit_of(
    steps: Steps<'_>,
    pushed: &Pushed<'_, Rc<Store>>,
    id: ObjectId,
) -> Result<Option<ObjectId>, IntakeError> {
    let find = || {
        let end = end_of_tags(pushed, id)?;
        Ok((pushed.kind(&end)? == Some(ObjectKind::Commit)).then_some(end))
    };
    steps.read(find).await
}

/// The first commit on the line of first parents that the push does not bring.
async fn first_known(
    steps: Steps<'_>,
    pushed: &Pushed<'_, Rc<Store>>,
    tip: ObjectId,
) -> Result<Option<ObjectId>, IntakeError> {
    let mut at = Some(tip);
    let step = || {
        for _ in 0..STEP_COMMITS {
            // No commit is its own ancestor, so that this ends.
            let brought = at.and_then(|id| pushed.commit(&id));
            let Some(commit) = brought else {
                return Ok(true);
            };
            at = commit.parents.first().copied();
        }
        Ok(false)
    };
    steps.run(step).await?;
    Ok(at)
}

async fn tree_of(
    steps: Steps<'_>,
    pushed: &Pushed<'_, Rc<Store>>,
    commit_id: ObjectId,
) -> Result<Option<ObjectId>, IntakeError> {
    let found = steps.read(|| Ok(pushed.read(&commit_id)?)).await?;
    let commit = found.and_then(|(_, content)| facts::commit(&content).ok());
    Ok(commit.map(|commit| commit.tree))
}
