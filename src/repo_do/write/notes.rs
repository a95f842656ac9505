//! `POST …/notes`, `DELETE …/notes`: notes on objects, as `git notes add`, `append` and `remove` write
//! them.
//!
//! | file | what |
//! |---|---|
//! | `asked` | the caller's body, checked as far as that needs no repository |
//! | `made` | the notes after it, and the commit of their ref |

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;
use serde::Serialize;
use serde_json::json;

use super::body;
use super::publish::{ATTEMPTS_MAX, publish};
use super::refusal;
use super::request::WriteRequest;
use crate::git::content::lookup;
use crate::git::object::ObjectKind;
use crate::git::protocol::push_commands::PushCommand;
use crate::git::receive_pack::rules::Rejection;
use crate::git::store::ObjectSource as _;
use crate::repo_do::content::notes::read_notes;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::receive::by_rest::{AnswerOf, RefChanges};
use crate::repo_do::request::answer::{self, Answer};

mod asked;
mod made;

use asked::{AddBody, Asked, RemoveBody};
use made::{Ground, Made, Outcome};

/// Bytes of a body.
const BODY_BYTES_MAX: usize = 1 << 20;

/// The answer.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    #[serde(rename = "ref")]
    notes_ref: String,
    object: String,
    blob: Option<String>,
    commit: String,
    old_head: Option<String>,
    new_head: String,
}

/// Puts a note on an object.
pub(super) async fn add(write: WriteRequest) -> Answer {
    let (body, _held): (AddBody, _) = body::json(&write, BODY_BYTES_MAX).await?;
    let asked = Asked::add(&write, body)?;
    change(&write, &asked, 201).await
}

/// Removes the note of an object.
pub(super) async fn remove(write: WriteRequest) -> Answer {
    let (body, _held): (RemoveBody, _) = body::json(&write, BODY_BYTES_MAX).await?;
    let asked = Asked::remove(&write, body)?;
    change(&write, &asked, 200).await
}

/// Makes the change. The answer has this status, also when it is given again under its key.
async fn change(write: &WriteRequest, asked: &Asked, status: u16) -> Answer {
    let mut attempts = 0_usize;
    loop {
        let mut reading = write.reading().await?;
        let ground = ground(write, asked, &mut reading).await?;
        let made = made(&ground, asked, &mut reading).await?;
        drop(reading);
        let changes = RefChanges {
            commands: vec![PushCommand {
                name: asked.name.clone(),
                old: ground.head,
                new: Some(made.commit),
            }],
            push_options: asked.push_options.clone(),
            answer: answer::envelope(&changed(asked, &ground, &made))
                .ok()
                .map(|body| AnswerOf::fixed(status, body)),
            ..RefChanges::default()
        };
        let outcomes = publish(&write.writer(), &made.objects, changes).await?;
        attempts = attempts.saturating_add(1);
        match outcomes.into_iter().next().flatten() {
            None => {
                let told = answer::enveloped(&changed(asked, &ground, &made))?;
                return Ok(told.with_status(status));
            }
            Some(Rejection::Stale { .. }) if asked.guard.is_none() && attempts < ATTEMPTS_MAX => {}
            Some(rejection) => return Err(refusal::reply(&rejection, "/ref", "/expected_ref")),
        }
    }
}

/// The notes as they are now, and the object that is meant.
async fn ground(
    write: &WriteRequest,
    asked: &Asked,
    reading: &mut Reading,
) -> Result<Ground, ErrorReply> {
    let head = write.store.find_ref(asked.name.as_bstr())?;
    let head = head.map(|found| found.target);
    if let Some(guard) = asked.guard
        && guard != head
    {
        return Err(refusal::moved("/expected_ref", head));
    }
    let object = object(asked, reading).await?;
    let mut ground = Ground {
        head,
        parent: None,
        tree: None,
        object,
    };
    if let Some(head) = head {
        let commit = reading
            .until(|packs| lookup::peel(packs, head, ObjectKind::Commit))
            .await?;
        let tree = reading
            .until(|packs| lookup::peel(packs, head, ObjectKind::Tree))
            .await?;
        let (Some((commit, _)), Some((tree, _))) = (commit, tree) else {
            let message = "the ref leads to no commit, so it has no notes";
            return Err(ErrorReply::at(ErrorCode::InvalidInput, "/ref", message));
        };
        (ground.parent, ground.tree) = (Some(commit), Some(tree));
    }
    Ok(ground)
}

/// The object that a revision names; a tag itself, as for `git notes`. To remove a note it need not be
/// here any more.
async fn object(asked: &Asked, reading: &mut Reading) -> Result<ObjectId, ErrorReply> {
    let missing = || {
        let message = "object names nothing in the repository";
        ErrorReply::at(ErrorCode::NotFound, "/object", message)
    };
    let id = reading.store().resolve(asked.object.as_bstr())?;
    let id = id.ok_or_else(missing)?;
    if asked.action != asked::Action::Remove {
        reading.check_visible(id, missing).await?;
        let kind = reading.until(|packs| packs.kind(&id)).await?;
        kind.ok_or_else(missing)?;
    }
    Ok(id)
}

async fn made(ground: &Ground, asked: &Asked, reading: &mut Reading) -> Result<Made, ErrorReply> {
    let outcome = read_notes(reading, |packs, bytes_max| {
        made::change(packs, ground, asked, bytes_max)
    });
    let outcome = outcome.await?.map_err(|error| {
        let code = ErrorCode::MemoryLimit;
        ErrorReply::at(code, "/note", error.to_string())
    })?;
    match outcome {
        Outcome::Made(made) => Ok(made),
        Outcome::Exists(blob) => {
            let message = "the object has a note already: action replace or append changes it";
            let reply = ErrorReply::at(ErrorCode::AlreadyExists, "/object", message);
            Err(reply.with_details(json!({"blob": blob.to_string()})))
        }
        Outcome::NoNote => {
            let message = "the object has no note";
            Err(ErrorReply::at(ErrorCode::NotFound, "/object", message))
        }
        Outcome::Unchanged => {
            let message = "the note reads so already";
            Err(ErrorReply::new(ErrorCode::NoChange, message))
        }
    }
}

fn changed(asked: &Asked, ground: &Ground, made: &Made) -> Changed {
    Changed {
        notes_ref: asked.name.to_string(),
        object: ground.object.to_string(),
        blob: made.blob.map(|blob| blob.to_string()),
        commit: made.commit.to_string(),
        old_head: ground.head.map(|head| head.to_string()),
        new_head: made.commit.to_string(),
    }
}
