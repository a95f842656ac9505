//! The changes that a patch makes.

use serde_json::json;

use super::ground::Ground;
use crate::git::edit::change::Change;
use crate::git::edit::new_objects::NewObjects;
use crate::git::limits::Limits;
use crate::git::patch::apply::{Application, Step};
use crate::git::patch::error::PatchError;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::write::refusal::full;

/// Files that are patched between two pauses: about 20 ms of CPU.
const STEP_FILES: usize = 50;

/// Applies a patch to the parent's tree. The files that it makes are among the new objects then.
pub(super) async fn changes(
    patch: &str,
    pointer: &str,
    (ground, reading): (&Ground, &mut Reading),
    new_objects: &mut NewObjects,
) -> Result<Vec<Change>, ErrorReply> {
    let wrong = |error| told(error, pointer);
    let application = Application::new(patch.as_bytes(), ground.tree, &Limits::DEFAULT);
    let mut application = application.map_err(wrong)?;
    let mut steps = 0_usize;
    loop {
        let step = reading
            .until(|packs| match application.step(packs, new_objects) {
                Err(PatchError::Read(error)) => Err(error),
                step => Ok(step),
            })
            .await?;
        if step.map_err(wrong)? == Step::Done {
            return Ok(application.changes());
        }
        steps = steps.saturating_add(1);
        if steps.is_multiple_of(STEP_FILES) {
            pause().await;
        }
    }
}

/// The error of a patch that does not apply.
fn told(error: PatchError, pointer: &str) -> ErrorReply {
    let message = error.to_string();
    let details = match error {
        PatchError::Read(error) => return error.into(),
        PatchError::New(error) => return full(error),
        PatchError::TooLong { .. } | PatchError::TooManyFiles { .. } => {
            return ErrorReply::at(ErrorCode::MemoryLimit, pointer, message);
        }
        PatchError::NoPatch => json!({"line": 1}),
        PatchError::Syntax { line, .. } => json!({"line": line}),
        PatchError::File { file, line, .. } => json!({"file": file.to_string(), "line": line}),
        PatchError::Hunk {
            file, hunk, line, ..
        }
        | PatchError::TooCostly {
            file, hunk, line, ..
        } => json!({"file": file.to_string(), "hunk": hunk, "line": line}),
    };
    ErrorReply::at(ErrorCode::PatchFailed, pointer, message).with_details(details)
}
