//! The audit log of a namespace: each administrative act, with its actor, its time, its request and its
//! address. The registry has such a log of the acts on namespaces as a whole, which outlives them.
//!
//! Each act is an event first: the namespace's, or one that a repository handed over; its row here
//! is written in the transaction that takes the event into the feed. So the two never disagree. The
//! feed forgets after days, and no address stands in it; this log stays longer, and has addresses.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, query_all};
use crate::storage::db::sql_error::SqlError;
use crate::storage::event::{ActorKind, Event, EventActor, EventKind};

/// Entries that are kept: at 500 bytes each, some 50 MB.
const ENTRIES_MAX: i64 = 100_000;

/// Entries that one page looks at, so that a filter which fits few does not read them all.
const LOOKED_AT_MAX: u32 = 2_000;

/// An entry without its number, time and action.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditBody {
    /// The actor.
    pub actor: EventActor,
    /// The request; `None` if it happened by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The address that the request came from, where the deployment knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The repository's id; `None` of the namespace itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository_id: Option<String>,
    /// The repository's name at the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repo_name: Option<String>,
    /// The details, as the event has them.
    pub details: Box<RawValue>,
}

/// An entry of the log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuditEntry {
    /// Grows with each entry of the namespace.
    pub sequence: i64,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// As `token.revoked`.
    pub action: String,
    /// The rest.
    pub body: AuditBody,
}

/// Which entries are wanted; `None` takes all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AuditQuery<'a> {
    /// Those before this one.
    pub before: Option<i64>,
    /// An action, or the beginning of one and `*`.
    pub action: Option<&'a str>,
    /// The kind of actor.
    pub actor: Option<ActorKind>,
    /// The id of the actor's token.
    pub token_id: Option<&'a str>,
    /// Those not before this time, in unix milliseconds.
    pub since_ms: Option<i64>,
    /// Those before this time.
    pub until_ms: Option<i64>,
}

/// Some of the entries, newest first.
#[derive(Debug, Clone)]
pub struct AuditPage {
    /// These; perhaps fewer than were asked for, although there are more.
    pub entries: Vec<AuditEntry>,
    /// Behind which entry the next page begins; `None` at the end.
    pub next: Option<i64>,
}

impl<D: Database> NamespaceStore<D> {
    /// Writes the entry of an event that tells an administrative act, in the caller's transaction.
    pub(super) fn note_audit(&self, repository_id: &str, event: &Event) -> Result<(), StoreError> {
        if !event.kind.is_administrative() {
            return Ok(());
        }
        let body = AuditBody {
            actor: event.body.actor.clone(),
            request_id: event.body.request_id.clone(),
            address: event.body.address.clone(),
            repository_id: Some(repository_id.to_owned()).filter(|id| !id.is_empty()),
            repo_name: event.body.repo_name.clone(),
            details: event.body.payload.clone(),
        };
        write_entry(&self.db, event.at_ms, &action_of(event), &body)
    }

    /// A page of the log. The database has a schema.
    pub fn audit(&self, query: &AuditQuery<'_>, limit: u32) -> Result<AuditPage, StoreError> {
        read_page(&self.db, query, limit)
    }
}

/// Writes an entry of the log in this database, which has its table, in the caller's transaction. The
/// oldest go when there are too many.
pub(super) fn write_entry<D: Database>(
    db: &D,
    at_ms: i64,
    action: &str,
    body: &AuditBody,
) -> Result<(), StoreError> {
    let body = serde_json::to_string(body);
    let body = body.map_err(|error| StoreError::Failed(error.to_string()))?;
    let sql = "INSERT INTO audit (at, action, body) VALUES (?1, ?2, ?3)";
    db.execute(sql, &[at_ms.into(), action.into(), body.as_str().into()])?;
    let sql = "DELETE FROM audit WHERE sequence <= (SELECT max(sequence) FROM audit) - ?1";
    db.execute(sql, &[ENTRIES_MAX.into()])?;
    Ok(())
}

/// A page of the log in this database, which has its table.
pub(super) fn read_page<D: Database>(
    db: &D,
    query: &AuditQuery<'_>,
    limit: u32,
) -> Result<AuditPage, StoreError> {
    let (exact, beginning) = match query
        .action
        .map(|action| (action, action.strip_suffix('*')))
    {
        Some((_, Some(beginning))) => (None, Some(beginning)),
        Some((action, None)) => (Some(action), None),
        None => (None, None),
    };
    let all = AuditQuery {
        before: query.before,
        ..AuditQuery::default()
    };
    let looked_at_max = if *query == all {
        limit.min(LOOKED_AT_MAX)
    } else {
        LOOKED_AT_MAX
    };
    // Each row says whether it fits, so that the last one looked at is known.
    let sql = "SELECT sequence, at, action, body,
            (?3 IS NULL OR action = ?3)
            AND (?4 IS NULL OR substr(action, 1, length(?4)) = ?4)
            AND (?5 IS NULL OR json_extract(body, '$.actor.kind') IS ?5)
            AND (?6 IS NULL OR json_extract(body, '$.actor.token_id') IS ?6)
            AND (?7 IS NULL OR at >= ?7)
            AND (?8 IS NULL OR at < ?8)
        FROM audit WHERE ?1 IS NULL OR sequence < ?1
        ORDER BY sequence DESC LIMIT ?2";
    let params = [
        Value::integer(query.before),
        looked_at_max.into(),
        Value::text(exact),
        Value::text(beginning),
        Value::text(query.actor.map(ActorKind::name)),
        Value::text(query.token_id),
        Value::integer(query.since_ms),
        Value::integer(query.until_ms),
    ];
    let rows = query_all(db, sql, &params, |row| {
        let place = row.integer(0)?;
        let fits = row.truth(4)?;
        Ok((place, if fits { Some(read(row)?) } else { None }))
    })?;
    let looked_at = rows.len();
    let (mut entries, mut last) = (Vec::new(), None);
    let mut is_full = false;
    for (place, entry) in rows {
        last = Some(place);
        entries.extend(entry);
        if entries.len() as u64 >= u64::from(limit) {
            is_full = true;
            break;
        }
    }
    let is_cut = is_full || looked_at as u64 >= u64::from(looked_at_max);
    Ok(AuditPage {
        entries,
        next: last.filter(|_| is_cut),
    })
}

/// The act that an event tells: its kind says it, or its payload where many acts share a kind.
fn action_of(event: &Event) -> String {
    #[derive(Deserialize)]
    struct Named {
        action: String,
    }
    if event.kind == EventKind::Audited
        && let Ok(named) = serde_json::from_str::<Named>(event.body.payload.get())
    {
        return named.action;
    }
    event.kind.name().to_owned()
}

fn read(row: &dyn Row) -> Result<AuditEntry, SqlError> {
    let body = serde_json::from_str(&row.text(3)?);
    Ok(AuditEntry {
        sequence: row.integer(0)?,
        at_ms: row.integer(1)?,
        action: row.text(2)?,
        body: body.map_err(|_| SqlError::Column {
            column: 3,
            expected: "an entry of the audit log",
        })?,
    })
}
