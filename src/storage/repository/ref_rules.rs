//! The repository's rules about refs, as its row keeps them.

use super::policies::rules_json;
use super::store::RepoStore;
use crate::git::receive_pack::ref_rules::RefRules;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::Database;

impl<D: Database> RepoStore<D> {
    /// Sets the rules, in the place of those before.
    pub fn set_ref_rules(&self, rules: &RefRules, now_ms: i64) -> Result<(), StoreError> {
        let json = rules_json(rules)?;
        let sql = "UPDATE repository SET ref_rules = ?1, updated_at = ?2";
        let params = [Value::text(json.as_deref()), now_ms.into()];
        self.db.execute(sql, &params)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::receive_pack::ref_rules::{ForbiddenOp, RefRule};
    use crate::storage::repository::testing::store;

    #[test]
    fn rules_are_kept_until_others_take_their_place() {
        let store = store();
        let kept = || store.load().unwrap().unwrap().policies.ref_rules;
        assert!(kept().is_empty());
        let main = RefRule("refs/heads/main".to_owned(), vec![ForbiddenOp::NoForcePush]);
        let rules = RefRules::from(vec![main, RefRule("*".to_owned(), vec![])]);
        let before = store.database().rows_written();
        store.set_ref_rules(&rules, 5).unwrap();
        assert_eq!(store.database().rows_written() - before, 1);
        assert_eq!(kept(), rules);
        assert_eq!(store.load().unwrap().unwrap().updated_at, 5);
        store.set_ref_rules(&RefRules::default(), 6).unwrap();
        assert!(kept().is_empty());
    }
}
