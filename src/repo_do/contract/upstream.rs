//! Messages between the Worker and the object about the repository's upstream.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::given_credentials::GivenCredentials;
use super::repository::present;
use crate::git::refspec::Refspecs;
use crate::storage::repository::upstream::UpstreamPolicy;
use crate::storage::webhook::definition::Secret;

/// Headers of the upstream's webhook that the object gets: the signature and the event.
pub(crate) const UPSTREAM_HOOK_HEADERS: [&str; 10] = [
    "x-hub-signature-256",
    "x-gitea-signature",
    "x-forgejo-signature",
    "x-gogs-signature",
    "x-gitlab-token",
    "x-github-event",
    "x-gitea-event",
    "x-forgejo-event",
    "x-gogs-event",
    "x-gitlab-event",
];

/// Body of `POST /upstream`: the new upstream, which replaces the old one. The Worker has checked each
/// field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetUpstream {
    /// The remote, without credentials.
    pub(crate) url: String,
    /// The refspecs, which lead refs there to refs here.
    pub(crate) refs: Refspecs,
    /// The treatment of a ref that has changed on both sides.
    pub(crate) policy: UpstreamPolicy,
    /// Seconds between two syncs; `None`: a sync needs a request.
    pub(crate) interval_seconds: Option<u32>,
    /// Whether a sync deletes refs here that upstream no longer has.
    pub(crate) prune: bool,
    /// The upstream's credentials. Absent: keep the old ones, if the URL is the same. `Some(None)`:
    /// remove them.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[expect(clippy::option_option, reason = "absent, null and credentials differ")]
    pub(crate) credentials: Option<Option<GivenCredentials>>,
    /// The secret with which the upstream signs its webhook; absent and `Some(None)` mean the same.
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    #[expect(clippy::option_option, reason = "absent, null and a secret differ")]
    pub(crate) webhook_secret: Option<Option<Secret>>,
}

/// Query of `GET /upstream/syncs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ListSyncs {
    /// List syncs with smaller numbers.
    pub(crate) before: i64,
    /// The page's size, at most.
    pub(crate) limit: u32,
}

/// The answer to [`ListSyncs`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct SyncPage {
    /// Syncs as REST shows them, the newest first.
    pub(crate) syncs: Vec<Value>,
    /// The number below which the next page begins; `None` at the end.
    pub(crate) next: Option<i64>,
}
