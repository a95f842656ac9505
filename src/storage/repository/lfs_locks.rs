//! Locks on files: a user locks a large file, so that nobody else changes it meanwhile. A file has
//! one lock at most.
//!
//! Ids grow with every lock and are never given twice, even when the newest lock goes: a client that
//! unlocks a second time by an old id never meets another lock.

use std::ops::ControlFlow;

use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::sql::{Database, in_transaction, query_first};
use crate::storage::db::sql_error::SqlError;

/// Bytes of paths and owners in one page at most; a page has one lock at least.
const LOCKS_PAGE_BYTES_MAX: usize = 512 << 10;

/// A lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LfsLock {
    /// Its number.
    pub id: i64,
    /// The file, from the root of the repository.
    pub path: String,
    /// Its holder; empty: the operator.
    pub owner: String,
    /// When it was made, in unix milliseconds.
    pub locked_at: i64,
}

/// A lock to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewLock<'a> {
    /// The file.
    pub path: &'a str,
    /// The branch that the client named.
    pub ref_name: Option<&'a str>,
    /// The holder of the new lock; empty: the operator.
    pub owner: &'a str,
}

/// Whether a file was locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Locked {
    /// It was: this is the new lock.
    Made(LfsLock),
    /// Nothing changed: the file has this lock already.
    Before(LfsLock),
    /// Nothing changed: the repository has as many locks as it may have.
    TooMany,
}

/// Some of the locks, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockPage {
    /// These locks.
    pub locks: Vec<LfsLock>,
    /// Whether there are more behind the last one.
    pub has_more: bool,
}

impl<D: Database> RepoStore<D> {
    /// Locks a file, unless it is locked or `locks_max` other files are.
    pub fn lock_lfs_file(
        &self,
        new: &NewLock<'_>,
        locks_max: u32,
        now_ms: i64,
    ) -> Result<Locked, StoreError> {
        in_transaction(&self.db, || {
            if let Some(lock) = self.lfs_lock_on(new.path)? {
                return Ok(Locked::Before(lock));
            }
            if self.lfs_lock_count()? >= u64::from(locks_max) {
                return Ok(Locked::TooMany);
            }
            let newest = "SELECT lock_id FROM lfs_lock ORDER BY lock_id DESC LIMIT 1";
            let newest = query_first(&self.db, newest, &[], |row| row.integer(0))?;
            let id = now_ms.max(newest.unwrap_or(0).saturating_add(1));
            let sql = "INSERT INTO lfs_lock (lock_id, path, ref_name, owner, locked_at)
                VALUES (?1, ?2, ?3, ?4, ?5)";
            let params = [
                id.into(),
                new.path.into(),
                Value::text(new.ref_name),
                new.owner.into(),
                now_ms.into(),
            ];
            self.db.execute(sql, &params)?;
            Ok(Locked::Made(LfsLock {
                id,
                path: new.path.to_owned(),
                owner: new.owner.to_owned(),
                locked_at: now_ms,
            }))
        })
    }

    /// The lock with this number. Reads one row.
    pub fn lfs_lock(&self, id: i64) -> Result<Option<LfsLock>, StoreError> {
        let sql = "SELECT lock_id, path, owner, locked_at FROM lfs_lock WHERE lock_id = ?1";
        Ok(query_first(&self.db, sql, &[id.into()], read_lock)?)
    }

    /// The lock on this file. Reads one row and an entry of its index.
    pub fn lfs_lock_on(&self, path: &str) -> Result<Option<LfsLock>, StoreError> {
        let sql = "SELECT lock_id, path, owner, locked_at FROM lfs_lock WHERE path = ?1";
        Ok(query_first(&self.db, sql, &[path.into()], read_lock)?)
    }

    /// Up to `limit` locks behind this number, and no more than [`LOCKS_PAGE_BYTES_MAX`] bytes.
    pub fn lfs_locks(&self, after: i64, limit: u32) -> Result<LockPage, StoreError> {
        let sql = "SELECT lock_id, path, owner, locked_at FROM lfs_lock
            WHERE lock_id > ?1 ORDER BY lock_id LIMIT ?2";
        let params = [after.into(), limit.saturating_add(1).into()];
        let (mut locks, mut bytes, mut has_more) = (Vec::new(), 0_usize, false);
        let room = usize::try_from(limit).unwrap_or(usize::MAX);
        self.db.query(sql, &params, &mut |row| {
            let lock = read_lock(row)?;
            bytes = bytes.saturating_add(lock.path.len() + lock.owner.len());
            let is_full = bytes > LOCKS_PAGE_BYTES_MAX && !locks.is_empty();
            if is_full || locks.len() >= room {
                has_more = true;
                return Ok(ControlFlow::Break(()));
            }
            locks.push(lock);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(LockPage { locks, has_more })
    }

    /// Removes the lock with this number.
    pub fn unlock_lfs_file(&self, id: i64) -> Result<(), StoreError> {
        let sql = "DELETE FROM lfs_lock WHERE lock_id = ?1";
        self.db.execute(sql, &[id.into()])?;
        Ok(())
    }

    fn lfs_lock_count(&self) -> Result<u64, SqlError> {
        let sql = "SELECT count(*) FROM lfs_lock";
        let count = query_first(&self.db, sql, &[], |row| row.unsigned(0))?;
        Ok(count.unwrap_or(0))
    }
}

fn read_lock(row: &dyn Row) -> Result<LfsLock, SqlError> {
    Ok(LfsLock {
        id: row.integer(0)?,
        path: row.text(1)?,
        owner: row.text(2)?,
        locked_at: row.integer(3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::repository::testing::store;

    fn lock(store: &RepoStore<RusqliteDatabase>, path: &str, owner: &str, now_ms: i64) -> LfsLock {
        let new = NewLock {
            path,
            ref_name: Some("refs/heads/main"),
            owner,
        };
        match store.lock_lfs_file(&new, 100, now_ms).unwrap() {
            Locked::Made(lock) => lock,
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn a_file_has_one_lock() {
        let store = store();
        let first = lock(&store, "a.bin", "ann", 5);
        let again = NewLock {
            path: "a.bin",
            ref_name: None,
            owner: "bob",
        };
        let before = store.lock_lfs_file(&again, 100, 6).unwrap();
        assert_eq!(before, Locked::Before(first.clone()));
        assert_eq!(store.lfs_lock_on("a.bin").unwrap(), Some(first.clone()));
        assert_eq!(store.lfs_lock(first.id).unwrap(), Some(first.clone()));
        // Names are compared as bytes, as Git does.
        assert_eq!(store.lfs_lock_on("A.bin").unwrap(), None);
        store.unlock_lfs_file(first.id).unwrap();
        store.unlock_lfs_file(first.id).unwrap();
        assert_eq!(store.lfs_lock_on("a.bin").unwrap(), None);
        assert_eq!(lock(&store, "a.bin", "bob", 7).owner, "bob");
    }

    #[test]
    fn an_id_is_never_given_twice() {
        let store = store();
        let first = lock(&store, "a", "ann", 5);
        // Even if the clock stands still or goes back.
        let second = lock(&store, "b", "ann", 5);
        let third = lock(&store, "c", "ann", 3);
        assert_eq!([first.id, second.id, third.id], [5, 6, 7]);
        store.unlock_lfs_file(third.id).unwrap();
        assert_eq!(lock(&store, "d", "ann", 9).id, 9);
    }

    #[test]
    fn locks_have_a_bound() {
        let store = store();
        lock(&store, "a", "ann", 1);
        lock(&store, "b", "ann", 2);
        let new = |path| NewLock {
            path,
            ref_name: None,
            owner: "ann",
        };
        let third = store.lock_lfs_file(&new("c"), 2, 3).unwrap();
        assert_eq!(third, Locked::TooMany);
        // For a file that is locked already, the answer is its lock all the same.
        let before = store.lock_lfs_file(&new("a"), 2, 3).unwrap();
        assert!(matches!(before, Locked::Before(_)));
        assert_eq!(store.lfs_locks(0, 9).unwrap().locks.len(), 2);
    }

    #[test]
    fn locks_are_listed_page_by_page() {
        let store = store();
        for number in 1..=5 {
            lock(&store, &format!("file-{number}"), "ann", number);
        }
        let ids = |after, limit| {
            let page = store.lfs_locks(after, limit).unwrap();
            let ids: Vec<_> = page.locks.iter().map(|lock| lock.id).collect();
            (ids, page.has_more)
        };
        assert_eq!(ids(0, 2), (vec![1, 2], true));
        assert_eq!(ids(2, 2), (vec![3, 4], true));
        assert_eq!(ids(4, 2), (vec![5], false));
        assert_eq!(ids(0, 5), (vec![1, 2, 3, 4, 5], false));
        assert_eq!(ids(5, 2), (vec![], false));
    }

    #[test]
    fn a_page_has_a_bound_in_bytes() {
        let store = store();
        let long = "x".repeat(LOCKS_PAGE_BYTES_MAX / 2);
        for number in 1..=3 {
            lock(&store, &format!("{long}{number}"), "", number);
        }
        lock(&store, &long.repeat(3), "", 4);
        let (mut after, mut pages) = (0, Vec::new());
        loop {
            let page = store.lfs_locks(after, 100).unwrap();
            pages.push(page.locks.len());
            after = page.locks.last().unwrap().id;
            if !page.has_more {
                break;
            }
        }
        assert_eq!(pages, [1, 1, 1, 1]);
    }
}
