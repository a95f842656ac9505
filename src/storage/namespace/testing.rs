//! A namespace for unit tests.

use super::store::{Candidate, NamespaceStore};
use crate::storage::db::rusqlite_db::RusqliteDatabase;

/// The store of a namespace, in memory.
pub(crate) type Store = NamespaceStore<RusqliteDatabase>;

/// A database in which no namespace was made.
pub(crate) fn nowhere() -> Store {
    NamespaceStore::new(RusqliteDatabase::in_memory().unwrap())
}

/// The namespace `Acme`, made at this time.
pub(crate) fn acme(now_ms: i64) -> Store {
    let store = nowhere();
    assert_eq!(store.create("Acme", now_ms), Ok(true));
    store
}

/// A repository that is to get a name.
pub(crate) fn candidate<'a>(name: &'a str, id: &'a str, now_ms: i64) -> Candidate<'a> {
    Candidate {
        name,
        id,
        description: "",
        default_branch: "main",
        read_only: false,
        public: false,
        source: None,
        now_ms,
    }
}

/// Takes a name for the repository of an id, as a creation does.
pub(crate) fn hold(store: &Store, name: &str, id: &str, now_ms: i64) {
    store.reserve(&candidate(name, id, now_ms), 0).unwrap();
    assert_eq!(store.confirm(name, id), Ok(true));
}
