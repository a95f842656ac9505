//! Bounds the memory of running operations, counted over the whole isolate.
//!
//! All objects of an isolate share its 128 MB, and wasm memory never shrinks. So an operation
//! that holds much reserves it first, and gets 503 and `Retry-After` when the isolate has no
//! room. A request reserves when there is work, not when its headers arrive: a fetch once it is
//! read and its answer is longer than a piece, a push as its commands and objects arrive. Each
//! repository and each caller has a share, so that neither takes the memory that another's push
//! needs.

use std::cell::Cell;
use std::rc::Rc;

use super::lease::Lease;

mod figures;

pub(crate) use figures::{
    CHECKED_COMMIT_BYTES, CHECKED_COMMITS_BYTES_MAX, COMMANDS_FACTOR, COMMIT_FACTS_BYTES,
    COMPARED_COMMIT_BYTES, ENTRY_BYTES, FETCH_BYTES, FETCH_REQUEST_FACTOR, FORK_BYTES,
    GRAPH_COMMIT_BYTES, INTRODUCED_OBJECT_BYTES, MADE_PARTS_BYTES_MAX, MERGE_BYTES,
    MERGED_COMMIT_BYTES, MERGED_OBJECT_BYTES, MERGED_SOURCE_BYTES, PLANNED_COMMIT_BYTES,
    PLANNED_OBJECTS_A_BYTE, PLANNING_BYTES, PUSH_BYTES, REACHED_COMMIT_BYTES,
    REACHED_OBJECTS_A_BYTE, RECEIVING_BYTES, REFS_BYTES, REQUEST_FREE_BYTES, SENDING_BYTES,
    SORTED_IDS_BYTES, SORTED_OBJECT_BYTES, SOURCE_OBJECT_BYTES, WAITING_DELTA_BYTES,
    WAITING_DELTAS_BYTES_MAX, WAITING_REF_DELTA_BYTES,
};

/// Bytes that all operations of the isolate may hold together: 128 MB less the JavaScript heap,
/// the caches of parts, chunks, graphs and answers (24, 4, 11 and 1 MiB, which yield to large tables) and
/// the module itself.
pub(crate) const ISOLATE_BYTES_MAX: u64 = 80 << 20;

/// Bytes that the clients of one repository may make it hold together, and those that one token may
/// have repositories hold: so much less than the isolate has that there is room for another one's
/// push of 20,000 objects, and its fetches beside it.
const SHARE_BYTES_MAX: u64 = ISOLATE_BYTES_MAX - PUSH_BYTES - (4 << 20);

/// The same for all requests without a credential from one address: half, since anybody may send
/// them.
const ANONYMOUS_BYTES_MAX: u64 = ISOLATE_BYTES_MAX / 2;

thread_local! {
    // A counter, not a lock: nothing waits on it, so it may be shared by the isolate's objects.
    static RESERVED_BYTES: Cell<u64> = const { Cell::new(0) };

    // As the heap never shrinks, it is compared with this.
    static RESERVED_BYTES_PEAK: Cell<u64> = const { Cell::new(0) };
}

/// The isolate has no room for another operation now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many bytes in flight: {reserved} of {limit} reserved, {wanted} more wanted")]
pub(crate) struct NoRoom {
    /// Bytes reserved by the operations under way.
    pub(crate) reserved: u64,
    /// Bytes asked for.
    pub(crate) wanted: u64,
    /// The bound.
    pub(crate) limit: u64,
    /// Bytes that the same reservation has already.
    pub(crate) own: u64,
}

impl NoRoom {
    /// Whether there is no room even when nothing else runs: then trying again does not help.
    pub(crate) fn is_lasting(&self) -> bool {
        // A share is waited for: alone a request may have more than that.
        self.limit == ISOLATE_BYTES_MAX && self.own.saturating_add(self.wanted) > self.limit
    }
}

/// Memory that can never be reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it needs {needed} bytes of memory, at most {limit} can be reserved: do it in smaller parts; \
     the same again does not help"
)]
pub(crate) struct NeverRoom {
    /// Bytes that are needed.
    pub(crate) needed: u64,
    /// The bound.
    pub(crate) limit: u64,
}

impl From<NoRoom> for NeverRoom {
    fn from(error: NoRoom) -> Self {
        Self {
            needed: error.own.saturating_add(error.wanted),
            limit: error.limit,
        }
    }
}

/// Bytes reserved under the [`Lease`] of the request that made this; dropping it gives them back.
pub(crate) struct Reservation {
    bytes: u64,
    /// Whether it counts for the shares of the repository and of the caller.
    is_shared: bool,
    lease: Rc<Lease>,
}

impl Reservation {
    fn empty(is_shared: bool) -> Self {
        Self {
            bytes: 0,
            is_shared,
            lease: Lease::current(),
        }
    }

    /// Nothing yet, for a client: within the share of its repository and its own.
    pub(crate) fn empty_share() -> Self {
        Self::empty(true)
    }

    /// Nothing yet, for work of our own.
    pub(crate) fn empty_own() -> Self {
        Self::empty(false)
    }

    /// Reserves `wanted` bytes for work of our own.
    pub(crate) fn new(wanted: u64) -> Result<Self, NoRoom> {
        let mut reservation = Self::empty_own();
        reservation.grow_to(wanted)?;
        Ok(reservation)
    }

    /// Reserves `wanted` bytes for a client.
    pub(crate) fn share(wanted: u64) -> Result<Self, NoRoom> {
        let mut reservation = Self::empty_share();
        reservation.grow_to(wanted)?;
        Ok(reservation)
    }

    /// Reserves more, if there are not as many bytes yet.
    pub(crate) fn grow_to(&mut self, bytes: u64) -> Result<(), NoRoom> {
        let wanted = bytes.saturating_sub(self.bytes);
        if wanted == 0 {
            return Ok(());
        }
        if self.is_shared {
            self.check_shares(wanted)?;
        }
        let reserved = RESERVED_BYTES.get();
        let total = reserved.saturating_add(wanted);
        let own = self.bytes;
        let fits = check(reserved, wanted, ISOLATE_BYTES_MAX);
        fits.map_err(|error| NoRoom { own, ..error })?;
        RESERVED_BYTES.set(total);
        RESERVED_BYTES_PEAK.set(RESERVED_BYTES_PEAK.get().max(total));
        self.lease.hold(wanted, self.is_shared);
        self.bytes = bytes;
        Ok(())
    }

    /// A request that holds something while nobody else of its repository or caller does may hold
    /// any number of bytes: else a large push could never be made. Leases that wait for more do not count:
    /// otherwise many that hold a little and want much would wait for each other.
    fn check_shares(&self, wanted: u64) -> Result<(), NoRoom> {
        let (of_repository, of_caller) = self.lease.others_of_shares();
        let own = self.lease.shared_bytes();
        let caller_max = if self.lease.is_anonymous() {
            ANONYMOUS_BYTES_MAX
        } else {
            SHARE_BYTES_MAX
        };
        let fits = |others: u64, limit: u64| match others {
            0 => Ok(()),
            others => check(others.saturating_add(own), wanted, limit),
        };
        let shares = [(of_repository, SHARE_BYTES_MAX), (of_caller, caller_max)];
        if shares
            .iter()
            .all(|(others, limit)| fits(*others, *limit).is_ok())
        {
            return Ok(());
        }
        let (of_repository, of_caller) = self.lease.waiting_of_shares();
        for ((others, limit), waiting) in shares.into_iter().zip([of_repository, of_caller]) {
            fits(others.saturating_sub(waiting), limit)?;
        }
        Ok(())
    }

    /// Gives back the bytes above `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let surplus = self.bytes.saturating_sub(bytes);
        let reserved = RESERVED_BYTES.get();
        debug_assert!(
            surplus <= reserved,
            "{surplus} bytes of {reserved} are given back"
        );
        RESERVED_BYTES.set(reserved.saturating_sub(surplus));
        self.lease.give_back(surplus, self.is_shared);
        self.bytes = self.bytes.min(bytes);
    }

    /// Bytes reserved.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

fn check(reserved: u64, wanted: u64, limit: u64) -> Result<(), NoRoom> {
    if reserved.saturating_add(wanted) > limit {
        return Err(NoRoom {
            reserved,
            wanted,
            limit,
            own: 0,
        });
    }
    Ok(())
}

/// Bytes reserved now, over the whole isolate.
pub(crate) fn reserved_bytes() -> u64 {
    RESERVED_BYTES.get()
}

/// The most bytes that were reserved at once since the isolate began.
pub(crate) fn reserved_bytes_peak() -> u64 {
    RESERVED_BYTES_PEAK.get()
}

/// The size of the wasm heap in bytes: it never shrinks, so this is its high-water mark. 0 natively.
pub(crate) fn heap_bytes() -> u64 {
    #[cfg(target_family = "wasm")]
    {
        (core::arch::wasm32::memory_size(0) as u64) << 16
    }
    #[cfg(not(target_family = "wasm"))]
    {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::super::lease::Owner;
    use super::*;

    #[test]
    fn dropped_memory_can_be_reserved_again() {
        let all = Reservation::new(ISOLATE_BYTES_MAX).unwrap();
        assert_eq!(
            Reservation::new(1).err(),
            Some(NoRoom {
                reserved: ISOLATE_BYTES_MAX,
                wanted: 1,
                limit: ISOLATE_BYTES_MAX,
                own: 0
            })
        );
        drop(all);
        let mut one = Reservation::new(3).unwrap();
        one.grow_to(7).unwrap();
        assert!(one.grow_to(ISOLATE_BYTES_MAX + 1).is_err());
        assert_eq!((one.bytes(), reserved_bytes()), (7, 7));
        one.grow_to(5).unwrap();
        one.shrink_to(6);
        assert_eq!((one.bytes(), reserved_bytes()), (6, 6));
        drop(one);
        assert_eq!(reserved_bytes(), 0);
    }

    #[test]
    fn a_request_that_never_fits_differs_from_one_that_does_not_fit_now() {
        let other = Reservation::new(ISOLATE_BYTES_MAX - 10).unwrap();
        let busy = Reservation::new(11).err().unwrap();
        assert!(!busy.is_lasting());
        let mut own = Reservation::new(4).unwrap();
        assert!(!own.grow_to(ISOLATE_BYTES_MAX).unwrap_err().is_lasting());
        let never = own.grow_to(ISOLATE_BYTES_MAX + 1).unwrap_err();
        assert!(never.is_lasting());
        let told = NeverRoom::from(never);
        assert_eq!(told.needed, ISOLATE_BYTES_MAX + 1);
        drop((other, own));
        assert_eq!(reserved_bytes(), 0);
    }

    /// Requests of one caller, each of which reserves and grows step by step.
    struct Client {
        owner: Owner,
        caller: &'static str,
    }

    impl Client {
        fn reserve(&self, bytes: u64) -> Result<Reservation, NoRoom> {
            let lease = Lease::begin(self.owner, self.caller.to_owned(), "push");
            let mut reservation = Reservation {
                bytes: 0,
                is_shared: true,
                lease,
            };
            reservation.grow_to(bytes)?;
            Ok(reservation)
        }

        fn fill(&self, bytes: u64) -> (Vec<Reservation>, NoRoom) {
            let mut all = Vec::new();
            loop {
                match self.reserve(bytes) {
                    Ok(one) => all.push(one),
                    Err(refused) => return (all, refused),
                }
            }
        }
    }

    #[test]
    fn one_repository_leaves_room_for_anothers_push() {
        let (greedy, other) = (Owner::another(), Owner::another());
        // Each of its clients is another one.
        let clients = ["token 1", "token 2", "token 3"];
        let clients = clients.map(|caller| Client {
            owner: greedy,
            caller,
        });
        let mut fetches: Vec<_> = clients
            .iter()
            .map(|client| client.reserve(FETCH_BYTES).unwrap())
            .collect();
        let (more, refused) = clients[0].fill(FETCH_BYTES);
        fetches.extend(more);
        assert_eq!(refused.limit, SHARE_BYTES_MAX);
        assert!(fetches.len() >= 10, "only {} fetches", fetches.len());
        let other = Client {
            owner: other,
            caller: "token 4",
        };
        drop(other.reserve(PUSH_BYTES).unwrap());
        fetches.pop();
        fetches.push(clients[1].reserve(FETCH_BYTES).unwrap());
        drop(fetches);
        assert_eq!(reserved_bytes(), 0);
    }

    #[test]
    fn one_caller_leaves_room_for_another_in_whatever_repositories() {
        for (caller, limit) in [
            ("token 1", SHARE_BYTES_MAX),
            ("anonymous 192.0.2.1", ANONYMOUS_BYTES_MAX),
        ] {
            let mut held = Vec::new();
            let refused = loop {
                let owner = Owner::another();
                match (Client { owner, caller }).reserve(FETCH_BYTES) {
                    Ok(one) => held.push(one),
                    Err(refused) => break refused,
                }
            };
            assert_eq!(refused.limit, limit);
            // Nor may what it holds already grow beyond that: tables are no exception.
            let first = held.first_mut().unwrap();
            assert_eq!(first.grow_to(40 << 20).unwrap_err().limit, limit);
            let other = Client {
                owner: Owner::another(),
                caller: "token 2",
            };
            assert!(other.reserve(PUSH_BYTES).is_ok());
        }
    }

    #[test]
    fn many_that_hold_a_little_and_want_much_are_served_in_turn() {
        let client = Client {
            owner: Owner::another(),
            caller: "token 1",
        };
        let (small, large) = (6 << 20, 37 << 20);
        let mut held: Vec<_> = (0..8).map(|_| client.reserve(small).unwrap()).collect();
        let mut first = held.pop().unwrap();
        assert!(first.grow_to(large).is_err());
        for one in &held {
            one.lease.set_waiting(true);
        }
        // The others do nothing with their memory.
        assert_eq!(first.lease.waiting_peers(), held.len());
        first.grow_to(large).unwrap();
        assert!(held[0].grow_to(large).is_err());
        drop(first);
        held[0].grow_to(large).unwrap();
        drop(held);
        assert_eq!(reserved_bytes(), 0);
    }

    #[test]
    fn one_operation_alone_may_be_of_any_size_and_grow() {
        let client = Client {
            owner: Owner::another(),
            caller: "token 1",
        };
        let mut push = client.reserve(SHARE_BYTES_MAX + 1).unwrap();
        push.grow_to(SHARE_BYTES_MAX + 11).unwrap();
        assert!(client.reserve(1).is_err());
        drop(push);
        assert_eq!(reserved_bytes(), 0);
    }
}
