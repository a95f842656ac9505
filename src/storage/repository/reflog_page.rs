//! The reflog, read: its entries from the newest to the oldest, one page after the other.
//!
//! Entries have ascending numbers that are never given again, so a page begins below the number at
//! which the page before ended: entries that are written meanwhile have greater numbers.
//!
//! The table has no index on the names, because every push would write it. A page of the entries of
//! one ref therefore looks at [`LOOKED_AT_MAX`] entries at most, and may be shorter than asked for.

use gix_hash::ObjectId;
use gix_object::bstr::{BStr, BString, ByteSlice as _};

use super::publication::Actor;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Row, Value};
use crate::storage::db::sql::{Database, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// Entries that a page looks at, at most: some 5 ms of work.
pub const LOOKED_AT_MAX: u32 = 20_000;

/// One change of one ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReflogEntry {
    /// Its number; later changes have greater ones.
    pub seq: i64,
    /// The number of the first entry of the same push.
    pub push_seq: i64,
    /// The full refname.
    pub name: BString,
    /// `None`: the ref was created.
    pub old: Option<ObjectId>,
    /// `None`: the ref was deleted.
    pub new: Option<ObjectId>,
    /// Unix milliseconds.
    pub at_ms: i64,
    /// The token that did it, or the operator.
    pub actor: Actor,
    /// The push options; empty once the first entry of the push has expired.
    pub push_options: Vec<String>,
}

/// Some entries, the newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReflogPage {
    /// The entries.
    pub entries: Vec<ReflogEntry>,
    /// Where the next page begins: below this number. `None` at the end.
    pub next: Option<i64>,
}

impl<D: Database> RepoStore<D> {
    /// Up to `limit` entries whose numbers are below `before`, those of one ref if it is given.
    pub fn reflog_page(
        &self,
        name: Option<&BStr>,
        before: Option<i64>,
        limit: u32,
    ) -> Result<ReflogPage, StoreError> {
        let before = before.unwrap_or(INTEGER_MAX);
        let sql = "SELECT coalesce(max(seq), 0) + 1 FROM reflog WHERE seq < ?1";
        let end = query_first(&self.db, sql, &[before.into()], |row| row.integer(0))?.unwrap_or(1);
        let looked_at = name.map_or(i64::from(limit), |_| i64::from(LOOKED_AT_MAX));
        // Expired entries leave gaps at the beginning alone: numbers tell how many are looked at.
        let start = end.saturating_sub(looked_at);
        let sql = "SELECT entry.seq, entry.push_seq, entry.name, entry.old, entry.new, entry.at,
                entry.token_id, entry.token_label, coalesce(entry.push_options,
                    (SELECT push_options FROM reflog WHERE seq = entry.push_seq))
            FROM reflog AS entry
            WHERE entry.seq >= ?1 AND entry.seq < ?2 AND (?3 IS NULL OR entry.name = ?3)
            ORDER BY entry.seq DESC LIMIT ?4";
        let name = name.map_or(Value::Null, |name| Value::Blob(name.as_bytes()));
        let params = [start.into(), end.into(), name, limit.into()];
        let entries = query_all(&self.db, sql, &params, read_entry)?;
        let is_full = u32::try_from(entries.len()).is_ok_and(|count| count >= limit);
        let reached = match entries.last() {
            Some(last) if is_full => last.seq,
            _ => start,
        };
        Ok(ReflogPage {
            entries,
            next: self.has_reflog_before(reached)?.then_some(reached),
        })
    }

    /// The entry of this number.
    pub fn reflog_entry(&self, seq: i64) -> Result<Option<ReflogEntry>, StoreError> {
        let sql = "SELECT seq, push_seq, name, old, new, at, token_id, token_label, push_options
            FROM reflog WHERE seq = ?1";
        Ok(query_first(&self.db, sql, &[seq.into()], read_entry)?)
    }

    fn has_reflog_before(&self, seq: i64) -> Result<bool, SqlError> {
        let sql = "SELECT 1 FROM reflog WHERE seq < ?1 LIMIT 1";
        let found = query_first(&self.db, sql, &[seq.into()], |row| row.integer(0))?;
        Ok(found.is_some())
    }
}

fn read_entry(row: &dyn Row) -> Result<ReflogEntry, SqlError> {
    let push_options = row.text_or_null(8)?.unwrap_or_default();
    Ok(ReflogEntry {
        seq: row.integer(0)?,
        push_seq: row.integer(1)?,
        name: row.blob(2)?.into(),
        old: row.object_id_or_null(3)?,
        new: row.object_id_or_null(4)?,
        at_ms: row.integer(5)?,
        actor: Actor {
            token_id: row.text_or_null(6)?,
            label: row.text_or_null(7)?,
        },
        // Options that this program did not write do not hide the entry.
        push_options: serde_json::from_str(&push_options).unwrap_or_default(),
    })
}
