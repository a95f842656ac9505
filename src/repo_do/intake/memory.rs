//! The memory of an arriving pack, reserved as the pack comes.

use crate::git::pack::incoming::objects::Progress;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::memory::{PUSH_BYTES, PUSHED_OBJECT_BYTES, RECEIVING_BYTES};
use crate::repo_do::state::tables::TableMemory;

/// Steps in which a reservation grows while a pack arrives.
const STEP_BYTES: u64 = 1 << 20;

/// Objects for whose tables caches need not make room yet.
const BLOCK_OBJECTS: u32 = 16_384;

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
    ) -> Result<(), ErrorReply> {
        if self.measure == Measure::Announced {
            self.objects_with_room = progress.objects_announced;
            return self.grow(tables_of(progress.objects_announced)).await;
        }
        // The table doubles its room whenever it is full.
        let objects = progress.objects_received;
        if objects >= self.objects_with_room.max(BLOCK_OBJECTS) {
            self.objects_with_room = objects.saturating_mul(2);
        }
        let received = held_bytes.next_multiple_of(STEP_BYTES);
        self.grow(RECEIVING_BYTES.saturating_add(received)).await
    }

    /// Reserves memory to resolve and check a pack of `objects`, all of which arrived.
    pub(crate) async fn hold_work(&mut self, objects: u32) -> Result<(), ErrorReply> {
        self.objects_with_room = self.objects_with_room.max(objects);
        self.grow(PUSH_BYTES.saturating_add(tables_of(objects)))
            .await
    }

    async fn grow(&mut self, bytes: u64) -> Result<(), ErrorReply> {
        let bytes = self.beside_bytes.saturating_add(bytes);
        self.tables
            .grow(bytes, tables_of(self.objects_with_room))
            .await
    }
}

fn tables_of(objects: u32) -> u64 {
    u64::from(objects).saturating_mul(PUSHED_OBJECT_BYTES)
}
