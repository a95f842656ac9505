//! The payload of each kind of event, as JSON.
//!
//! They have the fields of Cloudflare Artifacts' event subscriptions, by the same names, and more.

use serde::Serialize;
use serde_json::value::RawValue;

use super::repository::store::RepositoryRecord;
use super::time::iso_8601;
use crate::git::refname;

/// The id in the place of none, as Git's hooks write it.
pub(crate) const NO_ID: &str = "0000000000000000000000000000000000000000";

/// Commits of one event.
pub(crate) const COMMITS_MAX: usize = 20;

/// A payload as JSON. Ours always can be written; should one not, the event says nothing more than
/// that it happened.
pub fn raw(payload: &impl Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(payload).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The repository, in the payload of its changes.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RepositoryPayload {
    repo_id: String,
    default_branch: String,
    description: Option<String>,
    read_only: bool,
    created_at: String,
    updated_at: String,
    last_push_at: Option<String>,
    /// Where its content came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

impl From<&RepositoryRecord> for RepositoryPayload {
    fn from(record: &RepositoryRecord) -> Self {
        Self {
            repo_id: record.id.clone(),
            default_branch: refname::branch_of(record.head.as_ref()),
            description: Some(record.description.clone()).filter(|text| !text.is_empty()),
            read_only: record.settings.read_only,
            created_at: iso_8601(record.created_at),
            updated_at: iso_8601(record.updated_at),
            last_push_at: record.last_push_at.map(iso_8601),
            source: record.source.clone(),
        }
    }
}

/// A commit in the payload of a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CommitPayload {
    /// Its id, in hex.
    pub id: String,
    /// Its message, or the beginning of it.
    pub message: String,
    /// Whether the message goes on.
    pub message_truncated: bool,
    /// The committer's time, ISO 8601.
    pub timestamp: String,
    /// The author of the change.
    pub author: PersonPayload,
    /// The maker of the commit.
    pub committer: PersonPayload,
    /// Its parents' ids, in hex.
    pub parents: Vec<String>,
}

/// A person in the payload of a push.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PersonPayload {
    /// May be empty.
    pub name: String,
    /// May be empty.
    pub email: String,
}

/// The commits that one update of a push brings to its ref.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushedCommits {
    /// Whether the ref's former commit is not an ancestor of its new one.
    pub forced: bool,
    /// The newest of them, oldest first.
    pub commits: Vec<CommitPayload>,
    /// How many there are.
    pub total: u64,
    /// Whether `commits` lacks some.
    pub truncated: bool,
}

impl PushedCommits {
    /// The same with so many commits at most: the newest.
    #[must_use]
    pub fn newest(mut self, commits_max: usize) -> Self {
        let over = self.commits.len().saturating_sub(commits_max);
        self.truncated |= over > 0;
        self.commits.drain(..over);
        self
    }
}

/// The payload of a push to one ref.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PushedPayload<'a> {
    pub(crate) repo_id: &'a str,
    #[serde(rename = "ref")]
    pub(crate) ref_name: &'a str,
    pub(crate) before: &'a str,
    pub(crate) after: &'a str,
    pub(crate) forced: bool,
    pub(crate) commits: &'a [CommitPayload],
    pub(crate) total_commits_count: u64,
    pub(crate) commits_truncated: bool,
    pub(crate) push_options: &'a [String],
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) push_options_truncated: bool,
}
