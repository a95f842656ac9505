//! The hook of a repository, set in its row.

use super::policies::to_json;
use super::pre_receive::PreReceive;
use super::store::RepoStore;
use crate::git::store::StoreError;
use crate::storage::db::row::Value;
use crate::storage::db::sql::Database;

impl<D: Database> RepoStore<D> {
    /// Sets the hook; `None` removes it.
    pub fn set_pre_receive(&self, hook: Option<&PreReceive>) -> Result<(), StoreError> {
        let json = hook.map(to_json).transpose()?;
        let sql = "UPDATE repository SET pre_receive = ?1";
        self.db.execute(sql, &[Value::text(json.as_deref())])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::repository::pre_receive::OnFailure;
    use crate::storage::repository::testing::store;
    use crate::storage::webhook::definition::Secret;

    #[test]
    fn the_row_gives_back_the_settings_and_the_log_shows_no_secret() {
        let store = store();
        let kept = || store.load().unwrap().unwrap().policies.pre_receive;
        assert_eq!(kept(), None);
        let hook = PreReceive {
            url: "https://example.com/hook".to_owned(),
            timeout_ms: 5000,
            on_failure: OnFailure::Accept,
            refs: Some(vec!["*".to_owned()]),
            secret: Secret::new("whsec_c2VjcmV0".to_owned()),
        };
        store.set_pre_receive(Some(&hook)).unwrap();
        assert_eq!(kept().as_ref(), Some(&hook));
        assert!(!format!("{:?}", kept()).contains("whsec_"));
        store.set_pre_receive(None).unwrap();
        assert_eq!(kept(), None);
    }
}
