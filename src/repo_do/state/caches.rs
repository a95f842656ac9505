//! All caches of the isolate, which yield to large tables.

use super::{answer_cache, graph_cache, reach_cache};
use crate::storage::db::cache;

/// Evicts caches to make room for `table_bytes`, which grow with a pack's objects. The caches may
/// fill again later. Caches beside such a table would make the heap the sum of both, and the heap
/// never shrinks. Only [`TableMemory`](super::tables::TableMemory) calls this.
pub(super) fn make_room(table_bytes: u64) {
    let bytes = usize::try_from(table_bytes).unwrap_or(usize::MAX);
    cache::make_room(bytes);
    graph_cache::make_room(bytes);
    reach_cache::make_room(bytes);
    answer_cache::make_room(bytes);
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::git::store::{PackId, Part, Pieces};
    use crate::storage::db::cache::{Piece, cached_bytes};

    #[test]
    fn caches_make_room_for_tables() {
        let (lease, part) = (cache::Lease::new(), Piece::Part(Part::Index));
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
        // Only the former ones are given up.
        lease.put(PackId(0), part, mib());
        assert_eq!(cached_bytes().0, 1 << 20);
    }
}
