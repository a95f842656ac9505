//! The shapes of the JSON. Text of a repository need not be UTF-8: other text is shown with replacement
//! characters.

use std::borrow::Cow;

use chrono::{DateTime, SecondsFormat};
use gix_hash::ObjectId;
use gix_object::bstr::{BStr, ByteSlice};
use gix_object::tree::EntryKind;
use serde::Serialize;

use crate::git::content::commit::{CommitText, Person};
use crate::git::content::listing::Listed;
use crate::git::object::facts::Mode;
use crate::storage::repository::ref_record::RefRecord;

/// Bytes of a commit's message that are shown.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

/// A ref.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ref {
    name: String,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    peeled: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    symref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ahead_by: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    behind_by: Option<u64>,
}

impl Ref {
    /// A ref of the repository.
    pub(crate) fn of(record: &RefRecord) -> Self {
        Self {
            name: record.name.to_str_lossy().into_owned(),
            target: record.target.to_string(),
            peeled: record.peeled.map(|peeled| peeled.to_string()),
            symref: None,
            ahead_by: None,
            behind_by: None,
        }
    }

    /// Tells how many commits it has that another revision has not, and the other way round.
    pub(crate) fn count(&mut self, ahead_by: u64, behind_by: u64) {
        self.ahead_by = Some(ahead_by);
        self.behind_by = Some(behind_by);
    }

    /// `HEAD`, and the ref that it points to.
    pub(crate) fn head(record: &RefRecord, points_to: &BStr) -> Self {
        Self {
            name: "HEAD".to_owned(),
            symref: Some(points_to.to_str_lossy().into_owned()),
            ..Self::of(record)
        }
    }
}

/// A commit.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Commit<'a> {
    hash: String,
    tree_hash: String,
    message: Cow<'a, str>,
    author: Signature<'a>,
    committer: Signature<'a>,
    parents: Vec<String>,
    authored_at: Time,
    committed_at: Time,
}

/// The interface whose forms the values have; the fields are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// As everywhere in the REST face.
    Own,
    /// As Cloudflare Artifacts' API and binding have them: times in seconds since 1970, messages
    /// without their last line end, and modes as they stand in a tree.
    Artifacts,
}

impl Form {
    fn time(self, unix_seconds: i64) -> Time {
        match self {
            Self::Own => Time::Text(iso_8601(unix_seconds)),
            Self::Artifacts => Time::Unix(unix_seconds),
        }
    }

    fn message(self, message: &[u8]) -> &[u8] {
        match self {
            Self::Own => message,
            Self::Artifacts => message.strip_suffix(b"\n").unwrap_or(message),
        }
    }

    fn mode(self, Mode(mode): Mode) -> String {
        match self {
            Self::Own => format!("{mode:06o}"),
            Self::Artifacts => format!("{mode:o}"),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Time {
    Text(String),
    Unix(i64),
}

#[derive(Debug, Serialize)]
struct Signature<'a> {
    name: Cow<'a, str>,
    email: Cow<'a, str>,
}

impl<'a> Commit<'a> {
    /// The shape of a commit's content.
    pub(crate) fn new(id: ObjectId, text: &CommitText<'a>, form: Form) -> Self {
        let message = form.message(text.message);
        let shown = message.len().min(MESSAGE_BYTES_MAX);
        let message = message.get(..shown).unwrap_or_default();
        Self {
            hash: id.to_string(),
            tree_hash: text.facts.tree.to_string(),
            message: message.to_str_lossy(),
            author: Signature::of(&text.author),
            committer: Signature::of(&text.committer),
            parents: text.facts.parents.iter().map(ToString::to_string).collect(),
            authored_at: form.time(text.author.time_seconds),
            committed_at: form.time(text.committer.time_seconds),
        }
    }
}

impl<'a> Signature<'a> {
    fn of(person: &Person<'a>) -> Self {
        Self {
            name: person.name.to_str_lossy(),
            email: person.email.to_str_lossy(),
        }
    }
}

/// An entry of a tree.
#[derive(Debug, Serialize)]
pub(crate) struct Entry<'a> {
    name: Cow<'a, str>,
    mode: String,
    hash: String,
    r#type: &'static str,
}

impl<'a> Entry<'a> {
    /// The shape of a listed entry.
    pub(crate) fn new(listed: &'a Listed, form: Form) -> Self {
        Self {
            name: listed.path.to_str_lossy(),
            mode: form.mode(listed.mode),
            hash: listed.id.to_string(),
            r#type: match listed.mode.kind() {
                EntryKind::Tree => "tree",
                EntryKind::Blob => "blob",
                EntryKind::BlobExecutable => "exec",
                EntryKind::Link => "symlink",
                EntryKind::Commit => "gitlink",
            },
        }
    }
}

/// A time in unix milliseconds, likewise.
pub(crate) fn iso_8601_ms(unix_ms: i64) -> String {
    DateTime::from_timestamp_millis(unix_ms)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// In UTC, with milliseconds as all times of the REST face; a time that no calendar has shows as 1970.
fn iso_8601(unix_seconds: i64) -> String {
    DateTime::from_timestamp(unix_seconds, 0)
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_commit_as_shown() {
        let tree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
        let text = format!(
            "tree {tree}\nparent {tree}\nauthor \u{c9}ve <e@x> 0 +0100\n\
             committer C <c@x> 1700000001 +0000\n\nwhy\n"
        );
        let mut content = text.into_bytes();
        content.push(0xff);
        let id = ObjectId::null(gix_hash::Kind::Sha1);
        let iso = json!(["1970-01-01T00:00:00.000Z", "2023-11-14T22:13:21.000Z"]);
        for (form, times) in [
            (Form::Own, iso),
            (Form::Artifacts, json!([0, 1_700_000_001])),
        ] {
            let shown = Commit::new(id, &CommitText::parse(&content).unwrap(), form);
            assert_eq!(
                serde_json::to_value(shown).unwrap(),
                json!({
                    "hash": "0".repeat(40), "treeHash": tree, "message": "why\n\u{fffd}",
                    "author": {"name": "\u{c9}ve", "email": "e@x"},
                    "committer": {"name": "C", "email": "c@x"}, "parents": [tree],
                    "authoredAt": times[0], "committedAt": times[1],
                })
            );
        }
    }

    #[test]
    fn a_message_in_artifacts_form_has_lost_one_line_end() {
        for (message, shown) in [("", ""), ("a", "a"), ("a\n", "a"), ("a\n\n", "a\n")] {
            assert_eq!(
                Form::Artifacts.message(message.as_bytes()),
                shown.as_bytes()
            );
            assert_eq!(Form::Own.message(message.as_bytes()), message.as_bytes());
        }
    }

    #[test]
    fn entries_as_shown() {
        let kinds = [
            (Form::Own, 0o040_000, "040000", "tree"),
            (Form::Artifacts, 0o040_000, "40000", "tree"),
            (Form::Artifacts, 0o100_644, "100644", "blob"),
            (Form::Own, 0o100_644, "100644", "blob"),
            (Form::Own, 0o100_664, "100664", "blob"),
            (Form::Own, 0o100_755, "100755", "exec"),
            (Form::Own, 0o120_000, "120000", "symlink"),
            (Form::Own, 0o160_000, "160000", "gitlink"),
        ];
        for (form, mode, shown_mode, kind) in kinds {
            let listed = Listed {
                path: "a/b".into(),
                mode: Mode(mode),
                id: ObjectId::null(gix_hash::Kind::Sha1),
            };
            assert_eq!(
                serde_json::to_value(Entry::new(&listed, form)).unwrap(),
                json!({
                    "name": "a/b", "mode": shown_mode, "hash": "0".repeat(40), "type": kind,
                })
            );
        }
    }

    #[test]
    fn a_time_beyond_every_calendar() {
        assert_eq!(iso_8601(i64::MAX), "1970-01-01T00:00:00.000Z");
    }
}
