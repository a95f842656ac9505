//! A running import, and its trace: the edge of a history that is here in part.

use gix_hash::ObjectId;

use super::lfs_objects::read_oid;
use super::policies::json;
use super::publication::PackPublication;
use super::store::RepoStore;
use crate::git::fetch_client::selection::RefSelection;
use crate::git::lfs::LfsOid;
use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;

/// An import to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewImport<'a> {
    /// The remote, without credentials.
    pub url: &'a str,
    /// The one branch wanted, by its short name.
    pub branch: Option<&'a str>,
    /// Commits of history wanted from each branch.
    pub depth: Option<u32>,
    /// Which refs are wanted, unless it is one branch.
    pub refs: &'a RefSelection,
    /// Whether it begins with credentials.
    pub had_credentials: bool,
    /// The caller who asks for it, as JSON, for the event at its end.
    pub asked_by: Option<&'a str>,
    /// Whether it takes objects of Git LFS along.
    pub lfs: bool,
    /// Unix milliseconds.
    pub now_ms: i64,
}

/// An import under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRecord {
    /// The remote, without credentials.
    pub url: String,
    /// The one branch wanted, by its short name.
    pub branch: Option<String>,
    /// Commits of history wanted from each branch.
    pub depth: Option<u32>,
    /// Which refs are wanted, unless it is one branch.
    pub refs: RefSelection,
    /// Whether it began with credentials.
    pub had_credentials: bool,
    /// The caller who asked for it, as JSON.
    pub asked_by: Option<String>,
    /// Unix milliseconds.
    pub started_at: i64,
    /// Attempts in a row that brought nothing, the running one included.
    pub attempts: u32,
    /// Commits in each part; `None`: the history is fetched whole.
    pub part_commits: Option<u32>,
    /// Parts that are live.
    pub parts_done: u32,
    /// Parts before the last, when the history is cut; `None`: it is not, or not yet.
    pub cut: Option<u32>,
    /// How far it is with objects of Git LFS.
    pub lfs: ImportLfs,
}

/// How far an import is with objects of Git LFS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportLfs {
    /// It leaves them out.
    LeftOut,
    /// Refs come first.
    Later,
    /// Its refs are live, and it looks for pointers.
    Finding,
    /// It takes objects.
    Taking {
        /// How often it went through all that are left, from 0.
        pass: u32,
        /// The last object of this pass that it asked for.
        after: Option<LfsOid>,
    },
}

impl ImportLfs {
    /// Whether the refs are live: from then on the import cannot fail any more.
    #[must_use]
    pub fn is_past_refs(self) -> bool {
        matches!(self, Self::Finding | Self::Taking { .. })
    }
}

/// The reason of a failed import; such an import leaves nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportFailure {
    /// The repository that would have been.
    pub repository_id: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Why, for people.
    pub reason: String,
    /// Unix milliseconds.
    pub at: i64,
    /// Whether the namespace knows that the name is free.
    pub is_released: bool,
}

/// This table is not part of the schema. It stands in the database of a repository that was not
/// made, so that a caller who asks for the repository learns why.
const FAILURE_TABLE: &str = "CREATE TABLE IF NOT EXISTS import_failure (
    singleton INTEGER PRIMARY KEY CHECK (singleton = 1), repository_id TEXT NOT NULL,
    namespace TEXT NOT NULL, name TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL,
    released INTEGER NOT NULL DEFAULT 0) STRICT;";

impl<D: Database> RepoStore<D> {
    /// Notes that this repository is being imported.
    pub fn begin_import(&self, new: &NewImport<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO import (singleton, url, branch, depth, had_credentials, started_at,
                asked_by, lfs, refs)
            VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
        let refs = refs_json(new.refs)?;
        self.db.execute(
            sql,
            &[
                new.url.into(),
                Value::text(new.branch),
                Value::integer(new.depth.map(i64::from)),
                new.had_credentials.into(),
                new.now_ms.into(),
                Value::text(new.asked_by),
                Value::integer(new.lfs.then_some(0)),
                Value::text(refs.as_deref()),
            ],
        )?;
        Ok(())
    }

    /// The import under way.
    pub fn import(&self) -> Result<Option<ImportRecord>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(None);
        }
        let sql = "SELECT url, branch, depth, had_credentials, started_at, attempts, part_commits,
                parts_done, (SELECT count(*) FROM import_frontier), asked_by, lfs, lfs_pass, lfs_after,
                refs
            FROM import";
        Ok(query_first(&self.db, sql, &[], read_import)?)
    }

    /// Counts an attempt about to be made.
    pub fn note_import_attempt(&self) -> Result<(), StoreError> {
        let sql = "UPDATE import SET attempts = attempts + 1";
        self.db.execute(sql, &[])?;
        Ok(())
    }

    /// Cuts the import into parts: `frontiers` begins with the refs that are here.
    pub fn cut_import(&self, part_commits: u32, frontiers: &[Vec<u8>]) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.drop_cut()?;
            let sql = "INSERT INTO import_frontier (number, commit_ids) VALUES (?1, ?2)";
            for (number, commit_ids) in (0_i64..).zip(frontiers) {
                self.db
                    .execute(sql, &[number.into(), commit_ids.as_slice().into()])?;
            }
            let sql = "UPDATE import SET part_commits = ?1, parts_done = 0, attempts = 0";
            self.db.execute(sql, &[part_commits.into()])?;
            Ok(())
        })
    }

    /// Forgets the cuts of the import: the next cut has `part_commits` a part.
    pub fn uncut_import(&self, part_commits: u32) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.drop_cut()?;
            let sql = "UPDATE import SET part_commits = ?1, parts_done = 0";
            self.db.execute(sql, &[part_commits.into()])?;
            Ok(())
        })
    }

    fn drop_cut(&self) -> Result<(), SqlError> {
        self.db.execute("DELETE FROM import_frontier", &[])?;
        Ok(())
    }

    /// A frontier, ids joined.
    pub fn import_frontier(&self, number: u32) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT commit_ids FROM import_frontier WHERE number = ?1";
        Ok(query_first(&self.db, sql, &[number.into()], |row| {
            row.blob(0)
        })?)
    }

    /// Makes the next part live, if it brought anything. No ref names it before the last.
    pub fn publish_part(
        &self,
        pack: Option<&PackPublication>,
        shallow: &[ObjectId],
        now_ms: i64,
    ) -> Result<(), StoreError> {
        let published = in_transaction(&self.db, || {
            self.add_shallow(shallow)?;
            if let Some(pack) = pack {
                self.publish_unnamed(pack, now_ms)?;
            }
            let sql = "UPDATE import SET parts_done = parts_done + 1, attempts = 0";
            self.db.execute(sql, &[])?;
            Ok(())
        });
        self.forget_live_packs();
        published
    }

    /// Ends the import: the repository has its objects, up to these commits' parents.
    pub fn finish_import(&self, shallow: &[ObjectId]) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.add_shallow(shallow)?;
            self.drop_cut()?;
            self.db.execute("DELETE FROM import_lfs", &[])?;
            self.db.execute("DELETE FROM import", &[])?;
            Ok(())
        })
    }

    /// Goes on with objects of Git LFS: the repository has its refs, and Git's objects up to these
    /// commits' parents.
    pub fn begin_import_lfs(&self, shallow: &[ObjectId]) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.add_shallow(shallow)?;
            self.drop_cut()?;
            let sql = "UPDATE import SET lfs = 1, attempts = 0";
            self.db.execute(sql, &[])?;
            Ok(())
        })
    }

    /// Adds to the commits that are kept without their parents.
    pub fn add_shallow(&self, shallow: &[ObjectId]) -> Result<(), StoreError> {
        for commit_id in shallow {
            let sql = "INSERT INTO shallow (commit_id) VALUES (?1) ON CONFLICT DO NOTHING";
            self.db.execute(sql, &[Value::id(Some(commit_id))])?;
        }
        Ok(())
    }

    /// Commits that are kept without their parents.
    pub fn shallow_commits(&self) -> Result<Vec<ObjectId>, StoreError> {
        let sql = "SELECT commit_id FROM shallow ORDER BY commit_id";
        Ok(query_all(&self.db, sql, &[], |row| row.object_id(0))?)
    }

    /// Notes in a database that was wiped why nothing is there.
    pub fn leave_import_failure(&self, failure: &ImportFailure) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            self.db.execute_script(FAILURE_TABLE)?;
            let sql = "INSERT OR REPLACE INTO import_failure
                    (singleton, repository_id, namespace, name, reason, at, released)
                VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)";
            let params = [
                failure.repository_id.as_str().into(),
                failure.namespace.as_str().into(),
                failure.name.as_str().into(),
                failure.reason.as_str().into(),
                failure.at.into(),
                failure.is_released.into(),
            ];
            self.db.execute(sql, &params)?;
            Ok(())
        })
    }

    /// The reason of a failed import, if one failed here.
    pub fn import_failure(&self) -> Result<Option<ImportFailure>, StoreError> {
        let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'import_failure'";
        if query_first(&self.db, sql, &[], |row| row.integer(0))?.is_none() {
            return Ok(None);
        }
        let sql = "SELECT repository_id, namespace, name, reason, at, released
            FROM import_failure";
        Ok(query_first(&self.db, sql, &[], |row| {
            Ok(ImportFailure {
                repository_id: row.text(0)?,
                namespace: row.text(1)?,
                name: row.text(2)?,
                reason: row.text(3)?,
                at: row.integer(4)?,
                is_released: row.truth(5)?,
            })
        })?)
    }

    /// Takes away the rows that a failed import has left: a repository is made in its place.
    pub(super) fn forget_import_failure(&self) -> Result<(), SqlError> {
        self.db
            .execute_script("DROP TABLE IF EXISTS import_failure;")
    }
}

fn read_import(row: &dyn Row) -> Result<ImportRecord, SqlError> {
    let optional = |column| {
        if row.is_null(column)? {
            return Ok(None);
        }
        row.unsigned32(column).map(Some)
    };
    Ok(ImportRecord {
        url: row.text(0)?,
        branch: row.text_or_null(1)?,
        depth: optional(2)?,
        had_credentials: row.truth(3)?,
        started_at: row.integer(4)?,
        attempts: row.unsigned32(5)?,
        part_commits: optional(6)?,
        parts_done: row.unsigned32(7)?,
        cut: row.unsigned32(8)?.checked_sub(1),
        asked_by: row.text_or_null(9)?,
        lfs: read_lfs(row)?,
        refs: json(row, 13)?.unwrap_or_default(),
    })
}

/// `NULL` stands for branches and tags, as in rows of earlier versions.
fn refs_json(refs: &RefSelection) -> Result<Option<String>, StoreError> {
    if *refs == RefSelection::default() {
        return Ok(None);
    }
    let json = serde_json::to_string(refs);
    json.map(Some)
        .map_err(|error| StoreError::Failed(error.to_string()))
}

fn read_lfs(row: &dyn Row) -> Result<ImportLfs, SqlError> {
    Ok(match row.integer_or_null(10)? {
        None => ImportLfs::LeftOut,
        Some(0) => ImportLfs::Later,
        Some(1) => ImportLfs::Finding,
        Some(_) => ImportLfs::Taking {
            pass: row.unsigned32(11)?,
            // Empty before the first one.
            after: read_oid(row, 12).ok(),
        },
    })
}
