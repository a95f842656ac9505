//! A namespace's database: which names are taken, by which repositories.
//!
//! The life of a name: [`reserve`](NamespaceStore::reserve) takes it, then the repository's own
//! object is made, then [`confirm`](NamespaceStore::confirm) shows it, or
//! [`release`](NamespaceStore::release) gives it back. Each step names the repository's id, so
//! that a step that comes late, after the name went to another repository, changes nothing.
//! [`remove`](NamespaceStore::remove) frees the name at once and remembers the id until its
//! object was emptied.

use std::rc::Rc;

use super::figures::{self, Figures, FiguresChange, Totals};
use super::quotas::{self, Quotas};
use super::webhooks::filters::Filters;
use crate::git::store::StoreError;
use crate::storage::db::row::{Row, Value};
use crate::storage::db::schema;
use crate::storage::db::sql::{Database, in_transaction, query_all, query_first};
use crate::storage::db::sql_error::SqlError;
use crate::storage::repository::tokens::TokenStore;

/// The database of one namespace.
#[derive(Debug)]
pub struct NamespaceStore<D> {
    pub(super) db: D,
    /// The events that the webhooks want, kept as long as the object is awake.
    pub(super) filters: Rc<Filters>,
}

/// The namespace itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceRecord {
    /// Its name.
    pub name: String,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Repositories that are live.
    pub repo_count: u64,
    /// Their sizes together.
    pub(crate) totals: Totals,
    /// Its bounds.
    pub(crate) quotas: Quotas,
    /// Its repositories check objects as git's `--strict` does, unless they say otherwise.
    pub(crate) fsck_strict: bool,
    /// The issuers of signed tokens that it trusts, as JSON.
    pub(crate) issuers: Option<String>,
    /// When its newest event happened, in unix milliseconds: each act on it is one.
    pub(crate) updated_at: i64,
}

/// A repository that is to get a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The name as its creator spelt it: ASCII, checked.
    pub name: &'a str,
    /// 16 characters of `[0-9a-z]`.
    pub id: &'a str,
    /// For people.
    pub description: &'a str,
    /// The branch that HEAD names, as the API shows it.
    pub default_branch: &'a str,
    /// Refuses every push.
    pub read_only: bool,
    /// May be fetched without credentials.
    pub public: bool,
    /// URL or path of its fork's or import's source.
    pub source: Option<&'a str>,
    /// Unix milliseconds.
    pub now_ms: i64,
}

/// Whether a name could be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reservation {
    /// It is the candidate's, as yet unconfirmed.
    Reserved {
        /// The repository whose creation broke off and that lost the name by this: its object,
        /// if it came into being, is noted for deletion.
        abandoned_id: Option<String>,
    },
    /// A repository has it.
    Exists {
        /// Its id.
        id: String,
    },
    /// Another creation is under way.
    CreateInProgress,
}

/// Whether a repository is there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepositoryState {
    /// Its name is taken, its object may not exist.
    Creating,
    /// It is there.
    Live,
}

/// A repository as lists show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRepository {
    /// The name as its creator spelt it.
    pub name: String,
    /// 16 characters of `[0-9a-z]`.
    pub id: String,
    /// Whether it is there yet.
    pub state: RepositoryState,
    /// For people.
    pub description: String,
    /// The branch that HEAD names.
    pub(crate) default_branch: String,
    /// Refuses every push.
    pub read_only: bool,
    /// May be fetched without credentials.
    pub public: bool,
    /// URL or path of its fork's or import's source.
    pub(crate) source: Option<String>,
    /// Unix milliseconds.
    pub created_at: i64,
    /// Unix milliseconds.
    pub updated_at: i64,
    /// Unix milliseconds.
    pub last_push_at: Option<i64>,
    /// Its sizes, and when it ends.
    pub figures: Figures,
}

/// Changes to a repository's entry; `None` leaves a column as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListingPatch<'a> {
    /// For people.
    pub description: Option<&'a str>,
    /// The branch that HEAD names.
    pub default_branch: Option<&'a str>,
    /// Refuses every push.
    pub read_only: Option<bool>,
    /// May be fetched without credentials.
    pub public: Option<bool>,
    /// Unix milliseconds.
    pub last_push_at: Option<i64>,
    /// Its sizes, and when it ends.
    pub figures: Option<FiguresChange>,
}

/// A repository whose object is still to be emptied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDeletion {
    /// Its id.
    pub id: String,
    /// The name that it had.
    pub(crate) name: String,
    /// Unix milliseconds.
    pub requested_at: i64,
}

impl RepositoryState {
    /// Reads the column with this number.
    pub(super) fn read(row: &dyn Row, column: usize) -> Result<Self, SqlError> {
        Ok(match row.text(column)?.as_str() {
            "live" => Self::Live,
            _ => Self::Creating,
        })
    }
}

impl ListingPatch<'_> {
    /// One of the figures, as a column holds it.
    pub(super) fn figure(&self, of: fn(&FiguresChange) -> u64) -> Option<i64> {
        self.figures.as_ref().map(of).map(figures::integer)
    }
}

impl<D: Database> NamespaceStore<D> {
    /// Opens the database as it is: call [`schema::wake`] before.
    pub fn new(db: D) -> Self {
        Self::with_filters(db, Rc::default())
    }

    /// The same, with the known facts about the webhooks. One value goes with one database.
    pub fn with_filters(db: D, filters: Rc<Filters>) -> Self {
        filters.begin();
        Self { db, filters }
    }

    /// The database, for transactions around several calls and for its counters.
    pub fn database(&self) -> &D {
        &self.db
    }

    /// The tokens that administer this namespace.
    pub(crate) fn tokens(&self) -> TokenStore<'_, D> {
        // Where the standing cannot be read, no token holds.
        let standing = self.standing();
        let epoch_ms = standing.map_or(i64::MAX, |standing| standing.token_epoch_ms);
        TokenStore::new(&self.db, epoch_ms)
    }

    /// Creates the namespace; false, and nothing changed, when it is there already.
    pub fn create(&self, name: &str, now_ms: i64) -> Result<bool, StoreError> {
        in_transaction(&self.db, || {
            schema::migrate(&self.db, schema::NAMESPACE)?;
            let sql = "INSERT INTO namespace (singleton, name, created_at) VALUES (1, ?1, ?2)
                ON CONFLICT (singleton) DO NOTHING";
            Ok(self.db.execute(sql, &[name.into(), now_ms.into()])? > 0)
        })
    }

    /// Sets whether repositories that are made from now on check objects as git's `--strict` does.
    pub(crate) fn set_fsck_strict(&self, is_strict: bool) -> Result<(), StoreError> {
        let sql = "UPDATE namespace SET fsck_strict = ?1 WHERE fsck_strict <> ?1";
        self.db.execute(sql, &[is_strict.into()])?;
        Ok(())
    }

    /// The namespace; `None` when none was created here.
    pub fn load(&self) -> Result<Option<NamespaceRecord>, StoreError> {
        if !schema::is_created(&self.db)? {
            return Ok(None);
        }
        let sql = "SELECT name, created_at, fsck_strict, bytes_max, repos_max, issuers,
                coalesce((SELECT at FROM event ORDER BY sequence DESC LIMIT 1), created_at)
            FROM namespace";
        let (repo_count, totals) = self.totals()?;
        Ok(query_first(&self.db, sql, &[], |row| {
            Ok(NamespaceRecord {
                name: row.text(0)?,
                created_at: row.integer(1)?,
                repo_count,
                totals,
                fsck_strict: row.truth(2)?,
                quotas: quotas::read(row, 3)?,
                issuers: row.text_or_null(5)?,
                updated_at: row.integer(6)?,
            })
        })?)
    }

    /// Takes a name. One whose creation began longer than `abandoned_after_ms` ago and was
    /// never confirmed can be taken over.
    pub fn reserve(
        &self,
        candidate: &Candidate<'_>,
        abandoned_after_ms: i64,
    ) -> Result<Reservation, StoreError> {
        in_transaction(&self.db, || {
            let mut abandoned_id = None;
            if let Some(holder) = self.find(candidate.name)? {
                let age_ms = candidate.now_ms.saturating_sub(holder.created_at);
                if holder.state == RepositoryState::Live {
                    return Ok(Reservation::Exists { id: holder.id });
                }
                if age_ms <= abandoned_after_ms {
                    return Ok(Reservation::CreateInProgress);
                }
                self.remove(&holder.name, &holder.id, candidate.now_ms)?;
                abandoned_id = Some(holder.id);
            }
            self.insert(candidate)?;
            Ok(Reservation::Reserved { abandoned_id })
        })
    }

    /// Shows a reserved repository; false when the name is not its own any more.
    pub fn confirm(&self, name: &str, id: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE repository SET state = 'live' WHERE name_key = ?1 AND id = ?2";
        let key = name_key(name);
        Ok(self.db.execute(sql, &[key.as_str().into(), id.into()])? > 0)
    }

    /// Gives a name back whose repository was not made; false when it was not reserved for it.
    pub fn release(&self, name: &str, id: &str) -> Result<bool, StoreError> {
        let sql = "DELETE FROM repository
            WHERE name_key = ?1 AND id = ?2 AND state = 'creating'";
        let key = name_key(name);
        Ok(self.db.execute(sql, &[key.as_str().into(), id.into()])? > 0)
    }

    /// Frees a repository's name at once and notes its object for deletion; false when the name
    /// is not its own.
    pub fn remove(&self, name: &str, id: &str, now_ms: i64) -> Result<bool, StoreError> {
        in_transaction(&self.db, || {
            let sql = "DELETE FROM repository WHERE name_key = ?1 AND id = ?2";
            let key = name_key(name);
            if self.db.execute(sql, &[key.as_str().into(), id.into()])? == 0 {
                return Ok(false);
            }
            let sql = "INSERT INTO deletion (id, name, requested_at) VALUES (?1, ?2, ?3)";
            self.db
                .execute(sql, &[id.into(), name.into(), now_ms.into()])?;
            Ok(true)
        })
    }

    /// Repositories whose objects are still to be emptied.
    pub fn pending_deletions(&self, limit: u32) -> Result<Vec<PendingDeletion>, StoreError> {
        let sql = "SELECT id, name, requested_at FROM deletion ORDER BY id LIMIT ?1";
        Ok(query_all(&self.db, sql, &[limit.into()], |row| {
            Ok(PendingDeletion {
                id: row.text(0)?,
                name: row.text(1)?,
                requested_at: row.integer(2)?,
            })
        })?)
    }

    /// Notes that a repository's object was emptied.
    pub fn deletion_finished(&self, id: &str) -> Result<(), StoreError> {
        self.db
            .execute("DELETE FROM deletion WHERE id = ?1", &[id.into()])?;
        Ok(())
    }

    /// The repository of that name, in any case.
    pub fn find(&self, name: &str) -> Result<Option<ListedRepository>, StoreError> {
        let sql = "SELECT name, id, state, description, default_branch, read_only, public,
                source, created_at, updated_at, last_push_at, size_bytes, object_count, lfs_bytes,
                database_bytes, r2_bytes, expires_at
            FROM repository WHERE name_key = ?1";
        let key = name_key(name);
        Ok(query_first(
            &self.db,
            sql,
            &[key.as_str().into()],
            read_listed,
        )?)
    }

    /// Takes over the repository's changes; false when the name is not its own. Times
    /// never go back, so notices may come late.
    pub fn update(
        &self,
        name: &str,
        id: &str,
        patch: &ListingPatch<'_>,
        updated_at: i64,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE repository SET
                description = coalesce(?3, description),
                default_branch = coalesce(?4, default_branch),
                read_only = coalesce(?5, read_only),
                public = coalesce(?6, public),
                last_push_at = nullif(max(coalesce(?7, 0), coalesce(last_push_at, 0)), 0),
                updated_at = max(updated_at, ?8),
                size_bytes = coalesce(?9, size_bytes),
                object_count = coalesce(?10, object_count),
                lfs_bytes = coalesce(?11, lfs_bytes),
                database_bytes = coalesce(?12, database_bytes),
                r2_bytes = coalesce(?13, r2_bytes),
                expires_at = CASE WHEN ?9 IS NULL THEN expires_at ELSE ?14 END
            WHERE name_key = ?1 AND id = ?2";
        let key = name_key(name);
        let figure = |of: fn(&FiguresChange) -> u64| Value::integer(patch.figure(of));
        let written = self.db.execute(
            sql,
            &[
                key.as_str().into(),
                id.into(),
                Value::text(patch.description),
                Value::text(patch.default_branch),
                Value::integer(patch.read_only.map(i64::from)),
                Value::integer(patch.public.map(i64::from)),
                Value::integer(patch.last_push_at),
                updated_at.into(),
                figure(|figures| figures.size_bytes),
                figure(|figures| figures.object_count),
                figure(|figures| figures.lfs_bytes),
                figure(|figures| figures.database_bytes),
                Value::integer(patch.figures.and_then(FiguresChange::r2)),
                Value::integer(patch.figures.and_then(|figures| figures.expires_at)),
            ],
        )?;
        Ok(written > 0)
    }

    fn insert(&self, candidate: &Candidate<'_>) -> Result<(), SqlError> {
        let sql = "INSERT INTO repository (name_key, name, id, state, description,
                default_branch, read_only, public, source, created_at, updated_at)
            VALUES (?1, ?2, ?3, 'creating', ?4, ?5, ?6, ?7, ?8, ?9, ?9)";
        let key = name_key(candidate.name);
        let former = "DELETE FROM former_name WHERE name_key = ?1";
        self.db.execute(former, &[key.as_str().into()])?;
        self.db.execute(
            sql,
            &[
                key.as_str().into(),
                candidate.name.into(),
                candidate.id.into(),
                candidate.description.into(),
                candidate.default_branch.into(),
                candidate.read_only.into(),
                candidate.public.into(),
                Value::text(candidate.source),
                candidate.now_ms.into(),
            ],
        )?;
        Ok(())
    }
}

/// The form in which names are compared. Names are ASCII.
pub(crate) fn name_key(name: &str) -> String {
    name.to_ascii_lowercase()
}

/// Reads the columns in the order in which the queries here and in `listing` name them.
pub(super) fn read_listed(row: &dyn Row) -> Result<ListedRepository, SqlError> {
    Ok(ListedRepository {
        name: row.text(0)?,
        id: row.text(1)?,
        state: RepositoryState::read(row, 2)?,
        description: row.text(3)?,
        default_branch: row.text(4)?,
        read_only: row.truth(5)?,
        public: row.truth(6)?,
        source: row.text_or_null(7)?,
        created_at: row.integer(8)?,
        updated_at: row.integer(9)?,
        last_push_at: row.integer_or_null(10)?,
        figures: figures::read(row, 11)?,
    })
}
