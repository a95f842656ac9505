//! The steps by which a name gets its place, once and for all.
//!
//! The object outside of every jurisdiction knows the place of its name, and makes no namespace if that is
//! elsewhere. So nothing is written in a wrong place, whatever the Worker believes.

use super::contract::{Placed, TakePlace};
use super::step_error::StepError;
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::storage::db::sql::{Database, in_transaction};
use crate::storage::jurisdiction::Jurisdiction;
use crate::storage::namespace::entries::EntryError;
use crate::storage::namespace::place::PlaceRecord;
use crate::storage::namespace::store::NamespaceStore;

/// How long the Worker remembers that a namespace is in no jurisdiction.
pub(crate) const REMEMBERED_MS: i64 = 5 * 60_000;

/// How long the name of a namespace in no jurisdiction gets none after the namespace was deleted: longer
/// than the Worker remembers it.
const DELETED_MS: i64 = 2 * REMEMBERED_MS;

/// The place of the name.
pub(crate) fn found<D: Database>(store: &NamespaceStore<D>) -> Result<Placed, StepError> {
    let jurisdiction = match store.place()? {
        Some(place) => Some(jurisdiction_of(&place)?),
        None => store.shown_name()?.map(|_| Jurisdiction::Unrestricted),
    };
    Ok(Placed { jurisdiction })
}

/// Gives the name a place, if it has none yet.
pub(crate) fn take<D: Database>(
    store: &NamespaceStore<D>,
    wanted: &TakePlace,
) -> Result<Placed, StepError> {
    in_transaction(store.database(), || {
        if store.shown_name()?.is_some() {
            let message =
                "the namespace exists, and a namespace keeps its jurisdiction: it has none";
            return Err(ErrorReply::at(ErrorCode::AlreadyExists, "/namespace", message).into());
        }
        if let Some(place) = store.place()? {
            let here = jurisdiction_of(&place)?;
            let left_ms = place.until.map(|until| until.saturating_sub(wanted.now_ms));
            if here == wanted.jurisdiction {
                return Ok(Placed {
                    jurisdiction: Some(here),
                });
            }
            match left_ms {
                None => return Err(other_place(here).into()),
                Some(left_ms) if left_ms > 0 => return Err(deleted_lately(left_ms).into()),
                Some(_) => {}
            }
        }
        store.set_place(&PlaceRecord {
            jurisdiction: wanted.jurisdiction.name().to_owned(),
            until: None,
        })?;
        Ok(Placed {
            jurisdiction: Some(wanted.jurisdiction),
        })
    })
}

/// Refuses to make a namespace here, if its place is elsewhere.
pub(super) fn check_here<D: Database>(store: &NamespaceStore<D>) -> Result<(), StepError> {
    match store.place()? {
        Some(place) if jurisdiction_of(&place)? != Jurisdiction::Unrestricted => {
            Err(other_place(jurisdiction_of(&place)?).into())
        }
        _ => Ok(()),
    }
}

/// Remembers for a while that a namespace was kept here that was just deleted.
pub(crate) fn note_deletion<D: Database>(
    store: &NamespaceStore<D>,
    now_ms: i64,
) -> Result<(), EntryError> {
    store.set_place(&PlaceRecord {
        jurisdiction: Jurisdiction::Unrestricted.name().to_owned(),
        until: Some(now_ms.saturating_add(DELETED_MS)),
    })
}

fn jurisdiction_of(place: &PlaceRecord) -> Result<Jurisdiction, StepError> {
    let name = &place.jurisdiction;
    let unknown = || EntryError::Failed(format!("{name} is no jurisdiction"));
    Ok(Jurisdiction::named(name).ok_or_else(unknown)?)
}

/// The refusal of a namespace in a place that its name does not have.
pub(crate) fn other_place(here: Jurisdiction) -> ErrorReply {
    let message = format!(
        "the name belongs to the jurisdiction {} for good, and this request would have its data elsewhere",
        here.name()
    );
    ErrorReply::at(ErrorCode::Conflict, "/jurisdiction", message)
}

fn deleted_lately(left_ms: i64) -> ErrorReply {
    let seconds = left_ms.saturating_add(999).checked_div(1000).unwrap_or(0);
    let message = format!(
        "a namespace of this name that had no jurisdiction was just deleted: try again in {seconds} \
         seconds"
    );
    ErrorReply::at(ErrorCode::Conflict, "/jurisdiction", message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::db::rusqlite_db::RusqliteDatabase;
    use crate::storage::namespace::testing::acme;
    use crate::worker::namespace::contract::CreateNamespace;
    use crate::worker::namespace::steps::{create, summary};

    fn empty() -> NamespaceStore<RusqliteDatabase> {
        NamespaceStore::new(RusqliteDatabase::in_memory().unwrap())
    }

    fn wanted(jurisdiction: Jurisdiction, now_ms: i64) -> TakePlace {
        TakePlace {
            jurisdiction,
            now_ms,
        }
    }

    fn acme_here() -> CreateNamespace {
        CreateNamespace {
            namespace: "acme".to_owned(),
            fsck_strict: false,
            now_ms: 1,
        }
    }

    fn refused<T: std::fmt::Debug>(step: Result<T, StepError>) -> ErrorReply {
        match step.unwrap_err() {
            StepError::Refused(refused) => refused,
            StepError::Store(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_name_gets_a_place_once_and_no_namespace_is_made_elsewhere() {
        let store = empty();
        assert_eq!(found(&store).unwrap().jurisdiction, None);
        assert_eq!(store.database().rows_written(), 0);
        let eu = Some(Jurisdiction::Eu);
        for _ in 0..2 {
            let taken = take(&store, &wanted(Jurisdiction::Eu, 5)).unwrap();
            assert_eq!(taken.jurisdiction, eu);
        }
        assert_eq!(found(&store).unwrap().jurisdiction, eu);
        let other = refused(take(&store, &wanted(Jurisdiction::Us, 5)));
        assert_eq!(other.code, ErrorCode::Conflict);
        assert!(other.message.contains("jurisdiction eu"), "{other:?}");
        assert_eq!(
            refused(create(&store, &acme_here())).code,
            ErrorCode::Conflict
        );
        assert_eq!(refused(summary(&store)).code, ErrorCode::NotFound);
    }

    #[test]
    fn a_namespace_that_is_in_no_jurisdiction_stays_in_none() {
        let store = acme(1);
        let here = found(&store).unwrap().jurisdiction;
        assert_eq!(here, Some(Jurisdiction::Unrestricted));
        let taken = refused(take(&store, &wanted(Jurisdiction::Eu, 5)));
        assert_eq!(taken.code, ErrorCode::AlreadyExists);
    }

    #[test]
    fn the_name_of_a_deleted_namespace_gets_a_jurisdiction_after_a_while() {
        let store = empty();
        note_deletion(&store, 1000).unwrap();
        let early = refused(take(
            &store,
            &wanted(Jurisdiction::Eu, 1000 + DELETED_MS - 1),
        ));
        assert!(early.message.contains("in 1 seconds"), "{early:?}");
        // Where it was, it may be made at once.
        create(&store, &acme_here()).unwrap();

        let store = empty();
        note_deletion(&store, 1000).unwrap();
        take(&store, &wanted(Jurisdiction::Eu, 1000 + DELETED_MS)).unwrap();
        assert_eq!(
            refused(create(&store, &acme_here())).code,
            ErrorCode::Conflict
        );
    }
}
