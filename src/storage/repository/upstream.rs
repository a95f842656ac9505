//! The upstream of a repository: another one elsewhere, which it follows.

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use serde::{Deserialize, Serialize};

use crate::git::refspec::Refspecs;
use crate::storage::webhook::definition::Secret;

/// The treatment of a ref that has changed on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamPolicy {
    /// No ref changes on both sides: pushes to mirrored refs are refused.
    ReadOnly,
    /// The ref keeps its target here, and the sync reports it.
    FastForward,
    /// The ref takes upstream's target.
    Force,
}

impl UpstreamPolicy {
    /// The policy's name in columns and answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::FastForward => "fast_forward",
            Self::Force => "force",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        let all = [Self::ReadOnly, Self::FastForward, Self::Force];
        all.into_iter().find(|policy| policy.name() == name)
    }
}

/// The part of the upstream's settings that every request loads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Followed {
    /// The treatment of a ref that has changed on both sides.
    pub policy: UpstreamPolicy,
    /// The refspecs, which lead refs there to refs here.
    pub refs: Refspecs,
}

impl Followed {
    /// The refspecs, if the policy refuses pushes to the refs that they lead to.
    #[must_use]
    pub fn read_only(&self) -> Option<&Refspecs> {
        (self.policy == UpstreamPolicy::ReadOnly).then_some(&self.refs)
    }
}

/// The upstream's settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The remote, without credentials.
    pub url: String,
    /// The refspecs, which lead refs there to refs here.
    pub refs: Refspecs,
    /// The treatment of a ref that has changed on both sides.
    pub policy: UpstreamPolicy,
    /// Seconds between two syncs; `None`: a sync needs a request.
    pub interval_seconds: Option<u32>,
    /// Whether a sync deletes refs here that upstream no longer has.
    pub prune: bool,
    /// The upstream's credentials, sealed.
    pub credentials: Option<String>,
    /// The secret with which the upstream signs its webhook.
    pub webhook_secret: Option<Secret>,
    /// The time when it was set first, in unix milliseconds.
    pub created_at: i64,
    /// The time when it was set last, in unix milliseconds.
    pub updated_at: i64,
}

/// A ref that went different ways here and in the upstream, so that syncs leave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diverged {
    /// The ref's name here.
    pub name: BString,
    /// The ref's target here.
    pub here: ObjectId,
    /// The ref's target in the upstream.
    pub there: ObjectId,
    /// The time when a sync found this, in unix milliseconds.
    pub since: i64,
}
