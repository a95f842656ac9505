//! The body of `POST …/refs`: the JSON, and the same checked.

use std::collections::HashSet;

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use serde::Deserialize;

use super::pointer::pointer;
use crate::git::edit::date::Date;
use crate::git::edit::message;
use crate::git::edit::person::Person;
use crate::git::protocol::oid_hex;
use crate::git::refname;
use crate::repo_do::contract::{ErrorCode, ErrorReply, present};
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::write::commits::{PersonBody, invalid, people};
use crate::repo_do::write::push_options;

/// Refs that one request changes. The answer to so many fits a row.
const UPDATES_MAX: usize = 1000;

/// Bytes of a refname: that of the bounds of a push, which says it in its own words.
const NAME_BYTES_MAX: usize = 4096;

/// Bytes of all names together: the answer, which may have each several times, fits a row.
const NAMES_BYTES_MAX: usize = 128 << 10;

/// Characters of a revision.
const REVISION_CHARACTERS_MAX: usize = 1024;

/// The body of `POST …/refs`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefsBody {
    updates: Vec<UpdateBody>,
    #[serde(default)]
    atomic: bool,
    #[serde(default)]
    push_options: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UpdateBody {
    name: String,
    /// `null` deletes the ref. It must be there, so that a typing error deletes nothing.
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a text differ")]
    new: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[expect(clippy::option_option, reason = "absent, null and a text differ")]
    old: Option<Option<String>>,
    #[serde(default)]
    tag: Option<TagBody>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TagBody {
    message: String,
    #[serde(default)]
    tagger: Option<PersonBody>,
}

/// The checked body.
pub(super) struct Asked {
    pub(super) updates: Vec<AskedUpdate>,
    pub(super) atomic: bool,
    pub(super) push_options: Vec<BString>,
}

/// One ref.
pub(super) struct AskedUpdate {
    /// As sent: whether it is a refname, the rules of a push say.
    pub(super) name: BString,
    /// A revision; `None` deletes the ref.
    pub(super) new: Option<String>,
    /// The guard: the id that the ref must have.
    #[expect(
        clippy::option_option,
        reason = "no guard, and a ref that must not be, differ"
    )]
    pub(super) guard: Option<Option<ObjectId>>,
    /// The annotated tag to be made.
    pub(super) tag: Option<AskedTag>,
}

/// An annotated tag to be made.
pub(super) struct AskedTag {
    /// The refname without `refs/tags/`.
    pub(super) name: BString,
    pub(super) message: String,
    pub(super) tagger: Person,
}

impl Asked {
    /// Does the checks that need no repository.
    pub(super) fn new(body: RefsBody, authorized: &Authorized) -> Result<Self, ErrorReply> {
        let count = body.updates.len();
        if count == 0 {
            return Err(invalid("/updates", "there is no update"));
        }
        if count > UPDATES_MAX {
            let message = format!(
                "{count} updates, at most {UPDATES_MAX} are taken at once: send several requests"
            );
            return Err(ErrorReply::at(ErrorCode::MemoryLimit, "/updates", message));
        }
        let name_bytes = body.updates.iter().map(|update| update.name.len());
        let name_bytes: usize = name_bytes.sum();
        if name_bytes > NAMES_BYTES_MAX {
            let message = format!(
                "the names have {name_bytes} bytes together, at most {NAMES_BYTES_MAX} are taken at \
                 once: send several requests"
            );
            return Err(ErrorReply::at(ErrorCode::MemoryLimit, "/updates", message));
        }
        let mut names = HashSet::with_capacity(count);
        let mut updates = Vec::with_capacity(count);
        for (number, update) in body.updates.into_iter().enumerate() {
            if !names.insert(update.name.clone()) {
                let message = format!("'{}' is named twice", update.name);
                return Err(invalid(pointer(number, "name"), message));
            }
            updates.push(AskedUpdate::new(update, number, authorized)?);
        }
        Ok(Self {
            updates,
            atomic: body.atomic,
            push_options: push_options::checked(body.push_options, "/push_options")?,
        })
    }
}

impl AskedUpdate {
    fn new(body: UpdateBody, number: usize, authorized: &Authorized) -> Result<Self, ErrorReply> {
        let at = |field: &str| pointer(number, field);
        let name_bytes = body.name.len();
        if name_bytes > NAME_BYTES_MAX {
            let message = format!("refname of {name_bytes} bytes, at most {NAME_BYTES_MAX}");
            return Err(invalid(at("name"), message));
        }
        let Some(new) = body.new else {
            let message = "new is missing: a revision, or null to delete the ref";
            return Err(invalid(at("new"), message));
        };
        if let Some(new) = &new {
            check_revision(new).map_err(|message| invalid(at("new"), message))?;
        }
        let guard = match body.old {
            None => None,
            Some(None) => Some(None),
            Some(Some(id)) => Some(Some(read_id(&id).ok_or_else(|| {
                invalid(
                    at("old"),
                    "old is neither null nor an object id of 40 digits",
                )
            })?)),
        };
        let tag = match (body.tag, &new) {
            (None, _) => None,
            (Some(_), None) => {
                let message = "a ref that is deleted gets no tag";
                return Err(invalid(at("tag"), message));
            }
            (Some(tag), Some(_)) => Some(AskedTag::new(&tag, &body.name, &at("tag"), authorized)?),
        };
        Ok(Self {
            name: body.name.into(),
            new,
            guard,
            tag,
        })
    }
}

impl AskedTag {
    fn new(
        body: &TagBody,
        refname: &str,
        pointer: &str,
        authorized: &Authorized,
    ) -> Result<Self, ErrorReply> {
        let Some(name) = refname.strip_prefix(refname::TAGS) else {
            let message = format!("an annotated tag stands below {}", refname::TAGS);
            return Err(invalid(pointer, message));
        };
        let cleaned = message::clean(body.message.as_bytes());
        let message =
            cleaned.map_err(|fault| invalid(format!("{pointer}/message"), fault.to_string()))?;
        let now = Date::utc(now_ms().div_euclid(1000));
        let at = format!("{pointer}/tagger");
        let tagger = people::given_or_caller(body.tagger.as_ref(), authorized, now, &at)?;
        Ok(Self {
            name: name.into(),
            message,
            tagger,
        })
    }
}

fn check_revision(text: &str) -> Result<(), String> {
    let characters = text.chars().count();
    match characters {
        0 => Err("new is empty: null deletes a ref".to_owned()),
        _ if characters > REVISION_CHARACTERS_MAX => Err(format!(
            "new has {characters} characters, at most {REVISION_CHARACTERS_MAX}"
        )),
        _ => Ok(()),
    }
}

/// An object id; the null id does not count.
fn read_id(text: &str) -> Option<ObjectId> {
    oid_hex::parse(text.as_bytes()).filter(|id| !id.is_null())
}
