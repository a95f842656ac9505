//! Steps about repositories that were deleted and can still be restored.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit;
use super::events::Author;
use super::step_error::{StepError, no_namespace};
use crate::repo_do::contract::{ErrorCode, ErrorReply, ForgetKept, KeptRepository};
use crate::storage::db::row::INTEGER_MAX;
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::namespace::deleted::{Behind, DeletedRepository};
use crate::storage::namespace::listing::ListError;
use crate::storage::namespace::store::NamespaceStore;

/// Query of `GET /deleted`: a page, last deleted first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListDeleted {
    /// Repositories a page.
    pub(crate) limit: u32,
    /// Where the page before ended: when the last one of it was deleted, and its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) behind: Option<String>,
}

/// Answer of `GET /deleted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DeletedPage {
    /// One page.
    pub(crate) repositories: Vec<KeptRepository>,
    /// Where the next page begins; the last page has none.
    pub(crate) behind: Option<String>,
}

/// Query of `GET /deleted/one`: by its id, or by its name the one that was deleted last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FindDeleted {
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// The name that it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// Frees the name of a repository that was deleted, and lists it among the deleted. A message that was
/// delayed may be about a namespace of this name that was deleted since: then the administrators of this
/// namespace must not restore the other one's repository.
pub(crate) fn keep<D: Database>(
    store: &NamespaceStore<D>,
    kept: &KeptRepository,
) -> Result<(), StepError> {
    let namespace = store.load()?;
    if namespace.is_none_or(|namespace| kept.deleted_at_ms < namespace.created_at) {
        return Ok(());
    }
    in_transaction(store.database(), || {
        store.put_deleted(&DeletedRepository {
            id: kept.repository_id.clone(),
            name: kept.name.clone(),
            object_name: kept.object_name.clone(),
            deleted_at: kept.deleted_at_ms,
            purge_at: kept.purge_at_ms,
        })?;
        if store.remove(&kept.name, &kept.repository_id, kept.deleted_at_ms)? {
            store.deletion_finished(&kept.repository_id)?;
        }
        Ok(())
    })
}

/// Takes a repository off the list of the deleted. It is gone for good, and so are its webhooks.
pub(crate) fn forget<D: Database>(
    store: &NamespaceStore<D>,
    gone: &ForgetKept,
    author: &Author,
) -> Result<(), StepError> {
    if store.shown_name()?.is_none() {
        return Ok(());
    }
    let repository_id = gone.repository_id.as_str();
    in_transaction(store.database(), || {
        if let Some(name) = &gone.purged_name {
            let details = json!({ "repoId": repository_id, "repoName": name });
            audit::note(store, author, "deleted.purged", details)?;
        }
        if store.forget_deleted(repository_id)? {
            store.end_webhooks_of(repository_id)?;
        }
        Ok(())
    })
}

/// The deleted repository that is meant.
pub(crate) fn find<D: Database>(
    store: &NamespaceStore<D>,
    asked: &FindDeleted,
) -> Result<KeptRepository, StepError> {
    let found = match (store.shown_name()?, &asked.id, &asked.name) {
        (None, _, _) | (_, None, None) => None,
        (_, Some(id), name) => store.deleted_by_id(id)?.filter(|found| {
            let is_named = |name: &String| name.eq_ignore_ascii_case(&found.name);
            name.as_ref().is_none_or(is_named)
        }),
        (_, None, Some(name)) => store.deleted_by_name(name)?,
    };
    let none = || {
        let message = "there is no such deleted repository";
        ErrorReply::new(ErrorCode::NotFound, message)
    };
    Ok(found.map(kept).ok_or_else(none)?)
}

/// A page of the deleted repositories.
pub(crate) fn list<D: Database>(
    store: &NamespaceStore<D>,
    asked: &ListDeleted,
) -> Result<DeletedPage, StepError> {
    if store.shown_name()?.is_none() {
        return Err(no_namespace().into());
    }
    let behind = match &asked.behind {
        Some(text) => Some(place(text).ok_or(ListError::InvalidCursor)?),
        None => None,
    };
    // One more tells whether another page follows.
    let found = store.list_deleted(behind, asked.limit.saturating_add(1))?;
    let limit = usize::try_from(asked.limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    let repositories: Vec<_> = found.into_iter().take(limit).map(kept).collect();
    let last = repositories.last().filter(|_| has_more);
    Ok(DeletedPage {
        behind: last.map(|last| format!("{}.{}", last.deleted_at_ms, last.repository_id)),
        repositories,
    })
}

fn place(text: &str) -> Option<Behind<'_>> {
    let (deleted_at, id) = text.split_once('.')?;
    let deleted_at = deleted_at.parse().ok();
    let deleted_at = deleted_at.filter(|at| (0..=INTEGER_MAX).contains(at))?;
    Some(Behind { deleted_at, id })
}

fn kept(deleted: DeletedRepository) -> KeptRepository {
    KeptRepository {
        repository_id: deleted.id,
        name: deleted.name,
        object_name: deleted.object_name,
        deleted_at_ms: deleted.deleted_at,
        purge_at_ms: deleted.purge_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo_do::contract::ErrorCode;
    use crate::storage::namespace::testing::{acme, nowhere};

    fn one(id: &str, name: &str, deleted_at_ms: i64) -> KeptRepository {
        KeptRepository {
            repository_id: id.repeat(16),
            name: name.to_owned(),
            object_name: format!("acme/{name}"),
            deleted_at_ms,
            purge_at_ms: deleted_at_ms + 1000,
        }
    }

    #[test]
    fn pages_of_the_deleted_have_each_once() {
        let store = acme(0);
        for (at, id) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
            let at = i64::try_from(at / 2).unwrap();
            keep(&store, &one(id, "widget", at)).unwrap();
        }
        let mut asked = ListDeleted {
            limit: 2,
            behind: None,
        };
        let mut seen = String::new();
        loop {
            let page = list(&store, &asked).unwrap();
            assert!(page.repositories.len() <= 2);
            seen.extend(
                page.repositories
                    .iter()
                    .map(|kept| &kept.repository_id[..1]),
            );
            asked.behind = page.behind;
            if asked.behind.is_none() {
                break;
            }
        }
        assert_eq!(seen, "edcba");
    }

    #[test]
    fn a_cursor_that_no_page_gave_is_refused_and_not_a_fault_of_the_store() {
        let store = acme(0);
        for behind in ["nonsense", "9007199254740992.a", "-1.a", ".a"] {
            let asked = ListDeleted {
                limit: 2,
                behind: Some(behind.to_owned()),
            };
            let Err(StepError::Refused(reply)) = list(&store, &asked) else {
                panic!("{behind} is no cursor");
            };
            assert_eq!(reply.code, ErrorCode::InvalidInput, "{behind}");
        }
    }

    #[test]
    fn what_was_deleted_before_its_namespace_was_made_again_is_not_that_ones_to_restore() {
        let store = acme(1000);
        keep(&store, &one("a", "widget", 999)).unwrap();
        keep(&store, &one("b", "gadget", 1000)).unwrap();
        let asked = ListDeleted {
            limit: 9,
            behind: None,
        };
        let listed = list(&store, &asked).unwrap().repositories;
        let names: Vec<_> = listed.iter().map(|kept| kept.name.as_str()).collect();
        assert_eq!(names, ["gadget"]);
    }

    #[test]
    fn a_deleted_repository_is_found_by_name_or_id_until_it_is_forgotten() {
        let store = nowhere();
        let find = |id: Option<&str>, name: Option<&str>| {
            let asked = FindDeleted {
                id: id.map(|id| id.repeat(16)),
                name: name.map(str::to_owned),
            };
            find(&store, &asked).ok().map(|found| found.deleted_at_ms)
        };
        assert_eq!(find(None, Some("widget")), None, "without a namespace");
        store.create("acme", 0).unwrap();
        keep(&store, &one("a", "Widget", 3)).unwrap();
        keep(&store, &one("b", "widget", 5)).unwrap();
        assert_eq!(find(None, Some("WIDGET")), Some(5));
        assert_eq!(find(Some("a"), Some("widget")), Some(3));
        assert_eq!(find(Some("a"), Some("gadget")), None);
        assert_eq!(find(None, None), None);
        let gone = ForgetKept {
            repository_id: "b".repeat(16),
            purged_name: None,
        };
        forget(&store, &gone, &Author::system(7)).unwrap();
        assert_eq!(find(None, Some("widget")), Some(3));
    }
}
