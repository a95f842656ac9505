//! Names that move: a repository gets another one, and the one that it had is remembered.

use super::store::{NamespaceStore, name_key};
use crate::git::store::StoreError;
use crate::storage::db::sql::{Database, in_transaction, query_first};

impl<D: Database> NamespaceStore<D> {
    /// Shows a repository under a name that was reserved for it, and under no other one any more. False,
    /// and nothing but its spelling changed, when the name was not reserved for it or is shown already.
    pub fn settle_name(&self, name: &str, id: &str, created_at: i64) -> Result<bool, StoreError> {
        in_transaction(&self.db, || {
            let sql = "UPDATE repository SET state = 'live'
                WHERE name_key = ?1 AND id = ?2 AND state = 'creating'";
            let key = name_key(name);
            let values = [key.as_str().into(), id.into()];
            if self.db.execute(sql, &values)? == 0 {
                // It may be spelt in another way by now.
                let sql = "UPDATE repository SET name = ?3
                    WHERE name_key = ?1 AND id = ?2 AND name <> ?3";
                let values = [key.as_str().into(), id.into(), name.into()];
                self.db.execute(sql, &values)?;
                return Ok(false);
            }
            let sql = "INSERT OR REPLACE INTO former_name (name_key, repository_id)
                SELECT name_key, id FROM repository WHERE id = ?2 AND name_key <> ?1";
            if self.db.execute(sql, &values)? > 0 {
                let sql = "DELETE FROM repository WHERE id = ?2 AND name_key <> ?1";
                self.db.execute(sql, &values)?;
                // The entry has the time at which the name was reserved.
                let sql = "UPDATE repository SET created_at = ?2 WHERE name_key = ?1";
                self.db
                    .execute(sql, &[key.as_str().into(), created_at.into()])?;
            }
            Ok(true)
        })
    }

    /// Frees a name under which a repository is shown that has another one. A name that is reserved for it
    /// stays: it may be about to come back.
    pub fn leave_name(&self, name: &str, id: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM repository WHERE name_key = ?1 AND id = ?2 AND state = 'live'";
        self.free_name(sql, name, id)
    }

    /// Frees a shown or reserved name, if its repository is known to have another one.
    pub fn take_name_away(&self, name: &str, id: &str) -> Result<(), StoreError> {
        let sql = "DELETE FROM repository WHERE name_key = ?1 AND id = ?2";
        self.free_name(sql, name, id)
    }

    fn free_name(&self, sql: &'static str, name: &str, id: &str) -> Result<(), StoreError> {
        in_transaction(&self.db, || {
            let key = name_key(name);
            let values = [key.as_str().into(), id.into()];
            if self.db.execute(sql, &values)? > 0 {
                let sql = "INSERT OR REPLACE INTO former_name (name_key, repository_id)
                    VALUES (?1, ?2)";
                self.db.execute(sql, &values)?;
            }
            Ok(())
        })
    }

    /// Whether a repository had this name, and nobody has it now.
    pub fn is_former_name(&self, name: &str) -> Result<bool, StoreError> {
        let sql = "SELECT 1 FROM former_name WHERE name_key = ?1";
        let key = name_key(name);
        let found = query_first(&self.db, sql, &[key.as_str().into()], |row| row.integer(0))?;
        Ok(found.is_some())
    }
}

#[cfg(test)]
mod tests {
    use crate::storage::namespace::store::{RepositoryState, Reservation};
    use crate::storage::namespace::testing::{Store, acme, candidate};

    const ID: &str = "0123456789abcdef";

    fn reserve(store: &Store, name: &str, id: &str, now_ms: i64) {
        let reserved = store
            .reserve(&candidate(name, id, now_ms), i64::MAX)
            .unwrap();
        assert_eq!(reserved, Reservation::Reserved { abandoned_id: None });
    }

    #[test]
    fn a_repository_has_one_name_and_the_former_one_is_remembered_until_it_is_taken() {
        let store = acme(0);
        reserve(&store, "Widget", ID, 1);
        assert_eq!(store.settle_name("widget", ID, 1), Ok(true));
        assert_eq!(store.is_former_name("widget"), Ok(false));
        reserve(&store, "Gadget", ID, 5);
        assert!(store.find("widget").unwrap().is_some());
        assert_eq!(
            store.settle_name("gadget", "0000000000000000", 1),
            Ok(false)
        );
        assert_eq!(store.settle_name("gadget", ID, 1), Ok(true));
        assert_eq!(store.settle_name("gadget", ID, 1), Ok(false));
        assert_eq!(store.find("widget"), Ok(None));
        let found = store.find("gadget").unwrap().unwrap();
        assert_eq!((found.state, found.created_at), (RepositoryState::Live, 1));
        assert_eq!(store.is_former_name("WIDGET"), Ok(true));
        reserve(&store, "widget", "fedcba9876543210", 9);
        assert_eq!(store.is_former_name("widget"), Ok(false));
    }

    #[test]
    fn a_notice_with_the_old_name_takes_no_reservation_away() {
        let store = acme(0);
        reserve(&store, "widget", ID, 1);
        store.settle_name("widget", ID, 1).unwrap();
        reserve(&store, "gadget", ID, 5);
        assert_eq!(store.settle_name("widget", ID, 1), Ok(false));
        assert!(store.find("gadget").unwrap().is_some());
    }

    #[test]
    fn a_name_that_was_left_is_free() {
        let store = acme(0);
        reserve(&store, "widget", ID, 1);
        store.settle_name("widget", ID, 1).unwrap();
        store.leave_name("widget", "fedcba9876543210").unwrap();
        assert!(store.find("widget").unwrap().is_some());
        store.leave_name("widget", ID).unwrap();
        assert_eq!(store.find("widget"), Ok(None));
        assert_eq!(store.is_former_name("widget"), Ok(true));
    }

    #[test]
    fn a_name_that_is_reserved_for_a_return_is_not_left() {
        let store = acme(0);
        reserve(&store, "widget", ID, 1);
        store.leave_name("widget", ID).unwrap();
        assert!(store.find("widget").unwrap().is_some());
        store.take_name_away("widget", ID).unwrap();
        assert_eq!(store.find("widget"), Ok(None));
    }
}
