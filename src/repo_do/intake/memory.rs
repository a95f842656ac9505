//! The memory of an arriving pack, reserved as the pack comes.

use crate::git::limits::Limits;
use crate::git::pack::entries::RESIDENT_ENTRIES_MAX;
use crate::git::pack::incoming::objects::Progress;
use crate::git::receive_pack::inspection::COMMITS_HELD_MAX;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::memory::{
    CHECKED_COMMIT_BYTES, CHECKED_OBJECT_BYTES, COMMIT_FACTS_BYTES, COMPARED_COMMIT_BYTES,
    ENTRY_BYTES, GRAPH_COMMIT_BYTES, INDEX_ENTRY_BYTES, INTRODUCED_OBJECT_BYTES, ISOLATE_BYTES_MAX,
    MADE_PARTS_BYTES_MAX, PUSH_BYTES, RECEIVING_BYTES, REMADE_TIP_BYTES, RESOLVED_OBJECT_BYTES,
};
use crate::repo_do::state::tables::TableMemory;

/// Steps in which a reservation grows while a pack arrives.
const STEP_BYTES: u64 = 1 << 20;

/// Objects for whose tables caches need not make room yet.
const BLOCK_OBJECTS: u32 = 16_384;

/// One of so many objects of a stored pack counts as a commit, until its commits are counted.
const COMMITS_ONE_OF: usize = 3;

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
    /// The tables of all objects that are announced: work of our own does not begin what it has no
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

    /// For a client that sends a pack, within its share; a pack that is still to come costs nothing.
    pub(crate) fn of_client() -> Self {
        Self::of(TableMemory::empty_share(), Measure::Received)
    }

    /// For work of our own that has reserved [`PUSH_BYTES`] already.
    pub(crate) fn of_our_own() -> Self {
        Self::of(TableMemory::empty_own(), Measure::Announced)
    }

    /// Reserves what the caller holds beside the pack from now on.
    pub(crate) async fn hold_beside(&mut self, bytes: u64) -> Result<(), ErrorReply> {
        self.beside_bytes = bytes;
        self.grow(0).await
    }

    /// Reserves what the part of a pack holds that has come.
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
            return self.grow(work_bytes(announced, commits).min(most)).await;
        }
        // The table doubles its room whenever it is full.
        let objects = progress.objects_received;
        if objects >= self.objects_with_room.max(BLOCK_OBJECTS) {
            self.objects_with_room = objects.saturating_mul(2);
        }
        let received = held_bytes.next_multiple_of(STEP_BYTES);
        self.grow(RECEIVING_BYTES.saturating_add(received)).await
    }

    /// Reserves memory to resolve and check a pack of `objects`, all of which arrived; `commits` of them
    /// were seen. A pack that needs more than the isolate has gets everything: it waits until nothing else
    /// runs.
    pub(crate) async fn hold_work(
        &mut self,
        objects: u32,
        commits: usize,
    ) -> Result<(), ErrorReply> {
        let most = ISOLATE_BYTES_MAX.saturating_sub(self.beside_bytes);
        self.hold_at_most(objects, work_bytes(objects, commits), most)
            .await
    }

    /// Reserves memory to make the parts of a stored pack of `objects` again; how many of them are
    /// commits is not known yet. Its caller has reserved `held_bytes`.
    pub(crate) async fn hold_stored(
        &mut self,
        objects: u32,
        held_bytes: u64,
    ) -> Result<(), ErrorReply> {
        let commits = usize::try_from(objects).unwrap_or(usize::MAX) / COMMITS_ONE_OF;
        let most = ISOLATE_BYTES_MAX.saturating_sub(held_bytes);
        self.hold_at_most(objects, stored_bytes(objects, commits), most)
            .await
    }

    async fn hold_at_most(
        &mut self,
        objects: u32,
        work_bytes: u64,
        most: u64,
    ) -> Result<(), ErrorReply> {
        self.objects_with_room = self.objects_with_room.max(objects);
        let bytes = PUSH_BYTES.saturating_add(work_bytes);
        self.grow(bytes.min(most)).await
    }

    async fn grow(&mut self, bytes: u64) -> Result<(), ErrorReply> {
        let bytes = self.beside_bytes.saturating_add(bytes);
        self.tables
            .grow(bytes, tables_of(self.objects_with_room))
            .await
    }
}

/// Bytes that resolving and checking a pack hold beyond [`PUSH_BYTES`]. When the check begins, the cache
/// of resolved objects is gone, and no delta waits any more.
fn work_bytes(objects: u32, commits: usize) -> u64 {
    let entry_bytes = entries_of(objects);
    let objects = u64::from(objects);
    let made = made_bytes(objects, commits).min(MADE_PARTS_BYTES_MAX);
    work_beside(objects, commits, (entry_bytes, made))
}

/// The same for a stored pack whose parts are made again, and then compared.
fn stored_bytes(objects: u32, commits: usize) -> u64 {
    let of_commits = |bytes: u64| bytes.saturating_mul(commits as u64);
    let index = u64::from(objects).saturating_mul(INDEX_ENTRY_BYTES);
    let comparing = index
        .saturating_mul(2)
        .saturating_add(of_commits(COMPARED_COMMIT_BYTES));
    let making = work_bytes(objects, commits)
        .saturating_add(index)
        .saturating_add(of_commits(REMADE_TIP_BYTES));
    making.max(comparing)
}

/// Bytes of the graph and of the introduced lists while they are made.
fn made_bytes(objects: u64, commits: usize) -> u64 {
    let of_objects = objects.saturating_mul(INTRODUCED_OBJECT_BYTES);
    of_objects.saturating_add((commits as u64).saturating_mul(GRAPH_COMMIT_BYTES))
}

fn work_beside(objects: u64, commits: usize, (entry_bytes, made_bytes): (u64, u64)) -> u64 {
    let facts = commits.min(COMMITS_HELD_MAX) as u64;
    let facts = facts.saturating_mul(COMMIT_FACTS_BYTES);
    let resolving = objects.saturating_mul(RESOLVED_OBJECT_BYTES);
    let resolving = resolving.saturating_add(facts);
    let checking = objects
        .saturating_mul(CHECKED_OBJECT_BYTES)
        .saturating_add((commits as u64).saturating_mul(CHECKED_COMMIT_BYTES))
        .saturating_add(made_bytes)
        .saturating_add(facts);
    let cache = Limits::DEFAULT.base_cache_bytes as u64;
    entry_bytes.saturating_add(resolving.max(checking.saturating_sub(cache)))
}

/// Bytes of the entries that are in memory.
fn entries_of(objects: u32) -> u64 {
    let resident = u64::from(objects).min(RESIDENT_ENTRIES_MAX as u64);
    resident.saturating_mul(ENTRY_BYTES)
}

/// Bytes of the tables that caches make room for.
fn tables_of(objects: u32) -> u64 {
    let beside = u64::from(objects).saturating_mul(RESOLVED_OBJECT_BYTES);
    entries_of(objects).saturating_add(beside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_count_once_they_need_more_than_the_deltas_did() {
        let cache = Limits::DEFAULT.base_cache_bytes as u64;
        let (entries, facts) = (131_072 * ENTRY_BYTES, 65_536 * COMMIT_FACTS_BYTES);
        // As git's own repository has them.
        let git = work_bytes(419_000, 70_000);
        assert_eq!(git, entries + facts + 419_000 * RESOLVED_OBJECT_BYTES);
        assert!(PUSH_BYTES + git < 48 << 20);
        // What of a graph and of lists is in memory does not follow their commits.
        let commits = work_bytes(490_000, 490_000);
        let held = 490_000 * (CHECKED_OBJECT_BYTES + CHECKED_COMMIT_BYTES) + MADE_PARTS_BYTES_MAX;
        let resolving = 490_000 * RESOLVED_OBJECT_BYTES;
        assert_eq!(commits, entries + facts + resolving.max(held - cache));
        assert!(PUSH_BYTES + commits < 50 << 20);
        // Where they are made again, an index and the tips stand beside.
        let again = stored_bytes(490_000, 490_000);
        let beside = 490_000 * (INDEX_ENTRY_BYTES + REMADE_TIP_BYTES);
        assert_eq!(again, (commits + beside).max(490_000 * (2 * 48 + 48)));
        assert_eq!(work_bytes(0, 0), 0);
    }
}
