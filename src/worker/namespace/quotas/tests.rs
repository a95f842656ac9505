use super::*;
use crate::storage::event_feed;
use crate::storage::namespace::figures::FiguresChange;
use crate::storage::namespace::store::ListingPatch;
use crate::storage::namespace::testing::{Store, acme};
use crate::worker::namespace::contract::{Reserved, UpdateNamespace};
use crate::worker::namespace::events::Author;
use crate::worker::namespace::quota_values::QuotaChange;
use crate::worker::namespace::steps::{reserve, summary};
use crate::worker::namespace::update::update;

fn id(number: u8) -> String {
    format!("aaaaaaaa0000000{number}")
}

fn wanted(number: u8, comes_with_bytes: Option<u64>) -> Reserve {
    Reserve {
        namespace: "Acme".into(),
        name: format!("r{number}"),
        repository_id: id(number),
        replaces: None,
        description: None,
        default_branch: "main".into(),
        read_only: false,
        public: false,
        source: None,
        comes_with_bytes,
        now_ms: 10,
    }
}

fn with(bytes_max: Option<u64>, repos_max: Option<u64>) -> Store {
    let store = acme(1);
    set(&store, bytes_max, repos_max);
    store
}

fn set(store: &Store, bytes_max: Option<u64>, repos_max: Option<u64>) {
    let change = UpdateNamespace {
        quotas: QuotaChange {
            bytes_max: Some(bytes_max),
            repos_max: Some(repos_max),
        },
        ..UpdateNamespace::default()
    };
    update(store, &change, &Author::system(1)).unwrap();
}

fn refusal(outcome: Result<Reserved, StepError>) -> String {
    match outcome {
        Err(StepError::Refused(reply)) => {
            assert_eq!(reply.code, ErrorCode::QuotaExceeded);
            reply.message
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_namespace_has_no_more_repositories_than_its_bound() {
    let store = with(None, Some(2));
    reserve(&store, &wanted(1, None)).unwrap();
    reserve(&store, &wanted(2, None)).unwrap();
    let written = store.database().rows_written();
    assert_eq!(
        refusal(reserve(&store, &wanted(3, None))),
        "quota exceeded: the namespace has 2 repositories, at most 2"
    );
    assert_eq!(store.database().rows_written(), written);
    // That the name is taken is told first.
    let taken = reserve(&store, &wanted(2, None));
    assert!(matches!(taken, Ok(Reserved::Taken(_))), "{taken:?}");
    // One whose making broke off gives its place to the next.
    let again = Reserve {
        repository_id: id(4),
        replaces: Some(id(2)),
        ..wanted(2, None)
    };
    assert!(matches!(reserve(&store, &again), Ok(Reserved::Won { .. })));

    set(&store, None, None);
    reserve(&store, &wanted(3, None)).unwrap();
    set(&store, None, Some(0));
    assert_eq!(
        refusal(reserve(&store, &wanted(5, None))),
        "quota exceeded: the namespace has 3 repositories, at most 0"
    );
}

#[test]
fn a_fork_fits_with_its_bytes_and_an_import_needs_room() {
    let store = with(Some(1000), None);
    reserve(&store, &wanted(1, Some(1000))).unwrap();
    store.confirm("r1", &id(1)).unwrap();
    let figures = Some(FiguresChange {
        size_bytes: 700,
        lfs_bytes: 200,
        ..FiguresChange::default()
    });
    let patch = ListingPatch {
        figures,
        ..ListingPatch::default()
    };
    store.update("r1", &id(1), &patch, 20).unwrap();
    assert_eq!(
        refusal(reserve(&store, &wanted(2, Some(101)))),
        "quota exceeded: the namespace has 900 bytes, and this would add 101; at most 1000"
    );
    reserve(&store, &wanted(2, Some(100))).unwrap();
    set(&store, Some(900), None);
    refusal(reserve(&store, &wanted(3, Some(0))));
    // One that begins empty takes nothing.
    reserve(&store, &wanted(3, None)).unwrap();
}

#[test]
fn bounds_are_shown_and_their_changes_told_once() {
    let store = with(Some(7), Some(3));
    set(&store, Some(7), Some(3));
    let info = summary(&store).unwrap();
    let quotas = Quotas {
        bytes_max: Some(7),
        repos_max: Some(3),
    };
    assert_eq!(info.quotas, quotas);
    let (_, newest) = event_feed::bounds(store.database()).unwrap();
    assert_eq!(newest, 1);
}
