//! What a push holds, reserved as it comes.

use super::super::contract::ErrorReply;
use super::super::runtime::admission::grow;
use super::super::runtime::memory::{
    COMMANDS_FACTOR, PUSH_BYTES, PUSHED_OBJECT_BYTES, RECEIVING_BYTES, REQUEST_FREE_BYTES,
    Reservation,
};
use super::super::state::caches::make_room;

/// Steps in which a reservation grows while a pack arrives.
const STEP_BYTES: u64 = 1 << 20;

/// Objects for whose tables caches need not make room yet.
const BLOCK_OBJECTS: u32 = 16_384;

/// The memory of one push.
pub(super) struct PushMemory {
    reservation: Reservation,
    /// Bytes of its commands that came.
    command_bytes: u64,
    /// Objects that caches have made room for.
    objects_with_room: u32,
}

impl PushMemory {
    /// Nothing came yet.
    pub(super) fn new() -> Self {
        Self {
            reservation: Reservation::empty_share(),
            command_bytes: 0,
            objects_with_room: 0,
        }
    }

    /// So many more bytes came of what may be commands.
    pub(super) async fn read(&mut self, bytes: usize) -> Result<(), ErrorReply> {
        self.command_bytes = self.command_bytes.saturating_add(bytes as u64);
        self.grow(0).await
    }

    fn of_commands(&self) -> u64 {
        if self.command_bytes <= REQUEST_FREE_BYTES {
            return 0;
        }
        self.command_bytes.saturating_mul(COMMANDS_FACTOR)
    }

    /// So much is held of the objects that have come.
    pub(super) async fn reserve_received(
        &mut self,
        held_bytes: u64,
        objects: u32,
    ) -> Result<(), ErrorReply> {
        let received = held_bytes.next_multiple_of(STEP_BYTES);
        let wanted = RECEIVING_BYTES.saturating_add(received);
        self.grow(wanted).await?;
        // The table doubles its room whenever it is full.
        if objects >= self.objects_with_room.max(BLOCK_OBJECTS) {
            self.make_room(objects.saturating_mul(2));
        }
        Ok(())
    }

    /// All has come: what it takes to resolve and to check so many objects.
    pub(super) async fn reserve_work(&mut self, objects: u32) -> Result<(), ErrorReply> {
        let tables = u64::from(objects).saturating_mul(PUSHED_OBJECT_BYTES);
        self.grow(PUSH_BYTES.saturating_add(tables)).await?;
        if objects > self.objects_with_room {
            self.make_room(objects);
        }
        Ok(())
    }

    async fn grow(&mut self, bytes: u64) -> Result<(), ErrorReply> {
        let wanted = self.of_commands().saturating_add(bytes);
        grow(&mut self.reservation, wanted).await
    }

    /// Has caches yield to tables of so many objects.
    fn make_room(&mut self, objects: u32) {
        make_room(u64::from(objects).saturating_mul(PUSHED_OBJECT_BYTES));
        self.objects_with_room = objects;
    }
}
