//! Live figures of a repository, and of the isolate for the operator.

use super::serve::shown as shown_run;
use crate::git::content::census::Census;
use crate::repo_do::contract::Actor;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::runtime::{lease, memory, reply};
use crate::repo_do::state::store::Store;
use crate::storage::db::cache;
use crate::storage::db::sql::Database as _;

/// Runs of maintenance that `/stats` shows.
const RUNS_SHOWN: u32 = 20;

/// The isolate's memory that requests and alarms hold now.
fn reservations() -> serde_json::Value {
    let figures = lease::figures();
    let operations = figures.operations.into_iter();
    let operations = operations.map(|(name, (count, bytes))| {
        let shown = serde_json::json!({ "count": count, "bytes": bytes });
        (name.to_owned(), shown)
    });
    serde_json::json!({
        "count": figures.count,
        "bytes": figures.bytes,
        "oldest_ms": figures.oldest_ms,
        "operations": operations.collect::<serde_json::Map<_, _>>(),
    })
}

/// `GET /stats`: live figures. The SQL counters count since this object woke. Those of the isolate
/// tell of other repositories too: they are the operator's to see.
pub(crate) fn stats(store: &Store, actor: Actor) -> Answer {
    let counts = store.counts()?;
    let packs = store.stored_packs()?;
    let db = store.database();
    let runs = store.runs(RUNS_SHOWN)?;
    let lfs = store.lfs_totals()?;
    let census = Census::take(store)?;
    let mut stats = serde_json::json!({
        "refs": counts.refs,
        "reflog_rows": counts.reflog_rows,
        "packs": {
            "live": counts.live_packs,
            "quarantined": counts.quarantined_packs,
            "superseded": counts.superseded_packs,
            "bytes": counts.pack_bytes,
            "chunk_rows": counts.chunk_rows,
            "part_rows": counts.part_rows,
            "in_r2": packs.iter().filter(|pack| pack.r2_key.is_some()).count(),
            "cold": packs.iter().filter(|pack| !pack.chunks_here).count(),
        },
        "r2_bytes": store.r2_bytes()?,
        "lfs_objects": lfs.objects,
        "lfs_bytes": lfs.bytes,
        "ready_clone_bytes": store.ready_clone()?.map(|ready| ready.response_bytes),
        "objects": counts.object_count,
        "objects_by_kind": {
            "commit": census.commits,
            "tree": census.trees,
            "blob": census.blobs,
            "tag": census.tags,
        },
        "fsck_warnings": store.warning_counts()?,
        "tokens": counts.tokens,
        "sqlite_bytes": counts.database_bytes,
        "sql": {
            "rows_read": db.rows_read(),
            "rows_written": db.rows_written(),
            "statements": db.statements(),
        },
        "maintenance": runs.iter().map(shown_run).collect::<Vec<_>>(),
    });
    if let (Actor::Operator, Some(fields)) = (actor, stats.as_object_mut()) {
        fields.insert("isolate".to_owned(), isolate());
    }
    reply::json(&stats)
}

/// Figures of the isolate, which repositories share.
fn isolate() -> serde_json::Value {
    let (part_cache_bytes, chunk_cache_bytes) = cache::cached_bytes();
    serde_json::json!({
        "heap_bytes": memory::heap_bytes(),
        "reserved_bytes": memory::reserved_bytes(),
        "reserved_bytes_peak": memory::reserved_bytes_peak(),
        "reservations": reservations(),
        "part_cache_bytes": part_cache_bytes,
        "chunk_cache_bytes": chunk_cache_bytes,
    })
}
