//! The grants that KV holds. It may fail or be behind, and then knows nothing.

use futures::FutureExt as _;

use super::grant::{Grant, KEY_PREFIX, key};
use super::visit::Visit;
use crate::repo_do::contract::TokenHash;
use crate::storage::fault_log;
use crate::storage::kv::JsonStore;

/// The KV binding that holds the grants.
const TOKENS: &str = "TOKENS";

/// A look-up, boxed as those of the objects are.
type Found<'a, T> = futures::future::LocalBoxFuture<'a, T>;

/// Looks a token up in KV.
pub(crate) fn find<'a>(visit: &'a Visit, hash: &TokenHash) -> Found<'a, Option<Grant>> {
    let key = key(hash);
    let look_up = async move {
        // KV has no grants of signed tokens.
        if visit.signed.is_some() {
            return None;
        }
        let found = store(visit)?.get(&key).await;
        found.unwrap_or_else(|error| {
            fault_log::warning("kv", &format!("grant not read: {error}"));
            None
        })
    };
    look_up.boxed_local()
}

/// Whether there is a grant of any token.
pub(crate) fn any(visit: &Visit) -> Found<'_, bool> {
    let look_up = async move {
        match store(visit) {
            Some(store) => store.any(KEY_PREFIX).await.unwrap_or(false),
            None => false,
        }
    };
    look_up.boxed_local()
}

/// Writes the grant of a new token. When it fails, the object still knows the token.
pub(crate) async fn remember(visit: &Visit, hash: &TokenHash, grant: &Grant) {
    let Some(store) = store(visit) else { return };
    let expires_at = u64::try_from(grant.expires_at).unwrap_or(0);
    if let Err(error) = store.put(&key(hash), grant, expires_at).await {
        fault_log::warning("kv", &format!("grant not written: {error}"));
    }
}

/// Takes the grant of a revoked token away. When it fails, the object still refuses the token.
pub(crate) async fn forget(visit: &Visit, hash: &TokenHash) {
    let Some(store) = store(visit) else { return };
    if let Err(error) = store.delete(&key(hash)).await {
        fault_log::warning("kv", &format!("grant not deleted: {error}"));
    }
}

/// The store of grants, and of sessions beside them.
pub(super) fn store(visit: &Visit) -> Option<JsonStore> {
    match visit.env.kv(TOKENS) {
        Ok(binding) => Some(JsonStore::new(binding)),
        Err(error) => {
            fault_log::warning("kv", &format!("no KV is bound as {TOKENS}: {error}"));
            None
        }
    }
}
