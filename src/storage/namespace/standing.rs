//! How a namespace stands, and how far its repositories have been told.
//!
//! A change is one row, and takes effect at once on every request to this object. The objects of the
//! repositories hear of it afterwards, in the order of their names: `standing_told` is the name of the last
//! one that heard, and NULL once all know the newest version. The database has a schema.

use super::store::{NamespaceStore, RepositoryState, name_key};
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::{Database, query_all, query_first};
use crate::storage::repository::standing::Standing;

/// A change; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandingChange {
    /// Tokens that were made before this time, in unix milliseconds, are revoked. It never goes back.
    pub token_epoch_ms: Option<i64>,
    /// Nobody but the operator gets anything.
    pub suspended: Option<bool>,
    /// Pushes are refused.
    pub read_only: Option<bool>,
}

/// How far the repositories have been told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StandingProgress {
    /// Repositories that know the newest version.
    pub told: u64,
    /// Those that do not.
    pub left: u64,
}

/// A repository to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Untold {
    /// The name in the form in which names are compared.
    pub name_key: String,
    /// Whether it is there yet.
    pub state: RepositoryState,
    /// Unix milliseconds: when its name was taken.
    pub created_at: i64,
}

impl<D: Database> NamespaceStore<D> {
    /// How the namespace stands.
    pub fn standing(&self) -> Result<Standing, StoreError> {
        let sql = "SELECT standing_version, token_epoch, suspended, read_only,
                bytes_max IS NOT NULL
            FROM namespace";
        let found = query_first(&self.db, sql, &[], |row| {
            Ok(Standing {
                version: row.integer(0)?,
                token_epoch_ms: row.integer(1)?,
                suspended: row.truth(2)?,
                read_only: row.truth(3)?,
                has_quota: row.truth(4)?,
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Changes how the namespace stands; false, and nothing written, when it stands so already.
    pub fn change_standing(&self, change: &StandingChange) -> Result<bool, StoreError> {
        let sql = "UPDATE namespace SET
                token_epoch = max(token_epoch, coalesce(?1, 0)),
                suspended = coalesce(?2, suspended),
                read_only = coalesce(?3, read_only),
                standing_version = standing_version + 1,
                standing_told = ''
            WHERE token_epoch < coalesce(?1, 0)
                OR suspended <> coalesce(?2, suspended)
                OR read_only <> coalesce(?3, read_only)";
        let truth = |value: Option<bool>| Value::integer(value.map(i64::from));
        let params = [
            Value::integer(change.token_epoch_ms),
            truth(change.suspended),
            truth(change.read_only),
        ];
        Ok(self.db.execute(sql, &params)? > 0)
    }

    /// Begins to tell all repositories: something has changed that the standing says and
    /// [`change_standing`](Self::change_standing) does not set.
    pub fn tell_all_standing(&self) -> Result<(), StoreError> {
        let sql =
            "UPDATE namespace SET standing_version = standing_version + 1, standing_told = ''";
        self.db.execute(sql, &[])?;
        Ok(())
    }

    /// Takes over the version of a repository that knows a newer one: the namespace was lost and made
    /// again. This alone tells nobody; everybody hears of the next change.
    pub fn raise_standing_version(&self, version: i64) -> Result<(), StoreError> {
        let sql = "UPDATE namespace SET standing_version = ?1 WHERE standing_version < ?1";
        self.db.execute(sql, &[version.into()])?;
        Ok(())
    }

    /// Tells a repository again, and those behind it: it has said that it knows an older version.
    pub fn tell_standing_again(&self, name: &str) -> Result<(), StoreError> {
        let sql = "UPDATE namespace SET standing_told = coalesce(
                (SELECT max(name_key) FROM repository WHERE name_key < ?1), '')
            WHERE standing_told IS NULL OR standing_told >= ?1";
        let key = name_key(name);
        self.db.execute(sql, &[key.as_str().into()])?;
        Ok(())
    }

    /// The name of the last repository that heard the newest version; empty before the first, and
    /// `None` once all were.
    pub fn standing_told(&self) -> Result<Option<String>, StoreError> {
        let sql = "SELECT standing_told FROM namespace";
        let found = query_first(&self.db, sql, &[], |row| row.text_or_null(0))?;
        Ok(found.flatten())
    }

    /// How far the repositories have been told.
    pub fn standing_progress(&self) -> Result<StandingProgress, StoreError> {
        let sql = "SELECT count(*),
                count(*) FILTER (WHERE name_key > (SELECT standing_told FROM namespace))
            FROM repository";
        let found = query_first(&self.db, sql, &[], |row| {
            let (all, left) = (row.unsigned(0)?, row.unsigned(1)?);
            Ok(StandingProgress {
                told: all.saturating_sub(left),
                left,
            })
        })?;
        Ok(found.unwrap_or_default())
    }

    /// The next repositories to be told, behind this name.
    pub fn untold_standing(&self, after: &str, limit: u32) -> Result<Vec<Untold>, StoreError> {
        let sql = "SELECT name_key, state, created_at FROM repository
            WHERE name_key > ?1 ORDER BY name_key LIMIT ?2";
        Ok(query_all(
            &self.db,
            sql,
            &[after.into(), limit.into()],
            |row| {
                Ok(Untold {
                    name_key: row.text(0)?,
                    state: RepositoryState::read(row, 1)?,
                    created_at: row.integer(2)?,
                })
            },
        )?)
    }

    /// Notes that all repositories from the name `from` to this one know a version. Nothing changes if
    /// another version goes out by now, or if somebody went back behind `from`.
    pub fn note_standing_told(
        &self,
        version: i64,
        (from, to): (&str, &str),
    ) -> Result<(), StoreError> {
        let sql = "UPDATE namespace SET standing_told = ?3
            WHERE standing_version = ?1 AND standing_told >= ?2 AND standing_told < ?3";
        let params = [version.into(), from.into(), to.into()];
        self.db.execute(sql, &params)?;
        Ok(())
    }

    /// Notes that all repositories behind `from` know a version, and so that all do. Nothing changes in
    /// the same cases.
    pub fn note_standing_told_to_all(&self, version: i64, from: &str) -> Result<(), StoreError> {
        let sql = "UPDATE namespace SET standing_told = NULL
            WHERE standing_version = ?1 AND standing_told >= ?2";
        self.db.execute(sql, &[version.into(), from.into()])?;
        Ok(())
    }
}
