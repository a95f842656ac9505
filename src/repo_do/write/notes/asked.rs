//! The bodies of requests about notes, as JSON.

use gix_hash::ObjectId;
use gix_object::bstr::{BString, ByteSlice as _};
use serde::Deserialize;

use crate::git::edit::date::Date;
use crate::git::edit::message::{self, MessageFault};
use crate::git::edit::notes;
use crate::git::protocol::oid_hex;
use crate::git::refname;
use crate::repo_do::contract::{ErrorCode, ErrorReply, present};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::write::commits::{PersonBody, invalid, people};
use crate::repo_do::write::push_options;
use crate::repo_do::write::request::WriteRequest;

/// Bytes of the revision that names the object.
const REVISION_BYTES_MAX: usize = 1024;

/// The body of `POST …/notes`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddBody {
    object: String,
    note: String,
    #[serde(default)]
    action: AddAction,
    #[serde(default, rename = "ref")]
    notes_ref: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and an id differ")]
    expected_ref: Option<Option<String>>,
    #[serde(default)]
    author: Option<PersonBody>,
    #[serde(default)]
    committer: Option<PersonBody>,
    #[serde(default)]
    push_options: Vec<String>,
}

/// The body of `DELETE …/notes`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveBody {
    object: String,
    #[serde(default, rename = "ref")]
    notes_ref: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and an id differ")]
    expected_ref: Option<Option<String>>,
    #[serde(default)]
    author: Option<PersonBody>,
    #[serde(default)]
    committer: Option<PersonBody>,
    #[serde(default)]
    push_options: Vec<String>,
}

/// The treatment of a note that is there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AddAction {
    /// There must be none.
    #[default]
    Add,
    /// The new one takes its place.
    Replace,
    /// The new text comes behind it.
    Append,
}

/// The change of an object's note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Action {
    /// The text, cleaned.
    Put(AddAction, String),
    Remove,
}

impl Action {
    /// The message of the commit, as `git notes` writes it.
    pub(super) fn message(&self) -> &'static str {
        match self {
            Self::Put(AddAction::Append, _) => "Notes added by 'git notes append'\n",
            Self::Put(AddAction::Add | AddAction::Replace, _) => "Notes added by 'git notes add'\n",
            Self::Remove => "Notes removed by 'git notes remove'\n",
        }
    }
}

/// A change of notes, checked as far as that needs no repository.
#[derive(Debug)]
pub(super) struct Asked {
    /// The revision that names the object.
    pub(super) object: BString,
    pub(super) action: Action,
    /// The full name of the ref of the notes.
    pub(super) name: BString,
    /// The guard: absent, nothing, or a commit.
    #[expect(clippy::option_option, reason = "absent, null and an id differ")]
    pub(super) guard: Option<Option<ObjectId>>,
    /// The values of the commit's lines.
    pub(super) author: BString,
    pub(super) committer: BString,
    pub(super) push_options: Vec<BString>,
}

impl Asked {
    /// A note to be put on an object.
    pub(super) fn add(write: &WriteRequest, body: AddBody) -> Result<Self, ErrorReply> {
        let action = Action::Put(body.action, text(&body.note)?);
        let rest = RemoveBody {
            object: body.object,
            notes_ref: body.notes_ref,
            expected_ref: body.expected_ref,
            author: body.author,
            committer: body.committer,
            push_options: body.push_options,
        };
        let asked = Self::remove(write, rest)?;
        Ok(Self { action, ..asked })
    }

    /// A note to be removed.
    pub(super) fn remove(write: &WriteRequest, body: RemoveBody) -> Result<Self, ErrorReply> {
        let bytes = body.object.len();
        if !(1..=REVISION_BYTES_MAX).contains(&bytes) {
            let message = format!("object has {bytes} bytes, it takes 1 to {REVISION_BYTES_MAX}");
            return Err(invalid("/object", message));
        }
        let name = BString::from(notes::full_ref(
            body.notes_ref.as_deref().unwrap_or(notes::DEFAULT_REF),
        ));
        refname::check_update(name.as_bstr(), refname::NAME_BYTES_MAX)
            .map_err(|error| invalid("/ref", error.to_string()))?;
        let guard = body
            .expected_ref
            .map(|given| given.map(|id| object_id(&id)).transpose());
        let now = Date::utc(now_ms().div_euclid(1000));
        let person = |given: Option<&PersonBody>, pointer: &str| {
            let person = people::given_or_caller(given, &write.authorized, now, pointer)?;
            Ok::<_, ErrorReply>(person.line())
        };
        Ok(Self {
            object: body.object.into(),
            action: Action::Remove,
            name,
            guard: guard.transpose()?,
            author: person(body.author.as_ref(), "/author")?,
            committer: person(body.committer.as_ref(), "/committer")?,
            push_options: push_options::checked(body.push_options, "/push_options")?,
        })
    }
}

/// The text of a note, cleaned as `git notes add -m` cleans it.
fn text(note: &str) -> Result<String, ErrorReply> {
    let text = message::clean_or_empty(note.as_bytes()).map_err(|fault| {
        let code = match fault {
            MessageFault::TooLong { .. } => ErrorCode::MemoryLimit,
            _ => ErrorCode::InvalidInput,
        };
        ErrorReply::at(code, "/note", fault.to_string().replace("message", "note"))
    })?;
    if text.is_empty() {
        let message = "note is empty: DELETE removes the note of an object";
        return Err(invalid("/note", message));
    }
    Ok(text)
}

fn object_id(text: &str) -> Result<ObjectId, ErrorReply> {
    oid_hex::parse(text.as_bytes()).ok_or_else(|| {
        let message = "expected_ref is an object id of 40 hex digits, or null";
        invalid("/expected_ref", message)
    })
}
