//! The one adapter of Workers KV: small JSON values under a key, each with an end.
//!
//! KV lags behind its writers by a minute or more, and remembers misses as well as hits: nothing
//! read here may be the last word on anything.

use serde::Serialize;
use serde::de::DeserializeOwned;
use worker::kv::{KvError, KvStore};

/// Seconds that an edge location may keep an answer: the least that KV accepts.
const CACHE_SECONDS: u64 = 30;
/// KV refuses an end less than a minute away; values outlive their end by this much.
const EXPIRY_SLACK_SECONDS: u64 = 120;

/// JSON values in a KV namespace.
#[derive(Debug, Clone)]
pub(crate) struct JsonStore(KvStore);

/// KV failed, or holds a value that we did not write.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JsonStoreError {
    /// KV refused or did not answer.
    #[error("kv: {0}")]
    Kv(#[from] KvError),
    /// The value is not of the type.
    #[error("kv: value is not of its type: {0}")]
    Json(#[from] serde_json::Error),
}

impl JsonStore {
    /// Wraps a binding.
    #[must_use]
    pub(crate) fn new(binding: KvStore) -> Self {
        Self(binding)
    }

    /// The value under a key, as far as this location knows.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        key: &str,
    ) -> Result<Option<T>, JsonStoreError> {
        match self.0.get(key).cache_ttl(CACHE_SECONDS).text().await? {
            Some(text) => Ok(Some(serde_json::from_str(&text)?)),
            None => Ok(None),
        }
    }

    /// Whether any key begins so.
    pub(crate) async fn any(&self, prefix: &str) -> Result<bool, JsonStoreError> {
        let listed = self.0.list().prefix(prefix.to_owned()).limit(1).execute();
        Ok(!listed.await?.keys.is_empty())
    }

    /// Writes a value that may go some time after `expires_at`, in seconds since 1970.
    pub(crate) async fn put<T: Serialize>(
        &self,
        key: &str,
        value: &T,
        expires_at: u64,
    ) -> Result<(), JsonStoreError> {
        let text = serde_json::to_string(value)?;
        let end = expires_at.saturating_add(EXPIRY_SLACK_SECONDS);
        Ok(self.0.put(key, text)?.expiration(end).execute().await?)
    }

    /// Takes a key away.
    pub(crate) async fn delete(&self, key: &str) -> Result<(), JsonStoreError> {
        Ok(self.0.delete(key).await?)
    }
}
