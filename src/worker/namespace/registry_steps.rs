//! The steps of the registry's object: it notes namespaces, forgets them, and logs both.

use serde_json::json;

use super::contract::Registration;
use super::events::Author;
use super::step_error::StepError;
use crate::storage::db::sql::Database;
use crate::storage::namespace::registry::RegistryStore;
use crate::worker::time::iso_8601;

/// Notes a namespace that is there.
pub(crate) fn register<D: Database>(
    store: &RegistryStore<D>,
    registration: &Registration,
    author: &Author,
) -> Result<(), StepError> {
    let info = &registration.info;
    store.register(&info.namespace, info.created_at_ms)?;
    note(store, registration, author)
}

/// Forgets a namespace that was deleted.
pub(crate) fn unregister<D: Database>(
    store: &RegistryStore<D>,
    registration: &Registration,
    author: &Author,
) -> Result<(), StepError> {
    let info = &registration.info;
    store.unregister(&info.namespace, info.created_at_ms)?;
    note(store, registration, author)
}

fn note<D: Database>(
    store: &RegistryStore<D>,
    Registration { info, act }: &Registration,
    author: &Author,
) -> Result<(), StepError> {
    let Some(act) = act else {
        return Ok(());
    };
    let details = json!({
        "namespace": info.namespace,
        "createdAt": iso_8601(info.created_at_ms),
    });
    let body = author.audit_body(&details);
    Ok(store.note_act(author.now_ms(), act.action(), &body)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::namespace::testing::acme;
    use crate::worker::namespace::audit::{AskAudit, acts};
    use crate::worker::namespace::contract::NamespaceAct;
    use crate::worker::namespace::steps::summary;

    #[test]
    fn the_log_has_acts_and_no_reminders() {
        let store = RegistryStore::new(RusqliteDatabase::in_memory().unwrap());
        let asked = AskAudit {
            limit: 10,
            ..AskAudit::default()
        };
        assert!(acts(&store, &asked).unwrap().entries.is_empty());
        let info = summary(&acme(5)).unwrap();
        let of = |act| Registration {
            info: info.clone(),
            act,
        };
        let author = Author::named(Some("operator"), Some("a request".to_owned()), 9);
        register(&store, &of(Some(NamespaceAct::Created)), &author).unwrap();
        register(&store, &of(None), &author).unwrap();
        unregister(&store, &of(Some(NamespaceAct::Deleted)), &author).unwrap();
        let entries = acts(&store, &asked).unwrap().entries;
        let actions: Vec<_> = entries.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["namespace.deleted", "namespace.created"]);
        let body = &entries[0].body;
        assert_eq!(body.request_id.as_deref(), Some("a request"));
        assert!(body.details.get().contains("\"namespace\":\"Acme\""));
        assert!(!store.contains("acme").unwrap());
    }
}
