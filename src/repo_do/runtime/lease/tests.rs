use std::task::Waker;

use futures::future::{pending, ready};
use futures::stream;
use proptest::prelude::*;

use super::super::memory::{Reservation, reserved_bytes};
use super::*;

/// Lets time pass.
pub(crate) fn pass(milliseconds: i64) {
    TEST_CLOCK.set(TEST_CLOCK.get() + milliseconds);
}

fn poll<T>(work: &mut (impl Future<Output = T> + Unpin)) -> Poll<T> {
    Pin::new(work).poll(&mut Context::from_waker(Waker::noop()))
}

fn next<T>(work: &mut (impl Stream<Item = T> + Unpin)) -> Poll<Option<T>> {
    Pin::new(work).poll_next(&mut Context::from_waker(Waker::noop()))
}

/// Work that reserves `bytes`, and waits for ever.
async fn hold(bytes: u64) {
    let _reservation = Reservation::new(bytes).unwrap();
    pending::<()>().await;
}

fn client(owner: Owner) -> Rc<Lease> {
    Lease::begin(owner, "token 1".to_owned(), "push")
}

#[test]
fn a_new_incarnation_ends_what_its_predecessor_left_behind() {
    let (former, other) = (Owner::another(), Owner::another());
    let (lease, others) = (client(former), client(other));
    let mut request = Box::pin(lease.run(hold(5)));
    let mut elsewhere = Box::pin(others.run(hold(7)));
    assert!(poll(&mut request).is_pending() && poll(&mut elsewhere).is_pending());
    assert_eq!((reserved_bytes(), figures().count), (12, 2));
    // Never polled again, never dropped: as after a reset.
    std::mem::forget(request);
    former.end();
    assert_eq!(reserved_bytes(), 7);
    assert_eq!(figures().operations, BTreeMap::from([("push", (1, 7))]));
    drop(elsewhere);
    assert_eq!(reserved_bytes(), 0);
}

#[test]
fn work_that_comes_back_after_its_lease_was_reclaimed_learns_it() {
    let lease = client(Owner::another());
    let mut request = Box::pin(lease.run(hold(5)));
    assert!(poll(&mut request).is_pending());
    pass(RECLAIM_MS - 1);
    assert!(!reclaim());
    // A step renews it.
    assert!(poll(&mut request).is_pending());
    pass(RECLAIM_MS - 1);
    assert!(!reclaim());
    assert_eq!(figures().oldest_ms, RECLAIM_MS - 1);
    pass(1);
    assert!(reclaim());
    assert_eq!(reserved_bytes(), 0);
    assert_eq!(poll(&mut request), Poll::Ready(Err(Ended)));
}

#[test]
fn work_that_waits_for_us_is_left_alone_for_longer() {
    let lease = Lease::begin(Owner::another(), String::new(), "alarm");
    let mut alarm = Box::pin(lease.run(hold(5)));
    assert!(poll(&mut alarm).is_pending());
    pass(OWN_RECLAIM_MS - 1);
    end_idle();
    assert!(!reclaim());
    pass(1);
    assert!(reclaim());
    assert_eq!(reserved_bytes(), 0);
}

#[test]
fn an_answer_that_nobody_takes_ends() {
    let lease = client(Owner::another());
    let begin = async {
        let reservation = Reservation::new(5).unwrap();
        let pieces = stream::iter([1, 2, 3]).map(move |piece| {
            assert_eq!(reservation.bytes(), 5);
            Ok(piece)
        });
        Lease::current().stream(pieces)
    };
    let mut request = Box::pin(lease.run(begin));
    let Poll::Ready(Ok(mut answer)) = poll(&mut request) else {
        panic!("the request is done");
    };
    drop(request);
    assert!(matches!(next(&mut answer), Poll::Ready(Some(Ok(1)))));
    pass(IDLE_MS - 1);
    end_idle();
    assert!(matches!(next(&mut answer), Poll::Ready(Some(Ok(2)))));
    pass(IDLE_MS);
    end_idle();
    assert_eq!(reserved_bytes(), 0);
    assert!(matches!(next(&mut answer), Poll::Ready(Some(Err(_)))));
    // Finished work leaves nothing behind.
    drop((answer, lease));
    assert_eq!(figures(), Figures::default());
}

#[test]
fn work_that_ends_its_own_lease_is_dropped_after_its_step() {
    let owner = Owner::another();
    let lease = client(owner);
    let mut request = Box::pin(lease.run(async move {
        let _reservation = Reservation::new(5).unwrap();
        owner.end();
        assert_eq!(reserved_bytes(), 5);
        pending::<()>().await;
    }));
    assert_eq!(poll(&mut request), Poll::Ready(Err(Ended)));
    assert_eq!(reserved_bytes(), 0);
    let lease = client(owner);
    let mut done = Box::pin(lease.run(ready(3)));
    assert_eq!(poll(&mut done), Poll::Ready(Ok(3)));
}

#[test]
fn requests_that_wait_are_counted_while_they_look() {
    let lease = client(Owner::another());
    lease.set_waiting(true);
    assert_eq!(waiting(), 1);
    pass(WAIT_STEP_MS + 1);
    assert_eq!(waiting(), 0, "it was reset");
}

/// The sums of [`Lease::others_of_shares`], by a walk over all leases.
fn walked(lease: &Lease) -> (u64, u64) {
    let (mut repository, mut caller) = (0, 0);
    for other in all().filter(|other| other.number != lease.number) {
        let bytes = other.shared_bytes();
        if other.owner == lease.owner {
            repository += bytes;
        }
        if !lease.caller.is_empty() && other.caller == lease.caller {
            caller += bytes;
        }
    }
    (repository, caller)
}

fn check_sums() {
    for lease in all() {
        assert_eq!(lease.others_of_shares(), walked(&lease));
    }
}

/// An event of leases: one begins, holds more or less, or is over.
#[derive(Debug, Clone)]
enum Event {
    Begin {
        owner: usize,
        caller: usize,
    },
    Hold {
        lease: usize,
        bytes: u64,
        is_shared: bool,
    },
    GiveBack {
        lease: usize,
        bytes: u64,
        is_shared: bool,
    },
    End {
        owner: usize,
    },
    Drop {
        lease: usize,
    },
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        2 => (0..3_usize, 0..3_usize).prop_map(|(owner, caller)| Event::Begin { owner, caller }),
        4 => (0..9_usize, 0..50_u64, any::<bool>())
            .prop_map(|(lease, bytes, is_shared)| Event::Hold { lease, bytes, is_shared }),
        3 => (0..9_usize, 0..50_u64, any::<bool>())
            .prop_map(|(lease, bytes, is_shared)| Event::GiveBack { lease, bytes, is_shared }),
        1 => (0..3_usize).prop_map(|owner| Event::End { owner }),
        1 => (0..9_usize).prop_map(|lease| Event::Drop { lease }),
    ];
    proptest::collection::vec(event, 0..60)
}

proptest! {
    #[test]
    fn running_sums_of_shares_equal_the_walk_whatever_happens(events in events()) {
        let owners = [Owner::another(), Owner::another(), Owner(0)];
        let callers = ["", "token 1", "anonymous 2"];
        let mut leases: Vec<Rc<Lease>> = Vec::new();
        for event in events {
            match event {
                Event::Begin { owner, caller } => {
                    leases.push(Lease::begin(owners[owner], callers[caller].to_owned(), "push"));
                }
                Event::Hold { lease, bytes, is_shared } => {
                    if let Some(lease) = leases.get(lease) {
                        lease.hold(bytes, is_shared);
                    }
                }
                Event::GiveBack { lease, bytes, is_shared } => {
                    if let Some(lease) = leases.get(lease) {
                        // A reservation gives back no more than it holds.
                        let shared = lease.shared_bytes.get();
                        let own = lease.bytes.get() - shared;
                        lease.give_back(bytes.min(if is_shared { shared } else { own }), is_shared);
                    }
                }
                Event::End { owner } => owners[owner].end(),
                Event::Drop { lease } if lease < leases.len() => drop(leases.remove(lease)),
                Event::Drop { .. } => {}
            }
            check_sums();
        }
        drop(leases);
        prop_assert!(shares::is_empty());
    }
}

#[test]
fn the_memory_of_an_ended_lease_counts_for_no_share() {
    let (owner, other) = (Owner::another(), Owner::another());
    let (first, second, asking) = (client(owner), client(other), client(owner));
    let share = async || {
        let _reservation = Reservation::share(5).unwrap();
        pending::<()>().await;
    };
    let mut ended = Box::pin(first.run(share()));
    let mut going_on = Box::pin(second.run(share()));
    assert!(poll(&mut ended).is_pending() && poll(&mut going_on).is_pending());
    // The shares of the repository and of the caller, which are the same here.
    assert_eq!(asking.others_of_shares(), (5, 10));
    check_sums();
    std::mem::forget(ended);
    owner.end();
    assert_eq!(asking.others_of_shares(), (0, 5));
    check_sums();
    drop(going_on);
    assert_eq!(asking.others_of_shares(), (0, 0));
    assert!(shares::is_empty());
}
