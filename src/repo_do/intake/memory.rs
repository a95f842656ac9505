//! The memory of an arriving pack, reserved as the pack comes.

use crate::git::limits::Limits;
use crate::git::pack::entries::RESIDENT_ENTRIES_MAX;
use crate::git::pack::incoming::objects::Progress;
use crate::git::receive_pack::inspection::COMMITS_HELD_MAX;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::memory::{
    CHECKED_COMMIT_BYTES, CHECKED_COMMITS_BYTES_MAX, COMMIT_FACTS_BYTES, COMPARED_COMMIT_BYTES,
    ENTRY_BYTES, GRAPH_COMMIT_BYTES, INTRODUCED_OBJECT_BYTES, ISOLATE_BYTES_MAX,
    MADE_PARTS_BYTES_MAX, PUSH_BYTES, RECEIVING_BYTES, SORTED_IDS_BYTES, SORTED_OBJECT_BYTES,
    WAITING_DELTA_BYTES, WAITING_DELTAS_BYTES_MAX, WAITING_REF_DELTA_BYTES,
};
use crate::repo_do::state::tables::TableMemory;

/// Steps in which a reservation grows while a pack arrives.
const STEP_BYTES: u64 = 1 << 20;

/// Objects for whose tables caches need not make room yet.
const BLOCK_OBJECTS: u32 = 16_384;

/// The counts of a pack that is whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct PackCounts {
    /// Its entries.
    pub(crate) objects: u32,
    /// Commits among them, as far as they were seen.
    pub(crate) commits: usize,
    /// Deltas that wait for their base.
    pub(crate) waiting_deltas: u32,
    /// Those of them that name it by its id, or more.
    pub(crate) ref_deltas: usize,
}

/// The memory of one pack.
pub(crate) struct PackMemory {
    tables: TableMemory,
    measure: Measure,
    /// Bytes that its caller holds beside the pack.
    beside_bytes: u64,
    /// Objects that caches have made room for.
    objects_with_room: u32,
}

/// Which bytes are reserved while a pack arrives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Measure {
    /// Bytes that arrived: a client may announce many and send none.
    Received,
    /// The tables of all objects that are announced: work of our own does not begin a pack that it has no
    /// room to end.
    Announced,
}

impl PackMemory {
    fn of(tables: TableMemory, measure: Measure) -> Self {
        Self {
            tables,
            measure,
            beside_bytes: 0,
            objects_with_room: 0,
        }
    }

    /// For a client that sends a pack, within its share; a pack that has not come yet costs nothing.
    pub(crate) fn of_client() -> Self {
        Self::of(TableMemory::empty_share(), Measure::Received)
    }

    /// For work of our own that has reserved [`PUSH_BYTES`] already.
    pub(crate) fn of_our_own() -> Self {
        Self::of(TableMemory::empty_own(), Measure::Announced)
    }

    /// Reserves the caller's memory beside the pack from now on.
    pub(crate) async fn hold_beside(&mut self, bytes: u64) -> Result<(), ErrorReply> {
        self.beside_bytes = bytes;
        self.grow(0).await
    }

    /// Reserves the memory of the part of a pack that has come.
    pub(super) async fn hold_received(
        &mut self,
        held_bytes: u64,
        progress: Progress,
        commits: usize,
    ) -> Result<(), ErrorReply> {
        if self.measure == Measure::Announced {
            let announced = progress.objects_announced;
            self.objects_with_room = announced;
            let most = ISOLATE_BYTES_MAX.saturating_sub(PUSH_BYTES);
            let counts = PackCounts {
                objects: announced,
                commits,
                waiting_deltas: announced,
                // Seldom any: then more is reserved before they are resolved.
                ref_deltas: 0,
            };
            return self.grow(work_bytes(counts).min(most)).await;
        }
        // The table doubles its room whenever it is full.
        let objects = progress.objects_received;
        if objects >= self.objects_with_room.max(BLOCK_OBJECTS) {
            self.objects_with_room = objects.saturating_mul(2);
        }
        let received = held_bytes.next_multiple_of(STEP_BYTES);
        self.grow(RECEIVING_BYTES.saturating_add(received)).await
    }

    /// Reserves memory to resolve and check a pack, all of which arrived or is stored. A pack that needs more
    /// than the isolate has gets everything: it waits until nothing else runs.
    pub(crate) async fn hold_work(&mut self, counts: PackCounts) -> Result<(), ErrorReply> {
        self.objects_with_room = self.objects_with_room.max(counts.objects);
        let most = ISOLATE_BYTES_MAX.saturating_sub(self.beside_bytes);
        let bytes = PUSH_BYTES.saturating_add(work_bytes(counts));
        self.grow(bytes.min(most)).await
    }

    async fn grow(&mut self, bytes: u64) -> Result<(), ErrorReply> {
        let bytes = self.beside_bytes.saturating_add(bytes);
        let room = self.objects_with_room;
        self.tables.grow(bytes, tables_of(room)).await
    }
}

/// Bytes that resolving and checking a pack hold beyond [`PUSH_BYTES`]. When the check begins, the cache
/// of resolved objects is gone, and no delta waits any more.
fn work_bytes(counts: PackCounts) -> u64 {
    let PackCounts {
        objects, commits, ..
    } = counts;
    let facts = commits.min(COMMITS_HELD_MAX) as u64;
    let facts = facts.saturating_mul(COMMIT_FACTS_BYTES);
    let waiting = u64::from(counts.waiting_deltas).saturating_mul(WAITING_DELTA_BYTES);
    let named = (counts.ref_deltas as u64).saturating_mul(WAITING_REF_DELTA_BYTES);
    let waiting = waiting.min(WAITING_DELTAS_BYTES_MAX).saturating_add(named);
    let sorted = sorted_bytes(objects);
    let resolving = waiting.max(sorted).saturating_add(facts);
    let checked = (commits as u64).saturating_mul(CHECKED_COMMIT_BYTES);
    let compared = (commits as u64).saturating_mul(COMPARED_COMMIT_BYTES);
    let checking = sorted
        .saturating_add(checked.min(CHECKED_COMMITS_BYTES_MAX))
        .saturating_add(compared)
        .saturating_add(made_bytes(objects, commits))
        .saturating_add(facts);
    let cache = Limits::DEFAULT.base_cache_bytes as u64;
    entries_of(objects).saturating_add(resolving.max(checking.saturating_sub(cache)))
}

/// Bytes of the order of the ids, and of the sort that makes it.
pub(crate) fn sorted_bytes(objects: u32) -> u64 {
    let objects = u64::from(objects);
    let ids = objects
        .saturating_mul(ENTRY_BYTES / 2)
        .min(SORTED_IDS_BYTES);
    objects
        .saturating_mul(SORTED_OBJECT_BYTES)
        .saturating_add(ids)
}

/// Bytes of the graph and of the introduced lists while they are made.
pub(crate) fn made_bytes(objects: u32, commits: usize) -> u64 {
    let of_objects = u64::from(objects).saturating_mul(INTRODUCED_OBJECT_BYTES);
    let of_commits = (commits as u64).saturating_mul(GRAPH_COMMIT_BYTES);
    of_objects
        .saturating_add(of_commits)
        .min(MADE_PARTS_BYTES_MAX)
}

/// Bytes of the entries that are in memory.
pub(crate) fn entries_of(objects: u32) -> u64 {
    let resident = u64::from(objects).min(RESIDENT_ENTRIES_MAX as u64);
    resident.saturating_mul(ENTRY_BYTES)
}

/// Bytes of the tables that caches make room for.
fn tables_of(objects: u32) -> u64 {
    let parts = u64::from(objects).saturating_mul(INTRODUCED_OBJECT_BYTES);
    let beside = sorted_bytes(objects).saturating_add(parts.min(MADE_PARTS_BYTES_MAX));
    entries_of(objects).saturating_add(beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_grows_by_a_few_bytes_an_object() {
        let cache = Limits::DEFAULT.base_cache_bytes as u64;
        let (entries, facts) = (131_072 * ENTRY_BYTES, 65_536 * COMMIT_FACTS_BYTES);
        let of = |objects, commits, waiting_deltas| {
            work_bytes(PackCounts {
                objects,
                commits,
                waiting_deltas,
                ref_deltas: 0,
            })
        };
        // As git's own repository has them.
        let git = of(419_000, 70_000, 300_000);
        let sorted = 419_000 * SORTED_OBJECT_BYTES + SORTED_IDS_BYTES;
        assert_eq!(git, entries + facts + sorted);
        assert!(PUSH_BYTES + git < 48 << 20);
        // The part of a graph and of lists that is in memory does not grow with their commits.
        let commits = of(490_000, 490_000, 0);
        let sorted = 490_000 * SORTED_OBJECT_BYTES + SORTED_IDS_BYTES;
        let checked = sorted + CHECKED_COMMITS_BYTES_MAX + MADE_PARTS_BYTES_MAX;
        let checked = checked + 490_000 * COMPARED_COMMIT_BYTES;
        assert_eq!(commits, entries + facts + sorted.max(checked - cache));
        assert!(PUSH_BYTES + commits < 48 << 20);
        // The largest pack that is taken may need more than others leave, and not more than there is.
        let objects_max = Limits::DEFAULT.objects_max;
        assert!(PUSH_BYTES + of(objects_max, 1_000_000, objects_max) <= ISOLATE_BYTES_MAX);
        assert_eq!(of(0, 0, 0), 0);
    }
}
