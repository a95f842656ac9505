//! Requests that changed the repository and had an `Idempotency-Key`, with their answers.
//!
//! The transaction that publishes a change writes the row too ([ADR
//! 72](../../../docs/adr/0072-a-write-with-a-key-is-done-once.md)).

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Row;
use crate::storage::db::sql::{Database, query_first};
use crate::storage::db::sql_error::SqlError;

/// How long an answer is given again: a day.
pub const KEPT_MS: i64 = 24 * 60 * 60 * 1000;

/// Answers that a repository keeps: beyond, the oldest go before their day is over.
pub const KEPT_MAX: i64 = 10_000;

/// Bytes of an answer: a row has at most 2 MB.
pub const ANSWER_BYTES_MAX: usize = 1_900_000;

/// A SHA-256.
pub type Digest = [u8; 32];

/// A request that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneRequest {
    /// The digest of path and body.
    pub request: Digest,
    /// HTTP status of its answer.
    pub status: u16,
    /// The body of its answer.
    pub answer: String,
}

impl<D: Database> RepoStore<D> {
    /// The request that was done under this key within the last day.
    pub fn find_done(&self, key: &Digest, now_ms: i64) -> Result<Option<DoneRequest>, StoreError> {
        let sql = "SELECT request, status, answer FROM idempotency
            WHERE key = ?1 AND done_at > ?2";
        let since = now_ms.saturating_sub(KEPT_MS);
        let params = [key.as_slice().into(), since.into()];
        Ok(query_first(&self.db, sql, &params, read_done)?)
    }

    /// Keeps the answer of a request that is being done: in the transaction that does it.
    pub fn keep_done(
        &self,
        key: &Digest,
        done: &DoneRequest,
        now_ms: i64,
    ) -> Result<(), StoreError> {
        if done.answer.len() > ANSWER_BYTES_MAX {
            let answer_bytes = done.answer.len();
            return Err(StoreError::Failed(format!(
                "the answer has {answer_bytes} bytes, at most {ANSWER_BYTES_MAX} can be kept"
            )));
        }
        self.forget_old_requests(now_ms)?;
        // A row that is too old to be found gives way.
        let sql = "INSERT OR REPLACE INTO idempotency (key, request, done_at, status, answer)
            VALUES (?1, ?2, ?3, ?4, ?5)";
        let params = [
            key.as_slice().into(),
            done.request.as_slice().into(),
            now_ms.into(),
            u32::from(done.status).into(),
            done.answer.as_str().into(),
        ];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Removes up to two answers that are too old or too many, as one is added.
    fn forget_old_requests(&self, now_ms: i64) -> Result<(), SqlError> {
        let sql = "DELETE FROM idempotency
            WHERE seq IN (SELECT seq FROM idempotency ORDER BY seq LIMIT 2)
                AND (done_at <= ?1 OR seq <= (SELECT max(seq) FROM idempotency) - ?2 + 1)";
        let params = [now_ms.saturating_sub(KEPT_MS).into(), KEPT_MAX.into()];
        self.db.execute(sql, &params)?;
        Ok(())
    }
}

fn read_done(row: &dyn Row) -> Result<DoneRequest, SqlError> {
    let wrong = |column, expected| SqlError::Column { column, expected };
    let request = row.blob(0)?;
    let status = u16::try_from(row.integer(1)?);
    Ok(DoneRequest {
        request: request.try_into().map_err(|_| wrong(0, "32 bytes"))?,
        status: status.map_err(|_| wrong(1, "a status"))?,
        answer: row.text(2)?,
    })
}
