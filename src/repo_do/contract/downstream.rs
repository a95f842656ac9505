//! Messages between the Worker and the repository's object about downstreams: repositories elsewhere
//! that follow it.
//!
//! | request | access | body | answer |
//! |---|---|---|---|
//! | `GET /downstreams` | administer | | a list of [`ShownDownstream`] |
//! | `POST /downstreams` | administer | [`NewDownstream`] | [`ShownDownstream`] |
//! | `GET /downstreams/<id>` | administer | | [`ShownDownstream`] |
//! | `PATCH /downstreams/<id>` | administer | [`DownstreamChange`] | [`ShownDownstream`] |
//! | `DELETE /downstreams/<id>` | administer | | [`RemovedDownstream`] |
//! | `POST /downstreams/<id>/push` | administer | | [`ShownDownstream`] |
//! | `GET /downstreams/<id>/pushes?before=…&limit=…` | administer | | [`PushPage`] |

use serde::{Deserialize, Serialize};

use super::given_credentials::{CredentialsKind, GivenCredentials};
use super::public_id::is_public_id;
use super::repository::present;
use crate::storage::repository::downstreams::{EndedPush, PushOutcome, PushReport};

/// Downstreams of one repository, at most.
pub(crate) const DOWNSTREAMS_MAX: usize = 10;

/// Path of all downstreams.
pub(crate) const DOWNSTREAMS: &str = "/downstreams";

/// A path below [`DOWNSTREAMS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DownstreamPath<'a> {
    /// All downstreams.
    All,
    /// One downstream, by its id.
    One(&'a str),
    /// A push to the downstream.
    Push(&'a str),
    /// The finished pushes to the downstream.
    Pushes(&'a str),
}

impl<'a> DownstreamPath<'a> {
    /// Reads a path.
    #[must_use]
    pub(crate) fn parse(path: &'a str) -> Option<Self> {
        let rest = path.strip_prefix(DOWNSTREAMS)?;
        if rest.is_empty() {
            return Some(Self::All);
        }
        let rest = rest.strip_prefix('/')?;
        let (id, rest) = rest
            .split_once('/')
            .map_or((rest, ""), |(id, rest)| (id, rest));
        if !is_public_id(id) {
            return None;
        }
        match rest {
            "" => Some(Self::One(id)),
            "push" => Some(Self::Push(id)),
            "pushes" => Some(Self::Pushes(id)),
            _ => None,
        }
    }

    /// Writes the path.
    #[must_use]
    pub(crate) fn write(self) -> String {
        match self {
            Self::All => DOWNSTREAMS.to_owned(),
            Self::One(id) => format!("{DOWNSTREAMS}/{id}"),
            Self::Push(id) => format!("{DOWNSTREAMS}/{id}/push"),
            Self::Pushes(id) => format!("{DOWNSTREAMS}/{id}/pushes"),
        }
    }
}

/// A downstream to add. The Worker has checked each field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "settings, each for itself")]
pub(crate) struct NewDownstream {
    /// The downstream's id.
    pub(crate) id: String,
    /// The remote, without credentials.
    pub(crate) url: String,
    /// The refspecs.
    pub(crate) refs: Vec<String>,
    /// Whether refs there may lose commits.
    pub(crate) force: bool,
    /// Whether pushes delete refs there that no ref here leads to.
    pub(crate) prune: bool,
    /// Whether a push changes all refs there or none.
    pub(crate) atomic: bool,
    /// Whether Cairn pushes to it.
    pub(crate) active: bool,
    /// The credentials for the remote.
    pub(crate) credentials: Option<GivenCredentials>,
}

/// A change of a downstream; absent fields stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct DownstreamChange {
    /// The remote, without credentials.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    /// The refspecs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) refs: Option<Vec<String>>,
    /// Whether refs there may lose commits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) force: Option<bool>,
    /// Whether pushes delete refs there that no ref here leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prune: Option<bool>,
    /// Whether a push changes all refs there or none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) atomic: Option<bool>,
    /// Whether Cairn pushes to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) active: Option<bool>,
    /// The credentials for the remote; `Some(None)` removes them.
    #[serde(deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[expect(clippy::option_option, reason = "absent, null and credentials differ")]
    pub(crate) credentials: Option<Option<GivenCredentials>>,
}

/// The state of a downstream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DownstreamState {
    /// No push is due.
    Idle,
    /// A push is under way, or begins now.
    Pushing,
    /// The last attempt failed, and another one follows.
    Waiting,
    /// The downstream is switched off.
    Inactive,
}

/// A downstream, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "settings, each for itself")]
pub(crate) struct ShownDownstream {
    /// The downstream's id.
    pub(crate) id: String,
    /// The remote.
    pub(crate) url: String,
    /// The refspecs.
    pub(crate) refs: Vec<String>,
    /// Whether refs there may lose commits.
    pub(crate) force: bool,
    /// Whether pushes delete refs there that no ref here leads to.
    pub(crate) prune: bool,
    /// Whether a push changes all refs there or none.
    pub(crate) atomic: bool,
    /// Whether Cairn pushes to it.
    pub(crate) active: bool,
    /// The kind of the downstream's credentials.
    pub(crate) credentials: Option<CredentialsKind>,
    /// The time of its creation, in milliseconds since 1970.
    pub(crate) created_at_ms: i64,
    /// The downstream's state.
    pub(crate) state: DownstreamState,
    /// Failed attempts in a row.
    pub(crate) failures: u32,
    /// The start of the next attempt, in milliseconds since 1970.
    pub(crate) next_attempt_at_ms: Option<i64>,
    /// The last finished push.
    pub(crate) last_push: Option<ShownPush>,
}

/// A finished push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShownPush {
    /// The push's number: 1, 2, 3, … for each downstream.
    pub(crate) number: i64,
    /// The start of the push, in milliseconds since 1970.
    pub(crate) started_at_ms: i64,
    /// The end of the push, in milliseconds since 1970.
    pub(crate) ended_at_ms: i64,
    /// The outcome of the push.
    pub(crate) outcome: PushOutcome,
    /// The report of the push.
    pub(crate) report: PushReport,
}

impl From<EndedPush> for ShownPush {
    fn from(ended: EndedPush) -> Self {
        Self {
            number: ended.number,
            started_at_ms: ended.started_at,
            ended_at_ms: ended.ended_at,
            outcome: ended.outcome,
            report: ended.report,
        }
    }
}

/// A page of pushes, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PushPage {
    /// The pushes.
    pub(crate) pushes: Vec<ShownPush>,
    /// Whether more pushes follow.
    pub(crate) has_more: bool,
}

/// The pushes to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListPushes {
    /// List pushes with smaller numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<i64>,
    /// The page's size.
    pub(crate) limit: u32,
}

/// A removed downstream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RemovedDownstream {
    /// The downstream's id.
    pub(crate) id: String,
}

/// A downstream in short, as its repository shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DownstreamInShort {
    /// The downstream's id.
    pub(crate) id: String,
    /// The remote.
    pub(crate) url: String,
    /// Whether Cairn pushes to it.
    pub(crate) active: bool,
    /// When the last push ended, in milliseconds since 1970.
    pub(crate) last_push_at_ms: Option<i64>,
    /// Why the last push failed.
    pub(crate) last_error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_as_they_are_written() {
        let id = "0123456789abcdef";
        for path in [
            DownstreamPath::All,
            DownstreamPath::One(id),
            DownstreamPath::Push(id),
            DownstreamPath::Pushes(id),
        ] {
            assert_eq!(DownstreamPath::parse(&path.write()), Some(path));
        }
        for wrong in [
            "/downstream",
            "/downstreams/",
            "/downstreams/x",
            "/downstreams/0123456789abcdef/x",
            "/downstreamsx",
        ] {
            assert_eq!(DownstreamPath::parse(wrong), None, "{wrong}");
        }
    }
}
