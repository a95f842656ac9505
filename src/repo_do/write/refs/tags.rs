//! Annotated tags made.

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use super::asked::{Asked, AskedTag};
use super::pointer::pointer;
use crate::git::edit::commit::NewTag;
use crate::git::edit::new_objects::NewObjects;
use crate::git::object::ObjectKind;
use crate::git::store::ObjectSource as _;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::write::request::WriteRequest;

/// Makes the tags that are asked for: their refs name them in place of their targets.
pub(super) async fn make(
    write: &WriteRequest,
    asked: &Asked,
    targets: Vec<Option<ObjectId>>,
    objects: &mut NewObjects,
) -> Result<Vec<Option<ObjectId>>, ErrorReply> {
    if asked.updates.iter().all(|update| update.tag.is_none()) {
        return Ok(targets);
    }
    let mut reading = write.reading().await?;
    let mut made = Vec::with_capacity(targets.len());
    for (number, (update, target)) in asked.updates.iter().zip(targets).enumerate() {
        made.push(match (&update.tag, target) {
            (Some(tag), Some(target)) => {
                let kind = kind(&mut reading, target, &pointer(number, "new")).await?;
                let content = content(tag, target, kind);
                let id = objects.add(ObjectKind::Tag, content).map_err(|error| {
                    let pointer = pointer(number, "tag");
                    ErrorReply::at(ErrorCode::MemoryLimit, pointer, error.to_string())
                })?;
                Some(id)
            }
            (_, target) => target,
        });
    }
    Ok(made)
}

fn content(tag: &AskedTag, target: ObjectId, target_kind: ObjectKind) -> Vec<u8> {
    let tagger = tag.tagger.line();
    let tag = NewTag {
        target,
        target_kind,
        name: tag.name.as_bstr(),
        tagger: tagger.as_bstr(),
        message: tag.message.as_bytes().as_bstr(),
    };
    tag.content()
}

/// The kind of an object that the caller may name.
async fn kind(
    reading: &mut Reading,
    id: ObjectId,
    pointer: &str,
) -> Result<ObjectKind, ErrorReply> {
    let missing = || {
        let message = format!("there is no object {id} that may be named");
        ErrorReply::at(ErrorCode::InvalidInput, pointer, message)
    };
    reading.check_visible(id, missing).await?;
    let kind = reading.until(|packs| packs.kind(&id)).await?;
    kind.ok_or_else(missing)
}
