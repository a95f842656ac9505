//! Applies `migrations/` in order, each once.
//!
//! A Durable Object comes into being when its name is first asked for, whether or not a
//! repository was ever created there. So waking writes nothing: [`wake`] migrates what exists,
//! and only [`migrate`], on creation, puts a schema into an empty database.

use super::sql::{Database, in_transaction, query_first};
use super::sql_error::SqlError;

/// A kind of database and its migrations, oldest first; version n is migration n, from 1.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The kind, as the table `schema_version` has it.
    pub kind: &'static str,
    /// Each migration's statements.
    pub migrations: &'static [&'static str],
}

/// The database of a repository.
pub const REPOSITORY: Schema = Schema {
    kind: "repository",
    migrations: &[
        include_str!("../../../migrations/repository/0001_repository.sql"),
        include_str!("../../../migrations/repository/0002_maintenance.sql"),
        include_str!("../../../migrations/repository/0003_snapshots.sql"),
        include_str!("../../../migrations/repository/0004_forks.sql"),
        include_str!("../../../migrations/repository/0005_imports.sql"),
        include_str!("../../../migrations/repository/0006_recovery.sql"),
        include_str!("../../../migrations/repository/0007_ready_digest.sql"),
        include_str!("../../../migrations/repository/0008_fsck.sql"),
        include_str!("../../../migrations/repository/0009_purge.sql"),
        include_str!("../../../migrations/repository/0010_ref_counts.sql"),
    ],
};

/// The database of a namespace.
pub const NAMESPACE: Schema = Schema {
    kind: "namespace",
    migrations: &[
        include_str!("../../../migrations/namespace/0001_namespace.sql"),
        include_str!("../../../migrations/namespace/0002_idempotency.sql"),
        include_str!("../../../migrations/namespace/0003_token_repositories.sql"),
        include_str!("../../../migrations/namespace/0004_fsck.sql"),
    ],
};

/// Whether a schema was ever put into this database.
pub fn is_created(db: &impl Database) -> Result<bool, SqlError> {
    let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'";
    Ok(query_first(db, sql, &[], |row| row.integer(0))?.is_some())
}

/// Brings an existing database up to date. False, and nothing written, when there is none.
pub fn wake(db: &impl Database, schema: Schema) -> Result<bool, SqlError> {
    let created = is_created(db)?;
    if created {
        migrate(db, schema)?;
    }
    Ok(created)
}

/// Brings the database to the newest version, from empty if need be, in one transaction. One
/// that is up to date is not written to; one that is newer than this code, or of another kind,
/// is refused.
pub fn migrate(db: &impl Database, schema: Schema) -> Result<(), SqlError> {
    let from = version(db, schema)?;
    let known = i64::try_from(schema.migrations.len()).unwrap_or(i64::MAX);
    if from == known {
        return Ok(());
    }
    in_transaction(db, || {
        for (migration, to) in schema
            .migrations
            .iter()
            .copied()
            .zip(1..)
            .filter(|m| m.1 > from)
        {
            db.execute_script(migration)?;
            let sql = "UPDATE schema_version SET version = ?1 WHERE version <> ?1";
            db.execute(sql, &[to.into()])?;
        }
        Ok(())
    })
}

/// The version of the schema in the database; 0 when there is none.
fn version(db: &impl Database, schema: Schema) -> Result<i64, SqlError> {
    if !is_created(db)? {
        return Ok(0);
    }
    let sql = "SELECT kind, version FROM schema_version";
    let row = query_first(db, sql, &[], |row| Ok((row.text(0)?, row.integer(1)?)))?;
    let (found_kind, found) = row.unwrap_or_default();
    if found_kind != schema.kind {
        return Err(SqlError::WrongSchema {
            found: found_kind,
            expected: schema.kind,
        });
    }
    let known = i64::try_from(schema.migrations.len()).unwrap_or(i64::MAX);
    if found > known {
        return Err(SqlError::TooNew {
            schema: schema.kind,
            found,
            known,
        });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;

    const FIRST: &str = "
        CREATE TABLE schema_version (kind TEXT, version INTEGER);
        INSERT INTO schema_version VALUES ('test', 1);
        CREATE TABLE fruit (name TEXT);";
    const SECOND: &str = "ALTER TABLE fruit ADD COLUMN colour TEXT NOT NULL DEFAULT 'green';";
    const THIRD: &str = "UPDATE fruit SET colour = 'red' WHERE name = 'cherry';";
    const BROKEN: &str = "DELETE FROM fruit; SELECT nonsense;";

    fn schema(migrations: &'static [&'static str]) -> Schema {
        Schema {
            kind: "test",
            migrations,
        }
    }

    fn tables(db: &RusqliteDatabase) -> i64 {
        query_first(db, "SELECT count(*) FROM sqlite_master", &[], |row| {
            row.integer(0)
        })
        .unwrap()
        .unwrap()
    }

    #[test]
    fn waking_an_empty_database_writes_nothing() {
        let db = RusqliteDatabase::in_memory().unwrap();
        for schema in [REPOSITORY, NAMESPACE] {
            assert_eq!(wake(&db, schema), Ok(false));
        }
        assert_eq!((db.rows_written(), tables(&db)), (0, 0));
    }

    #[test]
    fn every_older_version_keeps_its_data() {
        const ALL: &[&str] = &[FIRST, SECOND, THIRD];
        for old in [&ALL[..1], &ALL[..2], ALL] {
            let db = RusqliteDatabase::in_memory().unwrap();
            migrate(&db, schema(old)).unwrap();
            db.execute("INSERT INTO fruit (name) VALUES ('cherry')", &[])
                .unwrap();
            assert_eq!(wake(&db, schema(ALL)), Ok(true));
            assert_eq!(version(&db, schema(ALL)), Ok(3));
            let colour =
                query_first(&db, "SELECT colour FROM fruit", &[], |row| row.text(0)).unwrap();
            let expect = if old.len() == 3 { "green" } else { "red" };
            assert_eq!(
                colour.as_deref(),
                Some(expect),
                "from version {}",
                old.len()
            );
        }
    }

    #[test]
    fn the_shipped_schemas_apply_once() {
        for schema in [REPOSITORY, NAMESPACE] {
            let db = RusqliteDatabase::in_memory().unwrap();
            migrate(&db, schema).unwrap();
            let before = db.rows_written();
            assert_eq!(wake(&db, schema), Ok(true));
            assert_eq!(db.rows_written(), before, "{}: waking wrote", schema.kind);
        }
    }

    #[test]
    fn a_migration_that_fails_changes_nothing() {
        let db = RusqliteDatabase::in_memory().unwrap();
        migrate(&db, schema(&[FIRST])).unwrap();
        db.execute("INSERT INTO fruit (name) VALUES ('fig')", &[])
            .unwrap();
        migrate(&db, schema(&[FIRST, SECOND, BROKEN])).unwrap_err();
        assert_eq!(version(&db, schema(&[FIRST])), Ok(1));
        let fruits = query_first(&db, "SELECT count(*) FROM fruit", &[], |row| row.integer(0));
        assert_eq!(fruits, Ok(Some(1)));
    }

    #[test]
    fn a_newer_database_and_one_of_another_kind_are_refused() {
        let db = RusqliteDatabase::in_memory().unwrap();
        migrate(&db, schema(&[FIRST, SECOND])).unwrap();
        let expect = SqlError::TooNew {
            schema: "test",
            found: 2,
            known: 1,
        };
        assert_eq!(migrate(&db, schema(&[FIRST])), Err(expect));
        let expect = SqlError::WrongSchema {
            found: "test".to_owned(),
            expected: "repository",
        };
        assert_eq!(wake(&db, REPOSITORY), Err(expect));
    }
}
