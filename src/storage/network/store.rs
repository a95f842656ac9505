//! A fork network's database: which repositories name which packs and objects of Git LFS in R2.
//!
//! Every change names a repository and is the same when it comes twice. A repository takes an R2 object's key
//! before it writes the object; when the last holder of a key has released it, the object is doomed, and
//! goes after a grace period. An object of Git LFS goes once more a day later: the runtime pumps its bytes
//! to R2, and nobody can stop an upload that was under way when its row went. A repository that left takes no
//! more keys: its ids are never used again, so that its later messages were sent before and are late.

use crate::git::store::StoreError;
use crate::storage::db::row::{INTEGER_MAX, Row};
use crate::storage::db::schema::{self, NETWORK};
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// How long a departure is remembered: longer than any message is under way. In milliseconds.
pub const DEPARTURE_MS: i64 = 24 * 60 * 60 * 1000;

/// How long after the removal of an object of Git LFS it is removed once more: longer than any upload
/// lasts. In milliseconds.
pub const SECOND_REMOVAL_MS: i64 = 24 * 60 * 60 * 1000;

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
    /// To read an object that another repository of the network wrote.
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

    /// Takes keys for a repository, which any release gives back.
    pub fn take(
        &self,
        repository_id: &str,
        keys: &[String],
        purpose: Purpose,
    ) -> Result<Taking, StoreError> {
        self.take_at(repository_id, keys, purpose, 0)
    }

    /// The same, at a time by the repository's clock: a release that it decided before that does not
    /// give them back.
    pub fn take_at(
        &self,
        repository_id: &str,
        keys: &[String],
        purpose: Purpose,
        taken_at: i64,
    ) -> Result<Taking, StoreError> {
        let listed = listed(keys)?;
        in_transaction(&self.db, || {
            schema::migrate(&self.db, NETWORK)?;
            let sql = "SELECT 1 FROM departure WHERE repository_id = ?1";
            if self.is_found(sql, repository_id)? {
                return Ok(Taking::Departed);
            }
            let asked = [listed.as_str().into()];
            let sql = "SELECT r2_key FROM doomed_pack
                WHERE removing = 1 AND r2_key IN (SELECT value FROM json_each(?1)) LIMIT 1";
            if let Some(key) = query_first(&self.db, sql, &asked, |row| row.text(0))? {
                return Ok(Taking::Removing(key));
            }
            let sql = "SELECT value FROM json_each(?1) AS asked
                WHERE NOT EXISTS (SELECT 1 FROM pack_holder WHERE r2_key = asked.value)
                    AND NOT EXISTS (SELECT 1 FROM doomed_pack
                        WHERE r2_key = asked.value AND removed_once = 0) LIMIT 1";
            if purpose == Purpose::Share
                && let Some(key) = query_first(&self.db, sql, &asked, |row| row.text(0))?
            {
                return Ok(Taking::Unknown(key));
            }
            let sql = "INSERT INTO pack_holder (r2_key, repository_id, taken_at)
                SELECT value, ?2, ?3 FROM json_each(?1) WHERE true
                ON CONFLICT (r2_key, repository_id) DO UPDATE SET taken_at = excluded.taken_at
                    WHERE excluded.taken_at > taken_at";
            let params = [
                listed.as_str().into(),
                repository_id.into(),
                taken_at.into(),
            ];
            self.db.execute(sql, &params)?;
            let sql = "DELETE FROM doomed_pack WHERE r2_key IN (SELECT value FROM json_each(?1))";
            self.db.execute(sql, &asked)?;
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
    pub fn hasten(&self, due_at: i64) -> Result<(), StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(());
        }
        let sql = "UPDATE doomed_pack SET due_at = ?1 WHERE due_at > ?1 AND removed_once = 0";
        self.db.execute(sql, &[due_at.into()])?;
        Ok(())
    }

    /// The other repositories of the network that name packs which this one does not name: these may still
    /// have packs that this one has removed. One whose name was never noted comes without.
    pub(crate) fn may_still_hold(
        &self,
        repository_id: &str,
    ) -> Result<Vec<NetworkMember>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT DISTINCT repository_id, coalesce(namespace, ''), coalesce(name, '')
            FROM pack_holder LEFT JOIN member USING (repository_id)
            WHERE repository_id <> ?1 AND r2_key >= 'packs/' AND r2_key < 'packs0'
                AND r2_key NOT IN (SELECT r2_key FROM pack_holder WHERE repository_id = ?1)
            ORDER BY repository_id";
        Ok(query_all(
            &self.db,
            sql,
            &[repository_id.into()],
            read_member,
        )?)
    }

    /// The other repositories of the network that name one of these keys. One whose name was never
    /// noted comes without.
    pub(crate) fn other_holders(
        &self,
        repository_id: &str,
        keys: &[String],
    ) -> Result<Vec<NetworkMember>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT DISTINCT repository_id, coalesce(namespace, ''), coalesce(name, '')
            FROM pack_holder LEFT JOIN member USING (repository_id)
            WHERE r2_key IN (SELECT value FROM json_each(?2)) AND repository_id <> ?1
            ORDER BY repository_id";
        let listed = listed(keys)?;
        let params = [repository_id.into(), listed.as_str().into()];
        Ok(query_all(&self.db, sql, &params, read_member)?)
    }

    /// Gives keys back, whenever they were taken; a key that nobody else holds goes at `due_at`.
    pub fn release(
        &self,
        repository_id: &str,
        keys: &[String],
        due_at: i64,
    ) -> Result<(), StoreError> {
        let releases = keys.iter().map(|key| (key.as_str(), INTEGER_MAX));
        self.release_decided(repository_id, releases, due_at)
    }

    /// Gives back keys that were not taken after the time, by the repository's clock, that stands with
    /// each: when it decided to. A key that nobody else holds goes at `due_at`.
    pub fn release_decided<'a>(
        &self,
        repository_id: &str,
        releases: impl Iterator<Item = (&'a str, i64)>,
        due_at: i64,
    ) -> Result<(), StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(());
        }
        let releases: Vec<_> = releases.collect();
        in_transaction(&self.db, || {
            for (key, decided_at) in releases.iter().copied() {
                let sql = "DELETE FROM pack_holder
                    WHERE r2_key = ?1 AND repository_id = ?2 AND taken_at <= ?3";
                let params = [key.into(), repository_id.into(), decided_at.into()];
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
            let sql = "INSERT INTO doomed_pack (r2_key, due_at)
                SELECT r2_key, ?2 FROM pack_holder AS held WHERE repository_id = ?1
                    AND NOT EXISTS (SELECT 1 FROM pack_holder
                        WHERE r2_key = held.r2_key AND repository_id <> ?1)
                ON CONFLICT (r2_key) DO NOTHING";
            self.db
                .execute(sql, &[repository_id.into(), due_at.into()])?;
            let sql = "DELETE FROM pack_holder WHERE repository_id = ?1";
            self.db.execute(sql, &[repository_id.into()])?;
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
        self.held_after(repository_id, "", u32::MAX)
    }

    /// Up to `limit` keys that a repository holds, behind this one, in order.
    pub fn held_after(
        &self,
        repository_id: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(Vec::new());
        }
        let sql = "SELECT r2_key FROM pack_holder WHERE repository_id = ?1 AND r2_key > ?2
            ORDER BY r2_key LIMIT ?3";
        let params = [repository_id.into(), after.into(), limit.into()];
        Ok(query_all(&self.db, sql, &params, |row| row.text(0))?)
    }

    /// Which of these keys the repository does not hold.
    pub(crate) fn unheld(
        &self,
        repository_id: &str,
        keys: &[String],
    ) -> Result<Vec<String>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(keys.to_vec());
        }
        let sql = "SELECT value FROM json_each(?1) AS asked WHERE NOT EXISTS
            (SELECT 1 FROM pack_holder WHERE r2_key = asked.value AND repository_id = ?2)";
        let listed = listed(keys)?;
        let params = [listed.as_str().into(), repository_id.into()];
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
            if !keys.is_empty() {
                let sql = "UPDATE doomed_pack SET removing = 1
                    WHERE removing = 0 AND r2_key IN (SELECT value FROM json_each(?1))";
                self.db.execute(sql, &[listed(&keys)?.as_str().into()])?;
            }
            Ok(keys)
        })
    }

    /// Notes that R2 objects are gone. Those of Git LFS are removed once more later: an upload that began
    /// before may still write them.
    pub fn removed(&self, keys: &[String], now_ms: i64) -> Result<(), StoreError> {
        let listed = listed(keys)?;
        in_transaction(&self.db, || {
            // `lfs0` follows every key that begins with `lfs/`.
            let sql = "UPDATE doomed_pack SET removing = 0, removed_once = 1, due_at = ?2
                WHERE removing = 1 AND removed_once = 0 AND r2_key >= 'lfs/' AND r2_key < 'lfs0'
                    AND r2_key IN (SELECT value FROM json_each(?1))";
            let again_at = now_ms.saturating_add(SECOND_REMOVAL_MS);
            self.db
                .execute(sql, &[listed.as_str().into(), again_at.into()])?;
            let sql = "DELETE FROM doomed_pack
                WHERE removing = 1 AND r2_key IN (SELECT value FROM json_each(?1))";
            self.db.execute(sql, &[listed.as_str().into()])?;
            Ok(())
        })
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
            SELECT min(due_at) AS due_at FROM doomed_pack
            UNION ALL SELECT min(departed_at) + ?1 FROM departure)";
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

fn read_member(row: &dyn Row) -> Result<NetworkMember, SqlError> {
    Ok(NetworkMember {
        repository_id: row.text(0)?,
        namespace: row.text(1)?,
        name: row.text(2)?,
    })
}

/// The keys as one parameter of a statement.
fn listed(keys: &[String]) -> Result<String, StoreError> {
    serde_json::to_string(keys).map_err(|error| StoreError::Failed(error.to_string()))
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
