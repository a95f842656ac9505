//! What the operations under way may hold, counted over the whole isolate.
//!
//! All objects of an isolate share its 128 MB, and wasm memory never shrinks. So a push or a fetch
//! first reserves what it may hold at its dearest moment, and is refused with 503 and
//! `Retry-After` when the isolate has no room: before it has begun, not in its middle. And one
//! repository begins nothing more for its clients when that would take what another's push needs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use super::{graphs, reach};
use crate::storage::cache;

/// Bytes that all operations of the isolate may hold together: 128 MB less the JavaScript heap,
/// what is kept of parts, chunks and graphs (24, 4 and 11 MiB, which yield to large tables) and the
/// module itself.
const ISOLATE_BYTES_MAX: u64 = 80 << 20;

/// What one push holds beside its tables: a piece of body, a chunk, the resolved-object cache and
/// one delta with its base and result.
pub const PUSH_BYTES: u64 = 24 << 20;

/// What a push holds for each object that its pack announces: its place in the tables, and what
/// the check of closure notes (`git::limits` has the sum).
pub const PUSHED_OBJECT_BYTES: u64 = 100;

/// What one fetch holds while its pack is sent, for as long as the client takes: 2 MiB of bases,
/// 2 MiB of chunks, a piece of output twice, a compressor, and a bit for each object of the packs.
/// Its plan holds more, and a delta that is resolved up to 48 MiB; but no other code runs in the
/// isolate meanwhile, so that this is needed once, not once a fetch.
pub const FETCH_BYTES: u64 = 5 << 20;

/// What either side of a fork holds: a row of a part, that row in a frame, and the piece of the
/// stream that it came or goes with; at the source the refs, 80 bytes each.
pub const FORK_BYTES: u64 = 6 << 20;

/// Bytes that the clients of one repository may make it hold together: so much less than the
/// isolate has that another one's push has room.
const REPOSITORY_BYTES_MAX: u64 = ISOLATE_BYTES_MAX - PUSH_BYTES;

thread_local! {
    static OWNERS: Cell<u32> = const { Cell::new(0) };
    /// By repository: what its clients hold.
    static HELD_BYTES: RefCell<BTreeMap<u32, u64>> = const { RefCell::new(BTreeMap::new()) };
    // A counter, not a lock: nothing waits on it, so it may be shared by the isolate's objects.
    static RESERVED_BYTES: Cell<u64> = const { Cell::new(0) };
}

/// The isolate has no room for another operation now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many bytes in flight: {reserved} of {limit} reserved, {wanted} more wanted")]
pub struct NoRoom {
    /// Bytes reserved by the operations under way.
    pub reserved: u64,
    /// Bytes asked for.
    pub wanted: u64,
    /// The bound.
    pub limit: u64,
}

/// Who holds what: one for each object of the isolate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner(u32);

impl Owner {
    /// Another than all before.
    pub fn another() -> Self {
        let number = OWNERS.get().wrapping_add(1);
        OWNERS.set(number);
        Self(number)
    }

    fn held_bytes(self) -> u64 {
        HELD_BYTES.with_borrow(|held| held.get(&self.0).copied().unwrap_or(0))
    }

    fn hold(self, bytes: u64) {
        HELD_BYTES.with_borrow_mut(|held| {
            let of_owner = held.entry(self.0).or_default();
            *of_owner = of_owner.saturating_add(bytes);
        });
    }

    fn give_back(self, bytes: u64) {
        HELD_BYTES.with_borrow_mut(|held| {
            let left = held
                .get(&self.0)
                .map_or(0, |held| held.saturating_sub(bytes));
            if left == 0 {
                held.remove(&self.0);
            } else {
                held.insert(self.0, left);
            }
        });
    }
}

/// A reservation; dropping it gives the bytes back.
#[derive(Debug)]
pub struct Reservation {
    bytes: u64,
    owner: Option<Owner>,
}

impl Reservation {
    /// Reserves `wanted` bytes.
    pub fn new(wanted: u64) -> Result<Self, NoRoom> {
        let reserved = RESERVED_BYTES.get();
        let total = reserved.saturating_add(wanted);
        if total > ISOLATE_BYTES_MAX {
            return Err(NoRoom {
                reserved,
                wanted,
                limit: ISOLATE_BYTES_MAX,
            });
        }
        RESERVED_BYTES.set(total);
        Ok(Self {
            bytes: wanted,
            owner: None,
        })
    }

    /// Reserves `wanted` bytes for a client of `owner`, unless its clients hold their share. What
    /// is joined to it later is not refused for that: the operation has begun.
    pub fn of(owner: Owner, wanted: u64) -> Result<Self, NoRoom> {
        let held = owner.held_bytes();
        if held > 0 && held.saturating_add(wanted) > REPOSITORY_BYTES_MAX {
            return Err(NoRoom {
                reserved: held,
                wanted,
                limit: REPOSITORY_BYTES_MAX,
            });
        }
        let mut reservation = Self::new(wanted)?;
        owner.hold(wanted);
        reservation.owner = Some(owner);
        Ok(reservation)
    }

    /// Whether nothing is reserved.
    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Takes over what another one reserved.
    pub fn join(&mut self, mut other: Self) {
        let bytes = std::mem::take(&mut other.bytes);
        if let Some(owner) = other.owner {
            owner.give_back(bytes);
        }
        if let Some(owner) = self.owner {
            owner.hold(bytes);
        }
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        RESERVED_BYTES.set(RESERVED_BYTES.get().saturating_sub(self.bytes));
        if let Some(owner) = self.owner {
            owner.give_back(self.bytes);
        }
    }
}

/// Has what is merely kept yield to tables of so many bytes, which grow with a pack's objects: the
/// caches and such a table are not held beside each other, but may fill again later. Without this the
/// heap would become the sum of both, and never shrink.
pub fn make_room(table_bytes: u64) {
    let bytes = usize::try_from(table_bytes).unwrap_or(usize::MAX);
    cache::make_room(bytes);
    graphs::make_room(bytes);
    reach::make_room(bytes);
}

/// Bytes reserved now, over the whole isolate.
pub fn reserved_bytes() -> u64 {
    RESERVED_BYTES.get()
}

/// The size of the wasm heap in bytes: it never shrinks, so this is its high-water mark. 0 natively.
pub fn heap_bytes() -> u64 {
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
    use std::rc::Rc;

    use super::*;
    use crate::git::store::{PackId, Part, Pieces};
    use crate::storage::cache::{Lease, Piece, cached_bytes};

    #[test]
    fn what_is_dropped_can_be_reserved_again() {
        let all = Reservation::new(ISOLATE_BYTES_MAX).unwrap();
        assert_eq!(
            Reservation::new(1).unwrap_err(),
            NoRoom {
                reserved: ISOLATE_BYTES_MAX,
                wanted: 1,
                limit: ISOLATE_BYTES_MAX
            }
        );
        drop(all);
        let mut one = Reservation::new(1).unwrap();
        one.join(Reservation::new(2).unwrap());
        assert_eq!(reserved_bytes(), 3);
        drop(one);
        assert_eq!(reserved_bytes(), 0);
    }

    #[test]
    fn one_repository_leaves_room_for_anothers_push() {
        let (greedy, other) = (Owner::another(), Owner::another());
        let mut fetches = Vec::new();
        let refused = loop {
            match Reservation::of(greedy, FETCH_BYTES) {
                Ok(fetch) => fetches.push(fetch),
                Err(refused) => break refused,
            }
        };
        assert_eq!(refused.limit, REPOSITORY_BYTES_MAX);
        assert!(fetches.len() >= 10, "only {} fetches", fetches.len());
        let push = Reservation::of(other, PUSH_BYTES).unwrap();
        drop(push);
        fetches.pop();
        fetches.push(Reservation::of(greedy, FETCH_BYTES).unwrap());
        drop(fetches);
        assert_eq!((reserved_bytes(), greedy.held_bytes()), (0, 0));
    }

    #[test]
    fn tables_are_not_held_beside_what_is_merely_kept() {
        let (lease, part) = (Lease::new(), Piece::Part(Part::Index));
        let mib = || Pieces::from(Rc::new(vec![0; 1 << 20]));
        for number in 0..24 {
            lease.put(PackId(number), part, mib());
        }
        make_room(100 * 1_000);
        assert_eq!(cached_bytes().0, 23 << 20);
        make_room(10 << 20);
        assert_eq!(cached_bytes().0, 14 << 20);
        assert!(lease.get(PackId(9), part).is_none() && lease.get(PackId(10), part).is_some());
        make_room(100 * 400_000);
        assert_eq!(cached_bytes().0, 0);
        // Only what was there is given up.
        lease.put(PackId(0), part, mib());
        assert_eq!(cached_bytes().0, 1 << 20);
    }

    #[test]
    fn one_operation_alone_may_be_of_any_size_and_grow() {
        let owner = Owner::another();
        let mut push = Reservation::of(owner, REPOSITORY_BYTES_MAX + 1).unwrap();
        push.join(Reservation::new(10).unwrap());
        assert_eq!(owner.held_bytes(), REPOSITORY_BYTES_MAX + 11);
        assert!(Reservation::of(owner, 1).is_err());
        drop(push);
        assert_eq!((reserved_bytes(), owner.held_bytes()), (0, 0));
    }
}
