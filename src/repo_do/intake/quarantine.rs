//! A pack on its way in: its rows while it is in quarantine.

use std::cell::Cell;
use std::rc::Rc;

use super::spill::SpillRows;
use crate::git::store::{PackId, Part, Quarantine, Scratch, StoreError};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::object::{GRACE_MS, RepoObject};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule;
use crate::repo_do::state::store::Store;
use crate::storage::db::sql::in_transaction;
use crate::storage::fault_log;

/// The pack in quarantine of a push, an import or a merge, if it came to that: remembered by the
/// object while that runs, so that the sweeper leaves it alone.
pub(crate) struct QuarantinedPack {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    pack_id: Cell<Option<PackId>>,
    scratch_id: Cell<Option<PackId>>,
    /// Something was opened since it was asked last.
    is_new: Cell<bool>,
    run: Option<Run>,
}

/// A run of maintenance. It is recorded once something large enough is in quarantine, so that
/// after a crash the next run finds the rows that this one left.
struct Run {
    task: &'static str,
    written: Cell<Option<i64>>,
}

impl QuarantinedPack {
    /// Nothing is opened yet.
    pub(crate) fn new(object: Rc<RepoObject>, store: Rc<Store>) -> Self {
        Self {
            object,
            store,
            pack_id: Cell::new(None),
            scratch_id: Cell::new(None),
            is_new: Cell::new(false),
            run: None,
        }
    }

    /// The same for a run of maintenance: when this is dropped, unpublished packs are removed,
    /// and the record of the beginning makes way for the one of the whole run.
    pub(crate) fn of_run(object: Rc<RepoObject>, store: Rc<Store>, task: &'static str) -> Self {
        let mut opened = Self::new(object, store);
        opened.run = Some(Run {
            task,
            written: Cell::new(None),
        });
        opened
    }

    /// Scratch for the tables of the pack.
    pub(crate) fn spill(&self) -> Rc<dyn Scratch> {
        Rc::new(SpillRows::new(
            Rc::clone(&self.object),
            Rc::clone(&self.store),
        ))
    }

    /// Makes sure that the sweeper will come, once there is something in quarantine.
    pub(crate) async fn sweep_later(&self) -> Result<(), StoreError> {
        if !self.is_new.take() {
            return Ok(());
        }
        let scheduled = schedule::wake_by(&self.object, now_ms() + GRACE_MS).await;
        scheduled.map_err(|error| StoreError::Failed(error.to_string()))
    }

    /// Watches over a pack that the writer of its last rows opened: a pack that is so small that it had no
    /// row before.
    pub(crate) fn adopt(&self, pack_id: PackId) {
        if self.pack_id.replace(Some(pack_id)) != Some(pack_id) {
            self.object.in_progress.borrow_mut().insert(pack_id);
            self.is_new.set(true);
        }
    }

    /// The pack is no longer in quarantine.
    pub(crate) fn forget(&self) {
        if let Some(pack_id) = self.pack_id.take() {
            self.object.in_progress.borrow_mut().remove(&pack_id);
        }
    }

    /// Removes the written rows. A failure leaves it to the sweeper.
    pub(crate) fn discard(&self) {
        if !self.object.is_open(&self.store) {
            // Everything was wiped, and another pack may have the number.
            return self.forget();
        }
        for pack_id in [self.pack_id.take(), self.scratch_id.take()] {
            let Some(pack_id) = pack_id else {
                continue;
            };
            self.object.in_progress.borrow_mut().remove(&pack_id);
            if let Err(error) = self.store.discard_pack(pack_id) {
                fault_log::error("discard", &error);
            }
        }
    }

    fn open(&self, slot: &Cell<Option<PackId>>) -> Result<PackId, StoreError> {
        let pack_id = match &self.run {
            None => self.store.open_pack()?,
            Some(run) => in_transaction(self.store.database(), || {
                let pack_id = self.store.open_pack()?;
                let written = self.store.begin_run(run.task, Some(pack_id), now_ms())?;
                run.written.set(Some(written));
                Ok::<_, StoreError>(pack_id)
            })?,
        };
        self.object.in_progress.borrow_mut().insert(pack_id);
        slot.set(Some(pack_id));
        self.is_new.set(true);
        Ok(pack_id)
    }

    /// Removes the rows that a run of maintenance left. Rows that cannot be removed now are swept later.
    fn end(&self, run: &Run, left: Option<PackId>) {
        if !self.object.is_open(&self.store) {
            return;
        }
        let removed = left.map_or(Ok(()), |pack_id| self.store.abandon_pack(pack_id));
        let written = run.written.take();
        let forgotten = written.map_or(Ok(()), |written| self.store.forget_run(written));
        if let Err(error) = removed.and(forgotten) {
            fault_log::error(run.task, &error);
        }
    }
}

impl Drop for QuarantinedPack {
    fn drop(&mut self) {
        let left = self.pack_id.get();
        self.forget();
        if let Some(run) = &self.run {
            self.end(run, left);
        }
        if let Some(scratch_id) = self.scratch_id.take() {
            self.object.in_progress.borrow_mut().remove(&scratch_id);
        }
    }
}

/// A quarantine that is emptied if it is dropped.
pub(crate) struct Discarding(Option<QuarantinedPack>);

impl Discarding {
    /// Takes charge of it.
    pub(crate) fn new(quarantined: QuarantinedPack) -> Self {
        Self(Some(quarantined))
    }

    /// The quarantine.
    pub(crate) fn get(&self) -> Result<&QuarantinedPack, ErrorReply> {
        self.0.as_ref().ok_or_else(gone)
    }

    /// Gives it away: the new owner decides its fate.
    pub(crate) fn take(&mut self) -> Result<QuarantinedPack, ErrorReply> {
        self.0.take().ok_or_else(gone)
    }
}

impl Drop for Discarding {
    fn drop(&mut self) {
        if let Some(quarantined) = &self.0 {
            quarantined.discard();
        }
    }
}

fn gone() -> ErrorReply {
    ErrorReply::new(ErrorCode::InternalError, "internal error")
}

impl Quarantine for QuarantinedPack {
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
