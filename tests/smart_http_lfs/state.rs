//! The databases of a server's state, looked into and changed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::client::Object;

/// The folders of databases below a server's state.
const REPOSITORIES: &str = "data/do/-RepoDo";
const NETWORKS: &str = "data/do/-NetworkDo";
const BUCKET: &str = "data/r2/miniflare-R2BucketObject";
/// The folder of the bytes of objects in R2.
const BLOBS: &str = "data/r2/cairn-packs/blobs";

/// How long the server may keep a database locked.
const LOCKED: Duration = Duration::from_mins(1);

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
    rows(
        state,
        "RepoDo",
        "SELECT count(*) FROM lfs_object WHERE stored = 0",
    )
}

/// The counts of all databases of a class of objects together, while the server runs. One without the
/// table counts nothing.
pub fn rows(state: &Path, class: &str, sql: &str) -> i64 {
    let files = databases(state, &format!("data/do/-{class}"));
    let counts = files.into_iter().map(|file| {
        let tables = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        tables.busy_timeout(LOCKED).unwrap();
        tables.query_one(sql, (), |row| row.get(0)).unwrap_or(0)
    });
    counts.sum()
}

/// Changes rows in all databases of a class of objects that have the table, while the server runs.
pub fn change_running(state: &Path, class: &str, sql: &str) -> usize {
    let files = databases(state, &format!("data/do/-{class}"));
    let changes = files.into_iter().map(|file| {
        let tables = Connection::open(file).unwrap();
        tables.busy_timeout(LOCKED).unwrap();
        tables.execute(sql, ()).unwrap_or(0)
    });
    changes.sum()
}

/// Changes rows of the one network's account about an object, while the server is stopped; `?1` is
/// the object's key.
pub fn change_account(state: &Path, sql: &str, oid: &str) -> usize {
    let changes = databases(state, NETWORKS).into_iter().map(|file| {
        let tables = Connection::open(file).unwrap();
        let find = "SELECT r2_key FROM pack_holder WHERE r2_key LIKE '%' || ?1";
        let key = tables.query_row(find, [oid], |row| row.get::<_, String>(0));
        key.map_or(0, |key| tables.execute(sql, [key]).unwrap())
    });
    changes.sum()
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

/// Makes objects the one repository's, as uploads would, while the server is stopped. The first of them
/// was uploaded.
pub fn crowd(state: &Path, objects: &[Object]) {
    note_stored(state, objects);
    let count = "UPDATE lfs_account SET (object_count, object_bytes) =
        (SELECT count(*), sum(object_bytes) FROM lfs_object)";
    assert_eq!(change(state, count), 1);
    assert_eq!(
        change(state, "UPDATE repository SET pruned_reflog_seq = -1"),
        1
    );
    let like = "SELECT 1 FROM pack_holder WHERE r2_key LIKE 'lfs/%'";
    each(
        &mut with(state, NETWORKS, like),
        objects,
        |tables, object| {
            let sql = "INSERT INTO pack_holder (r2_key, repository_id, taken_at)
            SELECT substr(r2_key, 1, length(r2_key) - 64) || ?1, repository_id, taken_at
            FROM pack_holder WHERE r2_key LIKE 'lfs/%' LIMIT 1 ON CONFLICT DO NOTHING";
            tables.execute(sql, [&object.oid]).unwrap();
        },
    );
    let like = "SELECT 1 FROM _mf_objects WHERE key LIKE 'lfs/%'";
    each(&mut with(state, BUCKET, like), objects, |tables, object| {
        let (blob, size) = (format!("of-{}", object.oid), object.bytes.len());
        std::fs::write(state.join(BLOBS).join(&blob), &object.bytes).unwrap();
        let sql = "INSERT INTO _mf_objects (key, blob_id, version, size, etag, uploaded, checksums,
                http_metadata, custom_metadata)
            SELECT substr(key, 1, length(key) - 64) || ?1, ?2, version, ?3, etag, uploaded, '{}',
                http_metadata, custom_metadata
            FROM _mf_objects WHERE key LIKE 'lfs/%' LIMIT 1 ON CONFLICT DO NOTHING";
        let size = i64::try_from(size).unwrap();
        tables.execute(sql, (&object.oid, blob, size)).unwrap();
    });
}

/// The database in a folder for which a query finds something.
fn with(state: &Path, folder: &str, find: &str) -> Connection {
    let files = databases(state, folder).into_iter();
    let mut open = files.map(|file| Connection::open(file).unwrap());
    let found = open.find(|tables| tables.query_row(find, (), |_| Ok(())).is_ok());
    found.unwrap()
}

/// Does the same for each object in one transaction.
fn each(tables: &mut Connection, objects: &[Object], write: impl Fn(&Connection, &Object)) {
    let writing = tables.transaction().unwrap();
    for object in objects {
        write(&writing, object);
    }
    writing.commit().unwrap();
}
