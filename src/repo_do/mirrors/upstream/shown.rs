//! The upstream and its syncs, as REST shows them, without secrets.

use serde::Serialize;

use crate::git::store::StoreError;
use crate::repo_do::contract::{CredentialsKind, ImportProgress};
use crate::repo_do::mirrors::credentials::sealed::SealedCredentials;
use crate::repo_do::object::RepoObject;
use crate::repo_do::state::store::Store;
use crate::storage::repository::upstream::{Diverged, Upstream, UpstreamPolicy};
use crate::storage::repository::upstream_syncs::{AskedBy, RefReport, SyncOutcome, SyncRecord};
use crate::storage::time::iso_8601;

/// Diverged refs that an answer names.
const DIVERGED_SHOWN: u32 = 100;

/// The settings; events show them too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ShownSettings {
    url: String,
    refs: Vec<String>,
    policy: UpstreamPolicy,
    interval_seconds: Option<u32>,
    prune: bool,
    credentials: Option<CredentialsKind>,
    has_webhook_secret: bool,
}

impl From<&Upstream> for ShownSettings {
    fn from(upstream: &Upstream) -> Self {
        let sealed = upstream.credentials.as_deref();
        let sealed = sealed.and_then(|text| SealedCredentials::parse(text).ok());
        Self {
            url: upstream.url.clone(),
            refs: upstream.refs.texts().to_vec(),
            policy: upstream.policy,
            interval_seconds: upstream.interval_seconds,
            prune: upstream.prune,
            credentials: sealed.map(|sealed| sealed.kind()),
            has_webhook_secret: upstream.webhook_secret.is_some(),
        }
    }
}

/// The upstream.
#[derive(Debug, Serialize)]
pub(super) struct ShownUpstream {
    #[serde(flatten)]
    settings: ShownSettings,
    created_at: String,
    updated_at: String,
    /// The time of the next sync that needs no request.
    next_sync_at: Option<String>,
    /// The sync that has not ended.
    sync: Option<ShownSync>,
    last_sync: Option<ShownSync>,
    last_error: Option<String>,
    /// The diverged refs, by name.
    diverged: Vec<ShownDiverged>,
}

#[derive(Debug, Serialize)]
struct ShownDiverged {
    r#ref: String,
    here: String,
    there: String,
    since: String,
}

impl From<Diverged> for ShownDiverged {
    fn from(found: Diverged) -> Self {
        Self {
            r#ref: found.name.to_string(),
            here: found.here.to_string(),
            there: found.there.to_string(),
            since: iso_8601(found.since),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Waiting,
    Running,
    #[serde(untagged)]
    Over(SyncOutcome),
}

/// A sync.
#[derive(Debug, Serialize)]
pub(super) struct ShownSync {
    id: i64,
    state: State,
    asked_by: AskedBy,
    asked_at: String,
    attempts: u32,
    finished_at: Option<String>,
    /// The progress of the sync, while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ImportProgress>,
    created: u64,
    updated: u64,
    forced: u64,
    deleted: u64,
    diverged: u64,
    rejected: u64,
    skipped: u64,
    pack_bytes: u64,
    refs: Vec<RefReport>,
    error: Option<String>,
}

/// A sync, with its progress if it runs now.
pub(super) fn sync(object: &RepoObject, sync: SyncRecord) -> ShownSync {
    let is_running = object.upstream.running() == Some(sync.seq);
    let state = match sync.finished {
        Some((_, outcome)) => State::Over(outcome),
        None if is_running => State::Running,
        None => State::Waiting,
    };
    let report = sync.report;
    ShownSync {
        id: sync.seq,
        state,
        asked_by: sync.asked_by,
        asked_at: iso_8601(sync.asked_at),
        attempts: sync.attempts,
        finished_at: sync.finished.map(|(at_ms, _)| iso_8601(at_ms)),
        progress: (state == State::Running).then(|| object.upstream.fetching.progress()),
        created: report.created,
        updated: report.updated,
        forced: report.forced,
        deleted: report.deleted,
        diverged: report.diverged,
        rejected: report.rejected,
        skipped: report.skipped,
        pack_bytes: report.pack_bytes,
        refs: report.refs,
        error: report.error,
    }
}

/// The upstream, with its present syncs.
pub(super) fn upstream(
    object: &RepoObject,
    store: &Store,
    upstream: &Upstream,
) -> Result<ShownUpstream, StoreError> {
    let open = store.next_sync()?;
    let last = store.last_sync()?;
    let due = match &open {
        Some(_) => None,
        None => super::due::due(store)?,
    };
    let diverged = store.diverged(DIVERGED_SHOWN)?.into_iter();
    Ok(ShownUpstream {
        settings: upstream.into(),
        created_at: iso_8601(upstream.created_at),
        updated_at: iso_8601(upstream.updated_at),
        next_sync_at: due.map(iso_8601),
        last_error: last.as_ref().and_then(|last| last.report.error.clone()),
        sync: open.map(|open| sync(object, open)),
        last_sync: last.map(|last| sync(object, last)),
        diverged: diverged.map(Into::into).collect(),
    })
}
