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
    // The refusal for a taken name comes before the one for the bound.
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
    store.end_claim(&id(1), FIRST_CLAIM).unwrap();
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
    // The fork counts before it tells its sizes.
    assert_eq!(
        refusal(reserve(&store, &wanted(3, Some(1)))),
        "quota exceeded: the namespace has 900 bytes, requests under way add 100, and this would \
         add 1; at most 1000"
    );
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

fn live(store: &Store, number: u8, size_bytes: u64) {
    reserve(store, &wanted(number, None)).unwrap();
    store.confirm(&format!("r{number}"), &id(number)).unwrap();
    store.note_quota_bytes(&id(number), size_bytes, 0).unwrap();
}

/// Asks for more; gives whether it was granted, and the bytes that others have and claim.
fn ask(store: &Store, number: u8, claim: (i64, u64), now_ms: i64) -> (bool, u64, u64) {
    let asked = AskRoom {
        repository_id: id(number),
        here: 0,
        claim: Some(AskClaim {
            number: claim.0,
            bytes: claim.1,
        }),
        running: vec![1, 2],
    };
    let room = room(store, &asked, now_ms).unwrap();
    (room.is_granted, room.others, room.claimed)
}

#[test]
fn claims_at_the_same_moment_do_not_exceed_the_bound_together() {
    let store = with(Some(1000), None);
    live(&store, 1, 0);
    live(&store, 2, 300);
    assert_eq!(ask(&store, 1, (1, 400), 0), (true, 300, 0));
    assert_eq!(ask(&store, 1, (2, 301), 0), (false, 300, 400));
    assert_eq!(ask(&store, 1, (2, 300), 0), (true, 300, 400));
    let written = store.database().rows_written();
    assert_eq!(ask(&store, 2, (1, 301), 0), (false, 0, 700));
    assert_eq!(store.database().rows_written(), written, "refused");
    // A claim that is over no longer counts, and its result counts at once.
    let over = TellRoom {
        repository_id: id(1),
        number: 1,
        size_bytes: 350,
        lfs_bytes: 20,
    };
    told(&store, &over).unwrap();
    assert_eq!(ask(&store, 2, (1, 331), 0), (false, 370, 300));
    // A claim without any message ends by itself.
    assert_eq!(ask(&store, 2, (1, 331), CLAIM_MS), (true, 370, 0));
}

#[test]
fn claims_of_requests_that_are_over_go_with_the_next_question() {
    let store = with(Some(1000), None);
    live(&store, 1, 0);
    assert!(ask(&store, 1, (9, 1000), 0).0);
    // The object has ended since: it knows of no claim with that number.
    assert_eq!(ask(&store, 1, (1, 1000), 1), (true, 0, 0));
    // Without a bound nothing is written.
    set(&store, None, None);
    let written = store.database().rows_written();
    assert_eq!(ask(&store, 1, (2, 5000), 2), (true, 0, 0));
    assert_eq!(store.database().rows_written(), written);
}
