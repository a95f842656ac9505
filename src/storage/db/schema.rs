//! Puts the newest schema into an empty database, and brings an older one up to date.
//!
//! `migrations/` has both ways: one script with the newest schema in one piece, and the numbered
//! migrations, each applied once. A new database costs one script instead of all migrations: SQLite
//! reads its whole schema again after every `ALTER TABLE`. The tests prove that both ways end at
//! the same schema.
//!
//! A Durable Object comes into being when its name is first asked for, whether or not a
//! repository was ever created there. So waking writes nothing: [`wake`] migrates existing databases,
//! and only [`migrate`], on creation, puts a schema into an empty database.

use super::sql::{Database, in_transaction, query_first};
use super::sql_error::SqlError;
use super::sql_file::include_sql;

/// A kind of database and how it is made.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// The kind, as the table `schema_version` has it.
    pub kind: &'static str,
    /// The newest schema in one piece, for an empty database; without the row of `schema_version`.
    pub(crate) newest: &'static str,
    /// Each migration's statements, oldest first; version n is migration n, from 1.
    pub migrations: &'static [&'static str],
}

/// The database of a repository.
pub const REPOSITORY: Schema = Schema {
    kind: "repository",
    newest: include_sql!("repository/schema.sql"),
    migrations: &[
        include_sql!("repository/0001_repository.sql"),
        include_sql!("repository/0002_maintenance.sql"),
        include_sql!("repository/0003_snapshots.sql"),
        include_sql!("repository/0004_forks.sql"),
        include_sql!("repository/0005_imports.sql"),
        include_sql!("repository/0006_recovery.sql"),
        include_sql!("repository/0007_ready_digest.sql"),
        include_sql!("repository/0008_fsck.sql"),
        include_sql!("repository/0009_purge.sql"),
        include_sql!("repository/0010_ref_counts.sql"),
        include_sql!("repository/0011_origin_report.sql"),
        include_sql!("repository/0012_idempotency.sql"),
        include_sql!("repository/0013_put_blob.sql"),
        include_sql!("repository/0014_event.sql"),
        include_sql!("repository/0015_lfs.sql"),
        include_sql!("repository/0016_import_lfs.sql"),
        include_sql!("repository/0017_rules_and_lives.sql"),
        include_sql!("repository/0018_import_refs.sql"),
        include_sql!("repository/0019_upstream.sql"),
        include_sql!("repository/0020_downstreams.sql"),
    ],
};

/// The database of a namespace.
pub const NAMESPACE: Schema = Schema {
    kind: "namespace",
    newest: include_sql!("namespace/schema.sql"),
    migrations: &[
        include_sql!("namespace/0001_namespace.sql"),
        include_sql!("namespace/0002_idempotency.sql"),
        include_sql!("namespace/0003_token_repositories.sql"),
        include_sql!("namespace/0004_fsck.sql"),
        include_sql!("namespace/0005_event.sql"),
        include_sql!("namespace/0006_rules_and_lives.sql"),
        include_sql!("namespace/0007_room.sql"),
        include_sql!("namespace/0008_place.sql"),
    ],
};

/// The database of a fork network.
pub const NETWORK: Schema = Schema {
    kind: "network",
    newest: include_sql!("network/schema.sql"),
    migrations: &[
        include_sql!("network/0001_network.sql"),
        include_sql!("network/0002_members.sql"),
        include_sql!("network/0003_takings.sql"),
        include_sql!("network/0004_second_removals.sql"),
    ],
};

/// The database of the registry of namespaces.
pub(crate) const REGISTRY: Schema = Schema {
    kind: "registry",
    newest: include_sql!("registry/schema.sql"),
    migrations: &[
        include_sql!("registry/0001_registry.sql"),
        include_sql!("registry/0002_idempotency.sql"),
        include_sql!("registry/0003_audit.sql"),
    ],
};

/// The database of a webhook.
pub const WEBHOOK: Schema = Schema {
    kind: "webhook",
    newest: include_sql!("webhook/schema.sql"),
    migrations: &[include_sql!("webhook/0001_webhook.sql")],
};

/// Whether a schema was ever put into this database.
pub fn is_created(db: &impl Database) -> Result<bool, SqlError> {
    let sql = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'";
    Ok(query_first(db, sql, &[], |row| row.integer(0))?.is_some())
}

/// Brings an existing database up to date. Without one, this writes nothing and gives false.
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
pub(crate) fn migrate(db: &impl Database, schema: Schema) -> Result<(), SqlError> {
    let from = version(db, schema)?;
    if from == newest_version(schema) {
        return Ok(());
    }
    in_transaction(db, || {
        if from == 0 {
            create(db, schema)
        } else {
            apply(db, schema.migrations, from)
        }
    })
}

/// Puts the newest schema into an empty database.
fn create(db: &impl Database, schema: Schema) -> Result<(), SqlError> {
    db.execute_script(schema.newest)?;
    let sql = "INSERT INTO schema_version (singleton, kind, version) VALUES (1, ?1, ?2)";
    db.execute(sql, &[schema.kind.into(), newest_version(schema).into()])?;
    Ok(())
}

/// Applies the migrations that follow the version `from`.
fn apply(db: &impl Database, migrations: &[&'static str], from: i64) -> Result<(), SqlError> {
    for (migration, to) in migrations.iter().copied().zip(1..).filter(|m| m.1 > from) {
        db.execute_script(migration)?;
        let sql = "UPDATE schema_version SET version = ?1 WHERE version <> ?1";
        db.execute(sql, &[to.into()])?;
    }
    Ok(())
}

/// Puts the schema of an older version into an empty database, as the code of that time did.
#[cfg(test)]
pub(crate) fn create_older(
    db: &impl Database,
    schema: Schema,
    version: usize,
) -> Result<(), SqlError> {
    in_transaction(db, || {
        apply(db, schema.migrations.get(..version).unwrap_or_default(), 0)
    })
}

fn newest_version(schema: Schema) -> i64 {
    i64::try_from(schema.migrations.len()).unwrap_or(i64::MAX)
}

/// The version of the schema in the database; 0 without a schema.
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
    let known = newest_version(schema);
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
mod tests;
