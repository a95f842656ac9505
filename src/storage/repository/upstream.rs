//! The upstream of a repository: another one elsewhere, which it follows.

use gix_hash::ObjectId;
use gix_object::bstr::BString;
use serde::{Deserialize, Serialize};

use crate::git::refspec::Refspecs;
use crate::storage::webhook::definition::Secret;

/// What becomes of a ref that has changed on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpstreamPolicy {
    /// None has: pushes to mirrored refs are refused.
    ReadOnly,
    /// It is left, and reported.
    FastForward,
    /// Upstream's wins.
    Force,
}

impl UpstreamPolicy {
    /// As columns and answers spell it.
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

/// What every request knows of the upstream.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Followed {
    /// What becomes of a ref that has changed on both sides.
    pub policy: UpstreamPolicy,
    /// Which refs there become which refs here.
    pub refs: Refspecs,
}

impl Followed {
    /// The refspecs, if pushes to the refs that they lead to are refused.
    #[must_use]
    pub fn read_only(&self) -> Option<&Refspecs> {
        (self.policy == UpstreamPolicy::ReadOnly).then_some(&self.refs)
    }
}

/// The upstream, as it was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// The remote, without credentials.
    pub url: String,
    /// Which refs there become which refs here.
    pub refs: Refspecs,
    /// What becomes of a ref that has changed on both sides.
    pub policy: UpstreamPolicy,
    /// Seconds between two syncs; `None`: only when somebody asks.
    pub interval_seconds: Option<u32>,
    /// Whether a ref is deleted here that upstream no longer has.
    pub prune: bool,
    /// Its credentials, sealed.
    pub credentials: Option<String>,
    /// The secret with which it signs its webhook.
    pub webhook_secret: Option<Secret>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,
}

/// A ref that went different ways here and in the upstream, and was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diverged {
    /// Its name here.
    pub name: BString,
    /// Where it stands here.
    pub here: ObjectId,
    /// Where it stands there.
    pub there: ObjectId,
    /// When that was found, in unix milliseconds.
    pub since: i64,
}
