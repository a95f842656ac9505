//! The server's state, read and changed while it is stopped.

use std::path::{Path, PathBuf};

use cairn::storage::db::rusqlite_db::RusqliteDatabase;
use cairn::storage::db::sql::Database as _;

pub const REPOSITORIES: &str = "do/-RepoDo";
pub const NETWORKS: &str = "do/-NetworkDo";
pub const BUCKET: &str = "r2/miniflare-R2BucketObject";

/// The databases under a folder of the server's state, while it is stopped.
pub fn databases(state: &Path, folder: &str) -> Vec<PathBuf> {
    let files = std::fs::read_dir(state.join("data").join(folder)).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let is_one = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "sqlite") && !path.ends_with("metadata.sqlite")
    };
    files.filter(is_one).collect()
}

/// Changes the one database under a folder of the server's state.
pub fn damage(state: &Path, folder: &str, statements: &[&'static str]) {
    let found = databases(state, folder);
    assert_eq!(found.len(), 1, "{found:?}");
    let db = RusqliteDatabase::open(&found[0]).unwrap();
    for statement in statements {
        assert!(db.execute(statement, &[]).unwrap() > 0, "{statement}");
    }
}

/// Runs statements that the schema forbids.
pub fn corrupt(state: &Path, statements: &[&str]) {
    let found = databases(state, REPOSITORIES);
    assert_eq!(found.len(), 1, "{found:?}");
    let tables = rusqlite::Connection::open(&found[0]).unwrap();
    tables
        .pragma_update(None, "ignore_check_constraints", true)
        .unwrap();
    for statement in statements {
        assert!(tables.execute(statement, ()).unwrap() > 0, "{statement}");
    }
}

/// The files in which R2's emulation keeps the bytes of objects whose keys begin so.
pub fn blobs(state: &Path, prefix: &str) -> Vec<PathBuf> {
    let bucket = databases(state, BUCKET);
    let tables = rusqlite::Connection::open(&bucket[0]).unwrap();
    let sql = "SELECT blob_id FROM _mf_objects WHERE key LIKE ?1 || '%'";
    let mut found = tables.prepare(sql).unwrap();
    let ids = found
        .query_map([prefix], |row| row.get::<_, String>(0))
        .unwrap();
    let folder = state.join("data/r2/cairn-packs/blobs");
    ids.map(|id| folder.join(id.unwrap())).collect()
}
