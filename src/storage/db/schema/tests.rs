//! The newest schemas, the migrations, and that both make the same.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::*;
use crate::storage::db::rusqlite_db::RusqliteDatabase;

const ALL: [Schema; 5] = [REPOSITORY, NAMESPACE, NETWORK, REGISTRY, WEBHOOK];

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
        newest: "",
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
    for schema in ALL {
        assert_eq!(wake(&db, schema), Ok(false));
    }
    assert_eq!((db.rows_written(), tables(&db)), (0, 0));
}

#[test]
fn every_older_version_keeps_its_data() {
    let newest = schema(&[FIRST, SECOND, THIRD]);
    for old in 1..=3 {
        let db = RusqliteDatabase::in_memory().unwrap();
        create_older(&db, newest, old).unwrap();
        db.execute("INSERT INTO fruit (name) VALUES ('cherry')", &[])
            .unwrap();
        assert_eq!(wake(&db, newest), Ok(true));
        assert_eq!(version(&db, newest), Ok(3));
        let colour = query_first(&db, "SELECT colour FROM fruit", &[], |row| row.text(0)).unwrap();
        let expect = if old == 3 { "green" } else { "red" };
        assert_eq!(colour.as_deref(), Some(expect), "from version {old}");
    }
}

#[test]
fn the_shipped_schemas_apply_once() {
    for schema in ALL {
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
    create_older(&db, schema(&[FIRST]), 1).unwrap();
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
    create_older(&db, schema(&[FIRST, SECOND]), 2).unwrap();
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

/// All parts of a database, one line each: the statements without white space (the program
/// has them without comments), every column and every index as SQLite understood it, and the row of
/// the version.
fn described(db: &RusqliteDatabase) -> BTreeSet<String> {
    let queries = [
        "SELECT type, name, tbl_name, sql FROM sqlite_master",
        "SELECT 'column', m.name, c.cid, c.name, c.type, c.'notnull', c.dflt_value, c.pk, c.hidden
            FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table'",
        "SELECT 'index list', m.name, i.name, i.'unique', i.origin, i.partial
            FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'",
        "SELECT 'index', m.name, i.seqno, i.cid, i.name, i.'desc', i.coll, i.key
            FROM sqlite_master m, pragma_index_xinfo(m.name) i WHERE m.type = 'index'",
        "SELECT 'version', singleton, kind, version FROM schema_version",
    ];
    let mut lines = BTreeSet::new();
    for sql in queries {
        let before = lines.len();
        db.query(sql, &[], &mut |row| {
            let mut line = Vec::new();
            // Any column further is an error: a description ends there.
            while let Ok(is_null) = row.is_null(line.len()) {
                let number = || row.integer(line.len()).map(|number| number.to_string());
                let text = || row.text(line.len()).or_else(|_| number());
                line.push(if is_null { "NULL".to_owned() } else { text()? });
            }
            lines.insert(line.join("|").split_whitespace().collect());
            Ok(ControlFlow::Continue(()))
        })
        .unwrap();
        assert!(lines.len() > before, "nothing comes of {sql}");
    }
    lines
}

#[test]
fn a_new_database_is_the_same_as_one_that_went_through_all_migrations() {
    for schema in ALL {
        let (new, migrated) = (
            RusqliteDatabase::in_memory().unwrap(),
            RusqliteDatabase::in_memory().unwrap(),
        );
        migrate(&new, schema).unwrap();
        create_older(&migrated, schema, schema.migrations.len()).unwrap();
        let (new, migrated) = (described(&new), described(&migrated));
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
            let lines: Vec<_> = one.difference(other).map(String::as_str).collect();
            lines.join("\n  ")
        };
        assert!(
            new == migrated,
            "{}: schema.sql alone has\n  {}\nthe migrations alone have\n  {}",
            schema.kind,
            only(&new, &migrated),
            only(&migrated, &new),
        );
    }
}

#[test]
fn a_new_database_costs_one_row() {
    for schema in ALL {
        let db = RusqliteDatabase::in_memory().unwrap();
        migrate(&db, schema).unwrap();
        assert_eq!(db.rows_written(), 1, "{}", schema.kind);
    }
}
