//! A pack on its way in: its rows while it is in quarantine, and the last of them.

use std::cell::Cell;
use std::rc::Rc;

use super::object::{RepoObject, Store};
use super::reply;
use crate::git::graph::connectivity::Connected;
use crate::git::pack::entries::EntryTable;
use crate::git::pack::incoming::Received;
use crate::git::pack::index::{IndexBuilder, IndexError};
use crate::git::store::{PackId, Part, Quarantine, StoreError};
use crate::storage::packs::PIECE_BYTES_MAX;

/// Writes what of a pack is not written yet, and its parts.
pub fn write_pack(
    store: &Store,
    received: &Received,
    table: &EntryTable,
    connected: &Connected,
) -> Result<PackId, StoreError> {
    let pack_id = match received.pack_id {
        Some(pack_id) => pack_id,
        None => store.open_pack()?,
    };
    store.put_chunk(pack_id, received.chunk_count, &received.tail)?;
    let failed = |error: IndexError| StoreError::Failed(error.to_string());
    let mut index = IndexBuilder::new(table).map_err(failed)?;
    let mut number = 0;
    while let Some(row) = index.next_row() {
        store.put_part(pack_id, Part::Index, number, &row)?;
        number += 1;
    }
    for (part, bytes) in [
        (Part::Graph, &connected.graph_part),
        (Part::Introduced, &connected.introduced_part),
    ] {
        for (number, row) in (0..).zip(bytes.chunks(PIECE_BYTES_MAX)) {
            store.put_part(pack_id, part, number, row)?;
        }
    }
    Ok(pack_id)
}

/// The pack in quarantine of a push or an import, if it came to that: remembered by the object while
/// that runs, so that the sweeper leaves it alone.
pub struct Opened {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    pack_id: Cell<Option<PackId>>,
    scratch_id: Cell<Option<PackId>>,
    /// Something was opened since it was asked last.
    is_new: Cell<bool>,
}

impl Opened {
    /// Nothing is opened yet.
    pub fn new(object: Rc<RepoObject>, store: Rc<Store>) -> Self {
        Self {
            object,
            store,
            pack_id: Cell::new(None),
            scratch_id: Cell::new(None),
            is_new: Cell::new(false),
        }
    }

    /// Makes sure that the sweeper will come, once there is something in quarantine.
    pub async fn sweep_later(&self) -> Result<(), StoreError> {
        if !self.is_new.take() {
            return Ok(());
        }
        let scheduled = self.object.schedule_sweep().await;
        scheduled.map_err(|error| StoreError::Failed(error.to_string()))
    }

    /// The pack is in quarantine no more.
    pub fn forget(&self) {
        if let Some(pack_id) = self.pack_id.take() {
            self.object.in_progress.borrow_mut().remove(&pack_id);
        }
    }

    /// Removes what was written. A failure leaves it to the sweeper.
    pub fn discard(&self) {
        for pack_id in [self.pack_id.take(), self.scratch_id.take()] {
            let Some(pack_id) = pack_id else {
                continue;
            };
            self.object.in_progress.borrow_mut().remove(&pack_id);
            if let Err(error) = self.store.discard_pack(pack_id) {
                worker::console_error!("{}", reply::fault_line("discard", &error.to_string()));
            }
        }
    }

    fn open(&self, slot: &Cell<Option<PackId>>) -> Result<PackId, StoreError> {
        let pack_id = self.store.open_pack()?;
        self.object.in_progress.borrow_mut().insert(pack_id);
        slot.set(Some(pack_id));
        self.is_new.set(true);
        Ok(pack_id)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        self.forget();
        if let Some(scratch_id) = self.scratch_id.take() {
            self.object.in_progress.borrow_mut().remove(&scratch_id);
        }
    }
}

impl Quarantine for Opened {
    fn open_pack(&self) -> Result<PackId, StoreError> {
        self.open(&self.pack_id)
    }

    fn open_scratch(&self) -> Result<PackId, StoreError> {
        self.open(&self.scratch_id)
    }

    fn drop_scratch(&self, scratch_id: PackId) -> Result<(), StoreError> {
        self.scratch_id.take();
        self.object.in_progress.borrow_mut().remove(&scratch_id);
        self.store.remove_pack(scratch_id)
    }

    fn put_chunk(&self, pack_id: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        self.store.put_chunk(pack_id, number, bytes)
    }

    fn put_part(
        &self,
        pack_id: PackId,
        part: Part,
        number: u32,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        self.store.put_part(pack_id, part, number, bytes)
    }
}
