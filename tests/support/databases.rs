//! The databases of a server's objects, looked into and changed from outside.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension as _};

/// How long the server may keep a database locked.
const LOCKED: Duration = Duration::from_mins(1);

/// Finds the database of a namespace by its name. The registry has a table `namespace` as well, but
/// without this column.
const NAMESPACE: &str = "SELECT 1 FROM namespace WHERE name = ?1 AND standing_version >= 0";

/// The database of a namespace's object.
pub fn database_of_namespace(state: &Path, namespace: &str) -> Connection {
    database_of(state, "NamespaceDo", NAMESPACE, namespace)
}

/// The database of the object of this class for which a query with this name finds something.
pub fn database_of(state: &Path, class: &str, find: &str, name: &str) -> Connection {
    let folder = state.join("data/do").join(format!("-{class}"));
    let files = std::fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let is_database = |path: &PathBuf| path.extension().is_some_and(|end| end == "sqlite");
    let found = files.filter(is_database).find_map(|path| {
        let database = Connection::open(path).unwrap();
        database.busy_timeout(LOCKED).unwrap();
        let found = database.query_row(find, [name], |_| Ok(()));
        found.optional().ok().flatten().map(|()| database)
    });
    found.unwrap_or_else(|| panic!("{name}: no such {class}"))
}
