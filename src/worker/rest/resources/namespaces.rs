//! Namespaces as REST shows them.

use serde::Serialize;

use super::Fsck;
use crate::storage::jurisdiction::Jurisdiction;
use crate::storage::namespace::quotas::Quotas;
use crate::worker::namespace::contract::{NamespaceInfo, NamespaceTotals};
use crate::worker::signed::issuer::Issuer;
use crate::worker::time::iso_8601;

/// A namespace.
#[derive(Debug, Serialize)]
pub(crate) struct Namespace {
    #[serde(rename = "namespace")]
    name: String,
    jurisdiction: Jurisdiction,
    repo_count: u64,
    created_at: String,
    updated_at: String,
    fsck: Fsck,
    #[serde(flatten)]
    totals: NamespaceTotals,
    #[serde(flatten)]
    quotas: Quotas,
    suspended: bool,
    read_only: bool,
    /// Tokens that were made before it are revoked.
    tokens_revoked_before: Option<String>,
    standing: ToldStanding,
    issuers: Vec<Issuer>,
}

/// The number of repositories that know the namespace's newest policies.
#[derive(Debug, Serialize)]
struct ToldStanding {
    version: i64,
    told: u64,
    left: u64,
}

impl From<&NamespaceInfo> for ToldStanding {
    fn from(info: &NamespaceInfo) -> Self {
        Self {
            version: info.standing.version,
            told: info.repo_count.saturating_sub(info.untold_count),
            left: info.untold_count,
        }
    }
}

/// The answer to the revocation of all tokens.
#[derive(Debug, Serialize)]
pub(crate) struct AllRevoked {
    tokens_revoked_before: Option<String>,
    standing: ToldStanding,
}

impl From<NamespaceInfo> for AllRevoked {
    fn from(info: NamespaceInfo) -> Self {
        Self {
            tokens_revoked_before: revoked_before(&info),
            standing: ToldStanding::from(&info),
        }
    }
}

fn revoked_before(info: &NamespaceInfo) -> Option<String> {
    let epoch_ms = info.standing.token_epoch_ms;
    (epoch_ms > 0).then(|| iso_8601(epoch_ms))
}

impl From<NamespaceInfo> for Namespace {
    fn from(info: NamespaceInfo) -> Self {
        Self {
            suspended: info.standing.suspended,
            read_only: info.standing.read_only,
            tokens_revoked_before: revoked_before(&info),
            standing: ToldStanding::from(&info),
            name: info.namespace,
            jurisdiction: info.jurisdiction,
            repo_count: info.repo_count,
            created_at: iso_8601(info.created_at_ms),
            updated_at: iso_8601(info.updated_at_ms),
            fsck: Fsck {
                strict: info.fsck_strict,
            },
            totals: info.totals,
            quotas: info.quotas,
            issuers: info.issuers,
        }
    }
}
