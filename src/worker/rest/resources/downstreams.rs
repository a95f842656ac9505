//! Downstreams and pushes to them, as REST shows them.

use serde::Serialize;

use crate::repo_do::contract::CredentialsKind;
use crate::repo_do::contract::downstream::{
    DownstreamInShort, DownstreamState, ShownDownstream, ShownPush,
};
use crate::storage::repository::downstreams::{PushOutcome, PushReport};
use crate::worker::time::iso_8601;

/// A downstream.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "settings, each for itself")]
pub(crate) struct DownstreamShown {
    id: String,
    url: String,
    refs: Vec<String>,
    force: bool,
    prune: bool,
    atomic: bool,
    active: bool,
    credentials: Option<CredentialsKind>,
    created_at: String,
    state: DownstreamState,
    failures: u32,
    next_attempt_at: Option<String>,
    last_push: Option<PushShown>,
}

impl From<ShownDownstream> for DownstreamShown {
    fn from(found: ShownDownstream) -> Self {
        Self {
            id: found.id,
            url: found.url,
            refs: found.refs,
            force: found.force,
            prune: found.prune,
            atomic: found.atomic,
            active: found.active,
            credentials: found.credentials,
            created_at: iso_8601(found.created_at_ms),
            state: found.state,
            failures: found.failures,
            next_attempt_at: found.next_attempt_at_ms.map(iso_8601),
            last_push: found.last_push.map(Into::into),
        }
    }
}

/// A finished push.
#[derive(Debug, Serialize)]
pub(crate) struct PushShown {
    id: i64,
    started_at: String,
    ended_at: String,
    outcome: PushOutcome,
    #[serde(flatten)]
    report: PushReport,
}

impl From<ShownPush> for PushShown {
    fn from(push: ShownPush) -> Self {
        Self {
            id: push.number,
            started_at: iso_8601(push.started_at_ms),
            ended_at: iso_8601(push.ended_at_ms),
            outcome: push.outcome,
            report: push.report,
        }
    }
}

/// A downstream, as its repository shows it.
#[derive(Debug, Serialize)]
pub(crate) struct DownstreamListed {
    id: String,
    url: String,
    active: bool,
    last_push: Option<String>,
    last_error: Option<String>,
}

impl From<DownstreamInShort> for DownstreamListed {
    fn from(found: DownstreamInShort) -> Self {
        Self {
            id: found.id,
            url: found.url,
            active: found.active,
            last_push: found.last_push_at_ms.map(iso_8601),
            last_error: found.last_error,
        }
    }
}
