//! When packs go to R2, when they go cold, and when a clone is kept ready: the setting of the repository,
//! else of the deployment, else the default here.

use worker::Env;

use crate::git::store::StoreError;
use crate::repo_do::contract::SnapshotChange;
use crate::repo_do::state::store::Store;
use crate::storage::repository::copies::SnapshotSettings;

/// The deployment's settings: variables of `wrangler.toml`.
const SETTLE_SECONDS: &str = "CAIRN_SETTLE_SECONDS";
const COLD_AFTER_SECONDS: &str = "CAIRN_COLD_AFTER_SECONDS";
const COLD_BYTES_MIN: &str = "CAIRN_COLD_BYTES_MIN";
const READY_BYTES_MIN: &str = "CAIRN_READY_BYTES_MIN";

/// Settings, resolved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Milliseconds without a push after which packs are copied and ready clones made.
    pub(crate) settle_ms: i64,
    /// Milliseconds after its publication at which a pack may go cold.
    pub(crate) cold_after_ms: i64,
    /// Bytes of live packs in the database below which none goes cold.
    pub(crate) cold_bytes_min: u64,
    /// Bytes of live packs from which on a ready clone is made.
    pub(crate) ready_bytes_min: u64,
}

impl Settings {
    /// Resolves the settings.
    pub(crate) fn of(env: &Env, set: &SnapshotSettings) -> Self {
        let seconds = |set: Option<u32>, name, otherwise| {
            let seconds = set.map(u64::from).or_else(|| variable(env, name));
            let seconds = seconds.unwrap_or(otherwise).min(u64::from(u32::MAX));
            i64::try_from(seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(1000)
        };
        let bytes = |set: Option<u64>, name, otherwise| {
            set.or_else(|| variable(env, name)).unwrap_or(otherwise)
        };
        Self {
            settle_ms: seconds(set.settle_seconds, SETTLE_SECONDS, 60),
            cold_after_ms: seconds(set.cold_after_seconds, COLD_AFTER_SECONDS, 7 * 24 * 3600),
            cold_bytes_min: bytes(set.cold_bytes_min, COLD_BYTES_MIN, 16 << 20),
            ready_bytes_min: bytes(set.ready_bytes_min, READY_BYTES_MIN, 4 << 20),
        }
    }
}

/// What holds for the repository, as REST shows it.
pub(crate) fn shown(env: &Env, store: &Store) -> Result<SnapshotChange, StoreError> {
    let held = Settings::of(env, &store.snapshot_settings()?);
    let seconds = |ms: i64| u32::try_from(ms / 1000).ok();
    Ok(SnapshotChange {
        settle_seconds: seconds(held.settle_ms),
        cold_after_seconds: seconds(held.cold_after_ms),
        cold_bytes_min: Some(held.cold_bytes_min),
        ready_bytes_min: Some(held.ready_bytes_min),
    })
}

/// Milliseconds without a push after which there is something to do.
pub(crate) fn settle_ms(env: &Env, store: &Store) -> i64 {
    let set = store.snapshot_settings().unwrap_or_default();
    Settings::of(env, &set).settle_ms
}

fn variable(env: &Env, name: &str) -> Option<u64> {
    env.var(name).ok()?.to_string().trim().parse().ok()
}
