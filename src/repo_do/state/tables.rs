//! Memory for tables that grow with a pack's objects.
//!
//! Code that builds such tables reserves their bytes and evicts the isolate's caches to make
//! room. [`TableMemory`] does both in one call, so that no caller does only half. A reservation
//! alone would let the heap grow to the sum of caches and tables, and wasm memory never shrinks.

use super::caches::make_room;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::admission;
use crate::repo_do::runtime::memory::{NoRoom, Reservation};

/// Reserved bytes, some of which are tables that the caches have yielded to. Dropping it gives the
/// bytes back; the caches may fill again.
pub(crate) struct TableMemory {
    reservation: Reservation,
    /// Bytes of tables that the caches have made room for.
    room_bytes: u64,
}

impl TableMemory {
    fn of(reservation: Reservation) -> Self {
        Self {
            reservation,
            room_bytes: 0,
        }
    }

    /// Nothing yet, for a client: it grows within the shares of its repository and of its caller.
    pub(crate) fn empty_share() -> Self {
        Self::of(Reservation::empty_share())
    }

    /// Nothing yet, for work of our own.
    pub(crate) fn empty_own() -> Self {
        Self::of(Reservation::empty_own())
    }

    /// Reserves `bytes` for work of our own, `table_bytes` of them for tables; at once or not at
    /// all.
    pub(crate) fn own(bytes: u64, table_bytes: u64) -> Result<Self, NoRoom> {
        let mut memory = Self::of(Reservation::new(bytes)?);
        memory.make_room(table_bytes);
        Ok(memory)
    }

    /// Reserves `bytes` in all, `table_bytes` of them for tables, waiting a while for others to be
    /// done. It never gives anything back.
    pub(crate) async fn grow(&mut self, bytes: u64, table_bytes: u64) -> Result<(), ErrorReply> {
        admission::grow(&mut self.reservation, bytes).await?;
        self.make_room(table_bytes);
        Ok(())
    }

    fn make_room(&mut self, table_bytes: u64) {
        if table_bytes > self.room_bytes {
            make_room(table_bytes);
            self.room_bytes = table_bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::git::store::{PackId, Part, Pieces};
    use crate::repo_do::runtime::memory::reserved_bytes;
    use crate::storage::db::cache::{Lease, Piece, cached_bytes};

    fn fill(lease: &Lease) {
        for number in 0..8 {
            let mib = Pieces::from(Rc::new(vec![0; 1 << 20]));
            lease.put(PackId(number), Piece::Part(Part::Index), mib);
        }
    }

    #[test]
    fn a_reservation_for_tables_is_taken_from_the_caches() {
        let lease = Lease::new();
        fill(&lease);
        let full = cached_bytes().0;
        let memory = TableMemory::own(30 << 20, 20 << 20).unwrap();
        assert_eq!(reserved_bytes(), 30 << 20);
        let left = cached_bytes().0;
        assert!(left < full, "{left} of {full} are left");
        drop(memory);
        assert_eq!(reserved_bytes(), 0);
    }

    #[test]
    fn a_reservation_that_is_refused_leaves_the_caches_alone() {
        let lease = Lease::new();
        fill(&lease);
        let full = cached_bytes().0;
        assert!(TableMemory::own(1 << 40, 1 << 40).is_err());
        assert_eq!(cached_bytes().0, full);
    }

    #[test]
    fn the_caches_yield_once_to_the_same_tables() {
        let lease = Lease::new();
        let mut memory = TableMemory::empty_own();
        memory.make_room(30 << 20);
        fill(&lease);
        let full = cached_bytes().0;
        memory.make_room(30 << 20);
        assert_eq!(cached_bytes().0, full);
        memory.make_room(31 << 20);
        assert!(cached_bytes().0 < full);
    }
}
