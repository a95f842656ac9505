//! A fork network's database: which repositories name which packs in R2.
//!
//! Every change names a repository and is the same when it comes twice. Whoever writes an R2 object
//! takes its key first; when the last holder of a key has released it, the object is doomed, and
//! goes after a grace period. A repository that left takes nothing any more: its ids are never used
//! again, so that what still comes from it was sent before and is late.

use crate::git::store::StoreError;
use crate::storage::db::schema::{self, NETWORK};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// How long a departure is remembered: longer than any message is under way. In milliseconds.
pub const DEPARTURE_MS: i64 = 24 * 60 * 60 * 1000;

/// The store of one fork network.
#[derive(Debug)]
pub struct NetworkStore<D> {
    db: D,
}

/// Whether keys could be taken: all of them, or none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taking {
    /// They are the repository's to name.
    Taken,
    /// The repository left the network.
    Departed,
    /// The R2 object of this key is being removed now: later it can be written again.
    Removing(String),
    /// Nobody names this key, so that there may be no R2 object to share.
    Unknown(String),
}

/// A repository of the network, and under which name it is reached.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NetworkMember {
    /// Its id.
    pub(crate) repository_id: String,
    /// Its namespace, as shown; empty when it is not known.
    pub(crate) namespace: String,
    /// Its name, as shown; empty when it is not known.
    pub(crate) name: String,
}

/// The reason for which keys are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To write the objects, or to find that they are there.
    Write,
    /// To read what another repository of the network wrote.
    Share,
}

impl<D: Database> NetworkStore<D> {
    /// Opens the database as it is: call [`schema::wake`] before.
    pub fn new(db: D) -> Self {
        Self { db }
    }

    /// The database, for its counters.
    pub fn database(&self) -> &D {
        &self.db
    }

    /// Takes keys for a repository.
    pub fn take(
        &self,
        repository_id: &str,
        keys: &[String],
        purpose: Purpose,
    ) -> Result<Taking, StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, NETWORK)?;
            let sql = "SELECT 1 FROM departure WHERE repository_id = ?1";
            if self.is_found(sql, repository_id)? {
                return Ok(Taking::Departed);
            }
            for key in keys {
                let sql = "SELECT 1 FROM doomed_pack WHERE r2_key = ?1 AND removing = 1";
                if self.is_found(sql, key)? {
                    return Ok(Taking::Removing(key.clone()));
                }
                let sql = "SELECT 1 FROM pack_holder WHERE r2_key = ?1
                    UNION ALL SELECT 1 FROM doomed_pack WHERE r2_key = ?1";
                if purpose == Purpose::Share && !self.is_found(sql, key)? {
                    return Ok(Taking::Unknown(key.clone()));
                }
            }
            for key in keys {
                let sql = "INSERT INTO pack_holder (r2_key, repository_id) VALUES (?1, ?2)
                    ON CONFLICT DO NOTHING";
                self.db
                    .execute(sql, &[key.as_str().into(), repository_id.into()])?;
                let sql = "DELETE FROM doomed_pack WHERE r2_key = ?1";
                self.db.execute(sql, &[key.as_str().into()])?;
            }
            Ok(Taking::Taken)
        })
    }

    /// Notes under which name a repository is reached. One that is unchanged writes nothing.
    pub(crate) fn note_member(&self, member: &NetworkMember) -> Result<(), StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(());
        }
        let sql = "INSERT INTO member (repository_id, namespace, name) VALUES (?1, ?2, ?3)
            ON CONFLICT (repository_id) DO UPDATE SET
                namespace = excluded.namespace, name = excluded.name
            WHERE namespace <> excluded.namespace OR name <> excluded.name";
        let texts = [&member.repository_id, &member.namespace, &member.name];
        self.db
            .execute(sql, &texts.map(|text| text.as_str().into()))?;
        Ok(())
    }

    /// Schedules every unnamed key for removal at `due_at`, even if it was due later.
    pub(crate) fn hasten(&self, due_at: i64) -> Result<(), StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(());
        }
        let sql = "UPDATE doomed_pack SET due_at = ?1 WHERE due_at > ?1";
        self.db.execute(sql, &[due_at.into()])?;
        Ok(())
    }

    /// The other repositories of the network that name packs which this one does not name: what this
    /// one has removed they may have still. One whose name was never noted comes without.
    pub(crate) fn may_still_hold(
        &self,
        repository_id: &str,
    ) -> Result<Vec<NetworkMember>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT DISTINCT repository_id, coalesce(namespace, ''), coalesce(name, '')
            FROM pack_holder LEFT JOIN member USING (repository_id)
            WHERE repository_id <> ?1 AND r2_key LIKE 'packs/%' AND r2_key NOT IN
                (SELECT r2_key FROM pack_holder WHERE repository_id = ?1)
            ORDER BY repository_id";
        Ok(query_all(&self.db, sql, &[repository_id.into()], |row| {
            Ok(NetworkMember {
                repository_id: row.text(0)?,
                namespace: row.text(1)?,
                name: row.text(2)?,
            })
        })?)
    }

    /// Gives keys back; what nobody else names goes at `due_at`.
    pub fn release(
        &self,
        repository_id: &str,
        keys: &[String],
        due_at: i64,
    ) -> Result<(), StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(());
        }
        in_transaction(&self.db, || {
            for key in keys {
                let sql = "DELETE FROM pack_holder WHERE r2_key = ?1 AND repository_id = ?2";
                let params = [key.as_str().into(), repository_id.into()];
                if self.db.execute(sql, &params)? > 0 {
                    self.doom(key, due_at)?;
                }
            }
            Ok(())
        })
    }

    /// Gives everything back, for good: the repository was deleted.
    pub fn leave(&self, repository_id: &str, now_ms: i64, due_at: i64) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, NETWORK)?;
            let keys = self.held_by(repository_id)?;
            self.release(repository_id, &keys, due_at)?;
            let sql = "DELETE FROM member WHERE repository_id = ?1";
            self.db.execute(sql, &[repository_id.into()])?;
            let sql = "INSERT INTO departure (repository_id, departed_at) VALUES (?1, ?2)
                ON CONFLICT (repository_id) DO NOTHING";
            self.db
                .execute(sql, &[repository_id.into(), now_ms.into()])?;
            Ok(())
        })
    }

    /// The keys that a repository holds.
    pub fn held_by(&self, repository_id: &str) -> Result<Vec<String>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT r2_key FROM pack_holder WHERE repository_id = ?1 ORDER BY r2_key";
        let params = [repository_id.into()];
        Ok(query_all(&self.db, sql, &params, |row| row.text(0))?)
    }

    /// Which of these keys another repository names as well.
    pub fn shared(&self, repository_id: &str, keys: &[String]) -> Result<Vec<String>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT 1 FROM pack_holder WHERE r2_key = ?1 AND repository_id <> ?2 LIMIT 1";
        select(keys, |key| {
            let params = [key.into(), repository_id.into()];
            Ok(query_first(&self.db, sql, &params, |row| row.integer(0))?.is_some())
        })
    }

    /// Which of these keys nobody names, nor is about to remove.
    pub fn unnamed(&self, keys: &[String]) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT 1 FROM pack_holder WHERE r2_key = ?1
            UNION ALL SELECT 1 FROM doomed_pack WHERE r2_key = ?1";
        let is_created = schema::is_created(&self.db)?;
        select(keys, |key| Ok(!is_created || !self.is_found(sql, key)?))
    }

    /// Begins the removal of up to `limit` objects whose time has come, and gives their keys: from
    /// now on they cannot be taken until [`NetworkStore::removed`].
    pub fn begin_removal(&self, now_ms: i64, limit: u32) -> Result<Vec<String>, StoreError> {
        in_transaction(&self.db, || {
            let sql = "SELECT r2_key FROM doomed_pack WHERE due_at <= ?1 OR removing = 1
                ORDER BY r2_key LIMIT ?2";
            let params = [now_ms.into(), limit.into()];
            let keys = query_all(&self.db, sql, &params, |row| row.text(0))?;
            for key in &keys {
                let sql = "UPDATE doomed_pack SET removing = 1
                    WHERE r2_key = ?1 AND removing = 0";
                self.db.execute(sql, &[key.as_str().into()])?;
            }
            Ok(keys)
        })
    }

    /// Notes that an R2 object is gone.
    pub fn removed(&self, key: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM doomed_pack WHERE r2_key = ?1 AND removing = 1";
        self.db.execute(sql, &[key.into()])?;
        Ok(())
    }

    /// Forgets departures that lie so far back that nothing can come from them.
    pub fn forget_departures(&self, now_ms: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM departure WHERE departed_at <= ?1";
        let until = now_ms.saturating_sub(DEPARTURE_MS);
        self.db.execute(sql, &[until.into()])?;
        Ok(())
    }

    /// When there is something to do next; `None`: nothing is left to be done.
    pub fn next_due(&self) -> Result<Option<i64>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(None);
        }
        let sql = "SELECT min(due_at) FROM (
            SELECT due_at FROM doomed_pack
            UNION ALL SELECT departed_at + ?1 FROM departure)";
        let params = [DEPARTURE_MS.into()];
        let due = query_first(&self.db, sql, &params, |row| row.integer_or_null(0))?;
        Ok(due.flatten())
    }

    /// Whether nothing is named, doomed or remembered: the database can be emptied.
    pub fn is_over(&self) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM pack_holder UNION ALL SELECT 1 FROM doomed_pack
            UNION ALL SELECT 1 FROM departure";
        Ok(query_first(&self.db, sql, &[], |row| row.integer(0))?.is_none())
    }

    /// Dooms a key that nobody names any more.
    fn doom(&self, key: &str, due_at: i64) -> Result<(), SqlError> {
        let sql = "INSERT INTO doomed_pack (r2_key, due_at) SELECT ?1, ?2
            WHERE NOT EXISTS (SELECT 1 FROM pack_holder WHERE r2_key = ?1)
            ON CONFLICT (r2_key) DO NOTHING";
        self.db.execute(sql, &[key.into(), due_at.into()])?;
        Ok(())
    }

    fn is_found(&self, sql: &'static str, text: &str) -> Result<bool, SqlError> {
        Ok(query_first(&self.db, sql, &[text.into()], |row| row.integer(0))?.is_some())
    }
}

/// The keys that are meant.
fn select(
    keys: &[String],
    is_meant: impl Fn(&str) -> Result<bool, SqlError>,
) -> Result<Vec<String>, StoreError> {
    let mut meant = Vec::new();
    for key in keys {
        if is_meant(key)? {
            meant.push(key.clone());
        }
    }
    Ok(meant)
}
