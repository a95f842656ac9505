//! The indexes of the live packs: small ones whole, large ones by pages until so much of one is
//! asked for that the whole costs less. Many fetches run at a time, so a fetch never takes a large one whole:
//! where it asks for much it reads runs.

use std::cell::OnceCell;

use super::super::super::store::{PackRecord, PackStore, StoreError};
use super::super::index::{PackIndex, PagedError, PagedIndex, RowRun};

/// Objects of the smallest pack whose index is read by pages: below 2 MiB a whole index costs as
/// much as the pages of a few look-ups, and answers faster.
pub(in super::super::super) const PAGED_OBJECTS_MIN: u32 = 43_000;

/// Objects of all packs together up to which a fetch takes whole indexes: 4 MiB of them.
const WHOLE_OBJECTS_MAX: u64 = 87_000;

/// How much of the indexes is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asking {
    /// A little: pages, until the whole costs less.
    Little,
    /// Much: all of it, from the start.
    Whole,
    /// Little now, maybe much later, but never a whole index.
    Bounded,
    /// Much, by runs.
    Runs,
}

impl Asking {
    /// The way of asking with which a fetch over these packs begins.
    pub(super) fn of_fetch(records: &[PackRecord]) -> Self {
        let objects: u64 = records
            .iter()
            .map(|pack| u64::from(pack.object_count))
            .sum();
        if objects > WHOLE_OBJECTS_MAX {
            Self::Bounded
        } else {
            Self::Little
        }
    }

    /// The same where much is asked for.
    pub(super) fn much(self) -> Self {
        match self {
            Self::Little | Self::Whole => Self::Whole,
            Self::Bounded | Self::Runs => Self::Runs,
        }
    }

    fn is_bounded(self) -> bool {
        matches!(self, Self::Bounded | Self::Runs)
    }
}

/// The index of one pack, as far as it is here.
#[derive(Debug)]
pub(super) struct HeldIndex {
    record: PackRecord,
    whole: OnceCell<PackIndex>,
    /// `None` inside: it is not read by pages.
    paged: OnceCell<Option<PagedIndex>>,
}

impl HeldIndex {
    /// No part of it is here yet.
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

    /// Asks the index: the pages if it is read by them, else the whole.
    pub(super) fn ask<S: PackStore, T>(
        &self,
        store: &S,
        asking: Asking,
        pages: impl FnOnce(&PagedIndex) -> Result<T, PagedError>,
        whole: impl FnOnce(&PackIndex) -> T,
    ) -> Result<T, StoreError> {
        if self.whole.get().is_none()
            && asking != Asking::Whole
            && self.record.object_count >= PAGED_OBJECTS_MIN
            && let Some(index) = self.paged(store, asking.is_bounded())?
        {
            if asking == Asking::Runs {
                index.expect_many_questions();
            }
            match pages(index) {
                Ok(answer) => return Ok(answer),
                Err(PagedError::Store(error)) => return Err(error),
                Err(PagedError::Whole) => {}
            }
        }
        self.whole(store).map(whole)
    }

    fn paged(
        &self,
        store: &impl PackStore,
        is_bounded: bool,
    ) -> Result<Option<&PagedIndex>, StoreError> {
        if let Some(paged) = self.paged.get() {
            return Ok(paged.as_ref());
        }
        let paged = PagedIndex::open(self.record.pack_id, store, is_bounded)?;
        if let Some(index) = &paged {
            self.check(index.len())?;
        }
        Ok(self.paged.get_or_init(|| paged).as_ref())
    }

    /// The rows around an entry, if they are read by runs.
    pub(super) fn rows_around(
        &self,
        store: &impl PackStore,
        asking: Asking,
        position: u32,
    ) -> Result<Option<RowRun>, StoreError> {
        if asking != Asking::Runs {
            return Ok(None);
        }
        let run = |pages: &PagedIndex| pages.rows_around(store, position).map(Some);
        self.ask(store, asking, run, |_| None)
    }

    /// Pages and runs that were asked of the store so far.
    pub(super) fn asked(&self) -> u64 {
        let paged = self.paged.get().and_then(Option::as_ref);
        paged.map_or(0, PagedIndex::asked)
    }

    /// Bytes of the runs that stay here.
    pub(super) fn run_bytes(&self) -> usize {
        let paged = self.paged.get().and_then(Option::as_ref);
        paged.map_or(0, PagedIndex::run_bytes)
    }

    /// Gives the runs up; they may be read again.
    pub(super) fn forget_runs(&self) {
        if let Some(Some(paged)) = self.paged.get() {
            paged.forget_runs();
        }
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
