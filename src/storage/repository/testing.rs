//! A repository for unit tests.

use super::store::{NewRepository, RepoStore};
use crate::storage::db::rusqlite_db::RusqliteDatabase;

/// Its id, and so that of its network.
pub(crate) const ID: &str = "0123456789abcdef";

/// The repository, made at this time.
pub(crate) fn new_repository(now_ms: i64) -> NewRepository<'static> {
    NewRepository {
        id: ID,
        namespace: "acme",
        name: "widgets",
        description: "",
        head: "refs/heads/main".into(),
        read_only: false,
        public: false,
        fsck_strict: false,
        source: None,
        now_ms,
    }
}

/// Its store, in memory and empty. The clock stands at 0.
pub(crate) fn store() -> RepoStore<RusqliteDatabase> {
    let store = RepoStore::new(RusqliteDatabase::in_memory().unwrap(), Box::new(|| 0));
    assert_eq!(store.create(&new_repository(0)), Ok(true));
    store
}
