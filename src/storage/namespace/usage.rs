//! The use of a namespace by day: a row for each.

use super::figures::integer;
use super::store::NamespaceStore;
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, query_all};

/// The use of one day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct DayOfUse {
    /// Days since 1970-01-01.
    pub(crate) day: i64,
    /// Pushes that changed refs.
    pub(crate) pushes: u64,
    /// Fetches that got objects.
    pub(crate) fetches: u64,
    /// Bytes that came.
    pub(crate) bytes_in: u64,
    /// Bytes that went.
    pub(crate) bytes_out: u64,
}

/// Days that are kept: a year, and a month to read it in.
const DAYS_MAX: i64 = 396;

impl<D: Database> NamespaceStore<D> {
    /// Adds to a day. One that is too old is left out, and old ones go.
    pub(crate) fn add_usage(&self, used: &DayOfUse, today: i64) -> Result<(), StoreError> {
        let oldest = today.saturating_sub(DAYS_MAX);
        if used.day <= oldest {
            return Ok(());
        }
        let sql = "INSERT INTO usage_day (day, pushes, fetches, bytes_in, bytes_out)
            VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (day) DO UPDATE SET
                pushes = pushes + excluded.pushes,
                fetches = fetches + excluded.fetches,
                bytes_in = bytes_in + excluded.bytes_in,
                bytes_out = bytes_out + excluded.bytes_out";
        let params = [
            used.day.into(),
            integer(used.pushes).into(),
            integer(used.fetches).into(),
            integer(used.bytes_in).into(),
            integer(used.bytes_out).into(),
        ];
        self.db.execute(sql, &params)?;
        self.db
            .execute("DELETE FROM usage_day WHERE day <= ?1", &[oldest.into()])?;
        Ok(())
    }

    /// The days from this one on that something was used on, newest first. The database has a schema.
    pub(crate) fn usage_since(&self, day: i64) -> Result<Vec<DayOfUse>, StoreError> {
        let sql = "SELECT day, pushes, fetches, bytes_in, bytes_out FROM usage_day
            WHERE day >= ?1 ORDER BY day DESC";
        Ok(query_all(&self.db, sql, &[day.into()], |row| {
            Ok(DayOfUse {
                day: row.integer(0)?,
                pushes: row.unsigned(1)?,
                fetches: row.unsigned(2)?,
                bytes_in: row.unsigned(3)?,
                bytes_out: row.unsigned(4)?,
            })
        })?)
    }
}
