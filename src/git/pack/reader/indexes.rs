//! The indexes of the live packs: small ones whole, large ones by pages until so much of one is
//! asked for that the whole costs less.

use std::cell::OnceCell;

use super::super::super::store::{PackRecord, PackStore, StoreError};
use super::super::index::{PackIndex, PagedError, PagedIndex};

/// Objects of the smallest pack whose index is read by pages: below 2 MiB a whole index costs as
/// much as the pages of a few look-ups, and answers faster.
const PAGED_OBJECTS_MIN: u32 = 43_000;

/// The index of one pack, as far as it is here.
#[derive(Debug)]
pub(super) struct HeldIndex {
    record: PackRecord,
    whole: OnceCell<PackIndex>,
    /// `None` inside: it is not read by pages.
    paged: OnceCell<Option<PagedIndex>>,
}

impl HeldIndex {
    /// Nothing of it is here yet.
    pub(super) fn new(record: PackRecord) -> Self {
        Self {
            record,
            whole: OnceCell::new(),
            paged: OnceCell::new(),
        }
    }

    /// The whole index.
    pub(super) fn whole(&self, store: &impl PackStore) -> Result<&PackIndex, StoreError> {
        if let Some(index) = self.whole.get() {
            return Ok(index);
        }
        let index = PackIndex::open(self.record.pack_id, store.index(self.record.pack_id)?)?;
        self.check(index.len())?;
        Ok(self.whole.get_or_init(|| index))
    }

    /// Asks the index: the pages if it is read by them, else the whole. Whoever will ask
    /// `many_times` asks the whole.
    pub(super) fn ask<S: PackStore, T>(
        &self,
        store: &S,
        many_times: bool,
        pages: impl FnOnce(&PagedIndex) -> Result<T, PagedError>,
        whole: impl FnOnce(&PackIndex) -> T,
    ) -> Result<T, StoreError> {
        if self.whole.get().is_none()
            && !many_times
            && self.record.object_count >= PAGED_OBJECTS_MIN
            && let Some(index) = self.paged(store)?
        {
            match pages(index) {
                Ok(answer) => return Ok(answer),
                Err(PagedError::Store(error)) => return Err(error),
                Err(PagedError::Whole) => {}
            }
        }
        self.whole(store).map(whole)
    }

    fn paged(&self, store: &impl PackStore) -> Result<Option<&PagedIndex>, StoreError> {
        if let Some(paged) = self.paged.get() {
            return Ok(paged.as_ref());
        }
        let paged = PagedIndex::open(self.record.pack_id, store)?;
        if let Some(index) = &paged {
            self.check(index.len())?;
        }
        Ok(self.paged.get_or_init(|| paged).as_ref())
    }

    fn check(&self, object_count: u32) -> Result<(), StoreError> {
        if object_count == self.record.object_count {
            return Ok(());
        }
        Err(self.corrupt())
    }

    /// The error that says that the index is corrupt.
    pub(super) fn corrupt(&self) -> StoreError {
        StoreError::Corrupt {
            what: "index",
            pack: self.record.pack_id.0,
        }
    }
}
