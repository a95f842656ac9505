//! `GET …/notes`: the note of one object, or all of them in pages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice as _};
use serde::{Deserialize, Serialize};

use super::request::CompareRequest;
use crate::git::content::lookup;
use crate::git::edit::notes::{self, Notes, NotesError};
use crate::git::limits::Limits;
use crate::git::object::ObjectKind;
use crate::git::pack::reader::LivePacks;
use crate::git::protocol::oid_hex;
use crate::git::refname;
use crate::git::store::{PackStore, Shared};
use crate::repo_do::content::notes::read_notes;
use crate::repo_do::content::reading::Reading;
use crate::repo_do::contract::content::{ENVELOPE_OPEN, envelope_close};
use crate::repo_do::contract::{ErrorCode, ErrorReply, strict};
use crate::repo_do::request::answer::{self, Answer};

/// Notes of a page.
const LIMIT_DEFAULT: u32 = 100;
const LIMIT_MAX: u32 = 1000;

/// Bytes of a note that is shown; one by REST has no more.
const NOTE_BYTES_MAX: usize = 1 << 20;

/// Bytes of the revision that names the object.
const REVISION_BYTES_MAX: usize = 1024;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NotesQuery {
    object: Option<String>,
    #[serde(rename = "ref")]
    notes_ref: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// The note of one object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownNote<'a> {
    #[serde(rename = "ref")]
    notes_ref: &'a str,
    head: String,
    object: String,
    blob: String,
    note: String,
    /// Where the note is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    note_base64: Option<String>,
}

/// A note in a list.
#[derive(Debug, Serialize)]
struct ListedNote {
    object: String,
    blob: String,
}

/// Notes on objects.
pub(super) async fn read(compare: CompareRequest) -> Answer {
    let url = compare.request.url()?;
    let query: NotesQuery = strict::query(url.query().unwrap_or_default())?;
    let name = notes::full_ref(query.notes_ref.as_deref().unwrap_or(notes::DEFAULT_REF));
    refname::check_update(BStr::new(&name), refname::NAME_BYTES_MAX)
        .map_err(|error| invalid("/ref", error.to_string()))?;
    let head = compare.store.find_ref(BStr::new(&name))?;
    let head = head.map(|found| found.target);
    let mut reading = Reading::begin(&compare.object, &compare.store, compare.audience).await?;
    compare.account.note_packs(reading.packs().records().len());
    let tree = match head {
        Some(head) => {
            let found = reading
                .until(|packs| lookup::peel(packs, head, ObjectKind::Tree))
                .await?;
            found.map(|(tree, _)| tree)
        }
        None => None,
    };
    match &query.object {
        Some(object) => {
            if let Some(field) = [
                ("limit", query.limit.is_some()),
                ("cursor", query.cursor.is_some()),
            ]
            .into_iter()
            .find_map(|(field, is_given)| is_given.then_some(field))
            {
                let message = format!("object and {field} are not taken together");
                return Err(invalid(&format!("/{field}"), message));
            }
            one(&mut reading, &name, head, tree, object).await
        }
        None => list(&mut reading, tree, &query).await,
    }
}

async fn one(
    reading: &mut Reading,
    name: &str,
    head: Option<ObjectId>,
    tree: Option<ObjectId>,
    object: &str,
) -> Answer {
    let missing = |message: &str| ErrorReply::at(ErrorCode::NotFound, "/object", message);
    let bytes = object.len();
    if !(1..=REVISION_BYTES_MAX).contains(&bytes) {
        let message = format!("object has {bytes} bytes, it takes 1 to {REVISION_BYTES_MAX}");
        return Err(invalid("/object", message));
    }
    let id = reading.store().resolve(BStr::new(object))?;
    let id = id.ok_or_else(|| missing("object names nothing in the repository"))?;
    let found = read_notes(reading, |packs, bytes_max| {
        found(packs, tree, id, bytes_max)
    });
    let found = found.await?.map_err(|error| unread(&error))?;
    let (Some(head), Some((blob, text))) = (head, found) else {
        return Err(missing("the object has no note"));
    };
    let bytes = text.len();
    if bytes > NOTE_BYTES_MAX {
        let message = format!(
            "the note has {bytes} bytes, at most {NOTE_BYTES_MAX} are shown: read blob {blob}"
        );
        return Err(ErrorReply::at(ErrorCode::MemoryLimit, "/object", message));
    }
    let is_text = std::str::from_utf8(&text).is_ok();
    Ok(answer::enveloped(&ShownNote {
        notes_ref: name,
        head: head.to_string(),
        object: id.to_string(),
        blob: blob.to_string(),
        note: text.to_str_lossy().into_owned(),
        note_base64: (!is_text).then(|| STANDARD.encode(&*text)),
    })?)
}

/// The note of an object: its blob, and its text.
fn found<S: PackStore>(
    packs: &LivePacks<S>,
    tree: Option<ObjectId>,
    object: ObjectId,
    bytes_max: u64,
) -> Result<Option<(ObjectId, Shared)>, NotesError> {
    let mut notes = Notes::open(packs, tree, bytes_max, &Limits::DEFAULT)?;
    match notes.find(object)? {
        Some(blob) => Ok(Some((blob, notes.text(blob)?))),
        None => Ok(None),
    }
}

async fn list(reading: &mut Reading, tree: Option<ObjectId>, query: &NotesQuery) -> Answer {
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        let message = format!("limit is {limit}, it takes 1 to {LIMIT_MAX}");
        return Err(invalid("/limit", message));
    }
    let after = query.cursor.as_deref().filter(|cursor| !cursor.is_empty());
    let after = after.map(cursor_id).transpose()?;
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    // One more tells whether another page follows.
    let wanted = page.saturating_add(1);
    let found = read_notes(reading, |packs, bytes_max| {
        Notes::open(packs, tree, bytes_max, &Limits::DEFAULT)?.list(after, wanted)
    });
    let mut found = found.await?.map_err(|error| unread(&error))?;
    let has_more = found.len() > page;
    found.truncate(page);
    let last = found.last().filter(|_| has_more);
    let cursor = last.map(|last| last.object.to_string()).unwrap_or_default();
    let info = serde_json::json!({
        "count": found.len(),
        "per_page": limit,
        "cursor": cursor,
    });
    let listed: Vec<ListedNote> = found
        .iter()
        .map(|listed| ListedNote {
            object: listed.object.to_string(),
            blob: listed.note.to_string(),
        })
        .collect();
    let mut out = Vec::from(ENVELOPE_OPEN);
    serde_json::to_writer(&mut out, &listed)
        .map_err(|error| ErrorReply::internal("notes", &error))?;
    out.extend_from_slice(envelope_close(Some(&info.to_string())).as_bytes());
    Ok(answer::page(out, &cursor)?)
}

/// The error of notes that cannot be read.
fn unread(error: &NotesError) -> ErrorReply {
    ErrorReply::at(ErrorCode::MemoryLimit, "/ref", error.to_string())
}

fn cursor_id(cursor: &str) -> Result<ObjectId, ErrorReply> {
    oid_hex::parse(cursor.as_bytes())
        .ok_or_else(|| invalid("/cursor", "the cursor does not belong to this list"))
}

fn invalid(pointer: &str, message: impl Into<String>) -> ErrorReply {
    ErrorReply::at(ErrorCode::InvalidInput, pointer, message)
}
