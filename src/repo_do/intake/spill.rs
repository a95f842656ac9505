//! The scratch of one pack's tables: rows in quarantine that go when the tables do.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use crate::git::store::{PackId, Quarantine as _, Scratch, StoreError};
use crate::repo_do::object::RepoObject;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;

/// Nothing is written before the first row. Rows that a crash leaves are swept like the pack itself.
pub(super) struct SpillRows {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    scratch_id: Cell<Option<PackId>>,
}

impl SpillRows {
    pub(super) fn new(object: Rc<RepoObject>, store: Rc<Store>) -> Self {
        Self {
            object,
            store,
            scratch_id: Cell::new(None),
        }
    }

    fn open(&self) -> Result<PackId, StoreError> {
        if !self.object.is_open(&self.store) {
            return Err(StoreError::Failed("the repository was deleted".to_owned()));
        }
        if let Some(scratch_id) = self.scratch_id.get() {
            return Ok(scratch_id);
        }
        let scratch_id = self.store.open_pack()?;
        self.object.in_progress.borrow_mut().insert(scratch_id);
        self.scratch_id.set(Some(scratch_id));
        Ok(scratch_id)
    }
}

impl Scratch for SpillRows {
    fn put(&self, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        self.store.put_scratch(self.open()?, number, bytes)
    }

    fn get(&self, number: u32) -> Result<Vec<u8>, StoreError> {
        self.store.scratch(self.open()?, number)
    }
}

impl fmt::Debug for SpillRows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SpillRows")
            .field(&self.scratch_id.get())
            .finish()
    }
}

impl Drop for SpillRows {
    fn drop(&mut self) {
        let Some(scratch_id) = self.scratch_id.take() else {
            return;
        };
        if !self.object.is_open(&self.store) {
            // Everything was wiped, and another pack may have the number.
            return;
        }
        self.object.in_progress.borrow_mut().remove(&scratch_id);
        if let Err(error) = self.store.discard_pack(scratch_id) {
            fault_log::error("discard", &error);
        }
    }
}
