//! The ground of a commit: the head of its branch, and the trees on the changed paths.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice as _};
use gix_object::tree::EntryKind;

use super::draft::{Draft, invalid};
use crate::git::content::lookup;
use crate::git::edit::change::{Action, Change, EditError, Field, Object};
use crate::git::edit::new_objects::{NewObjects, WithNew};
use crate::git::edit::plan::{Plan, Step, TreeEdit};
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::store::ReadError;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::fetch::reach::Visible;
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::reach_cache::Audience;
use crate::repo_do::write::refusal;
use crate::repo_do::write::request::WriteRequest;

/// Directories that are read between two pauses: about 20 ms of CPU.
const STEP_TREES: usize = 500;

/// The place of the branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ground {
    /// The branch's commit; `None`: it does not exist.
    pub(super) head: Option<ObjectId>,
    /// The parent of the commit to be made.
    pub(super) parent: Option<ObjectId>,
    /// The parent's tree.
    pub(super) tree: Option<ObjectId>,
}

/// The commit of the branch now.
pub(super) fn head(write: &WriteRequest, name: &BStr) -> Result<Option<ObjectId>, ErrorReply> {
    Ok(write.store.find_ref(name)?.map(|found| found.target))
}

impl Ground {
    /// Reads the branch's id, and whether the caller's guard agrees.
    pub(super) async fn find(
        write: &WriteRequest,
        draft: &Draft,
        reading: &mut Reading,
    ) -> Result<Self, ErrorReply> {
        let head = head(write, draft.name.as_bstr())?;
        if let Some(guard) = draft.guard
            && guard != head
        {
            return Err(refusal::moved(
                &format!("{}/expected_head", draft.pointer),
                head,
            ));
        }
        let parent = match (head, &draft.base) {
            (Some(_), Some(_)) => {
                let pointer = format!("{}/base", draft.pointer);
                let message = "the branch exists: base is for a new one";
                return Err(invalid(pointer, message));
            }
            (Some(head), None) => Some(head),
            (None, Some(base)) => Some(self::base(draft, base, reading).await?),
            // The default branch, if there is one.
            (None, None) => self::head(write, write.store.head()?.as_bstr())?,
        };
        let tree = match parent {
            Some(parent) => Some(tree_of(parent, reading).await?),
            None => None,
        };
        Ok(Self { head, parent, tree })
    }
}

async fn base(draft: &Draft, base: &str, reading: &mut Reading) -> Result<ObjectId, ErrorReply> {
    let missing = || {
        let pointer = format!("{}/base", draft.pointer);
        ErrorReply::at(
            ErrorCode::NotFound,
            pointer,
            "base names no commit in the repository",
        )
    };
    let id = reading
        .store()
        .resolve(BStr::new(base))?
        .ok_or_else(missing)?;
    reading.check_visible(id, missing).await?;
    let found = reading
        .until(|packs| lookup::peel(packs, id, ObjectKind::Commit))
        .await?;
    found.map(|(id, _)| id).ok_or_else(missing)
}

async fn tree_of(commit_id: ObjectId, reading: &mut Reading) -> Result<ObjectId, ErrorReply> {
    let found = reading
        .until(|packs| lookup::peel(packs, commit_id, ObjectKind::Tree))
        .await?;
    let what = "its tree is not here";
    let lost = || ReadError::Corrupt {
        id: commit_id,
        what,
    };
    Ok(found.map(|(id, _)| id).ok_or_else(lost)?)
}

/// Reads the directories on the changed paths.
pub(super) async fn plan(
    write: &WriteRequest,
    draft: &Draft,
    ground: &Ground,
    reading: &mut Reading,
) -> Result<Plan, ErrorReply> {
    check_named(write, draft, reading).await?;
    let none = NewObjects::new(0, &Limits::DEFAULT);
    plan_of(draft, draft.changes.clone(), ground, (&none, reading)).await
}

/// The same for these changes, which may name new objects.
pub(super) async fn plan_of(
    draft: &Draft,
    changes: Vec<Change>,
    ground: &Ground,
    (new_objects, reading): (&NewObjects, &mut Reading),
) -> Result<Plan, ErrorReply> {
    let wrong = |error| told(draft, error);
    let mut edit = TreeEdit::new(ground.tree, changes, &Limits::DEFAULT).map_err(wrong)?;
    let mut steps = 0_usize;
    loop {
        let step = reading
            .until(|packs| match edit.step(&WithNew::new(new_objects, packs)) {
                Err(EditError::Read(error)) => Err(error),
                step => Ok(step),
            })
            .await?;
        if step.map_err(wrong)? == Step::Done {
            return edit.plan().map_err(wrong);
        }
        steps = steps.saturating_add(1);
        if steps.is_multiple_of(STEP_TREES) {
            pause().await;
        }
    }
}

/// Refuses objects that the caller may not name, as if they were not here.
async fn check_named(
    write: &WriteRequest,
    draft: &Draft,
    reading: &mut Reading,
) -> Result<(), ErrorReply> {
    let named: Vec<(usize, ObjectId)> = draft
        .changes
        .iter()
        .enumerate()
        .filter_map(|(file, change)| match &change.action {
            Action::Put {
                kind,
                object: Object::Known(id),
            }
            | Action::Move {
                kind,
                object: Some(Object::Known(id)),
                ..
            } if *kind != Some(EntryKind::Commit) => Some((file, *id)),
            _ => None,
        })
        .collect();
    if named.is_empty() {
        return Ok(());
    }
    let ids: Vec<ObjectId> = named.iter().map(|(_, id)| *id).collect();
    let visible = Visible::to(
        &write.object,
        &write.store,
        Audience::of(write.authorized.actor),
    );
    let hidden = reading.until(|_| visible.hidden(&ids)).await?;
    let putter = write.authorized.putter();
    for (file, id) in named {
        if hidden.contains(&id) && !write.store.has_put(&id, putter)? {
            let message = format!("object {id} is not here");
            return Err(invalid(draft.field(file, "blob"), message));
        }
    }
    Ok(())
}

/// The error of an edit that cannot be made.
fn told(draft: &Draft, error: EditError) -> ErrorReply {
    match error {
        EditError::Read(error) => error.into(),
        EditError::Change {
            index,
            field,
            fault,
        } => {
            let field = match field {
                Field::Path => "path",
                Field::From => "move_from",
                Field::Kind => "mode",
                Field::Object => "blob",
            };
            invalid(draft.field(index, field), fault.to_string())
        }
        EditError::TooLarge { .. } => ErrorReply::new(ErrorCode::MemoryLimit, error.to_string()),
    }
}
