//! The databases of a server's state, looked into and changed.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use super::client::Object;

/// The folders of databases below a server's state.
const REPOSITORIES: &str = "data/do/-RepoDo";
const BUCKET: &str = "data/r2/miniflare-R2BucketObject";

fn databases(state: &Path, folder: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(state.join(folder)).into_iter().flatten();
    let files = files.map(|file| file.unwrap().path());
    let is_one = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "sqlite") && !path.ends_with("metadata.sqlite")
    };
    files.filter(is_one).collect()
}

/// How many uploads are under way in all repositories, while the server runs.
pub fn uploads(state: &Path) -> i64 {
    let counts = databases(state, REPOSITORIES).into_iter().map(|file| {
        let tables = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let sql = "SELECT count(*) FROM lfs_object WHERE stored = 0";
        tables.query_one(sql, (), |row| row.get(0)).unwrap_or(0)
    });
    counts.sum()
}

/// Changes rows of the one repository, while the server is stopped.
pub fn change(state: &Path, sql: &str) -> usize {
    let found = databases(state, REPOSITORIES);
    assert_eq!(found.len(), 1, "{found:?}");
    Connection::open(&found[0])
        .unwrap()
        .execute(sql, ())
        .unwrap()
}

/// Notes objects as stored in the one repository, while the server is stopped. R2 has none of them.
pub fn note_stored(state: &Path, objects: &[Object]) {
    let found = databases(state, REPOSITORIES);
    assert_eq!(found.len(), 1, "{found:?}");
    let mut tables = Connection::open(&found[0]).unwrap();
    let noting = tables.transaction().unwrap();
    let sql = "INSERT INTO lfs_object (oid, object_bytes, stored, at)
        VALUES (unhex(?1), ?2, 1, 1) ON CONFLICT DO NOTHING";
    for object in objects {
        noting
            .execute(
                sql,
                (&object.oid, i64::try_from(object.bytes.len()).unwrap()),
            )
            .unwrap();
    }
    noting.commit().unwrap();
}

/// Changes the tables of R2's emulation.
pub fn change_bucket(state: &Path, sql: &str) {
    for file in databases(state, BUCKET) {
        Connection::open(file).unwrap().execute_batch(sql).unwrap();
    }
}

/// The keys of objects of Git LFS in R2, while the server runs.
pub fn lfs_keys(state: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in databases(state, BUCKET) {
        let tables = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let sql = "SELECT key FROM _mf_objects WHERE key LIKE 'lfs/%'";
        let mut keys = tables.prepare(sql).unwrap();
        let keys = keys.query_map((), |row| row.get::<_, String>(0)).unwrap();
        found.extend(keys.map(Result::unwrap));
    }
    found
}

/// Removes the objects of Git LFS from R2, while the server is stopped.
pub fn lose_lfs_objects(state: &Path) {
    for file in databases(state, BUCKET) {
        let sql = "DELETE FROM _mf_objects WHERE key LIKE 'lfs/%'";
        let gone = Connection::open(file).unwrap().execute(sql, ()).unwrap();
        assert!(gone > 0, "r2 had some");
    }
}
