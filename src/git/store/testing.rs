//! A store that gives nothing but ranges of one part, for tests of reading by pages.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use super::{PackId, PackRecord, PackStore, Part, PartReader, Shared, StoreError};

/// A part that is read by ranges alone.
pub(crate) struct Ranges {
    /// The whole of it.
    pub(crate) bytes: Vec<u8>,
    /// The ranges that were read.
    pub(crate) read: RefCell<Vec<Range<usize>>>,
}

impl Ranges {
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            read: RefCell::default(),
        }
    }
}

impl PartReader for Ranges {
    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        PackStore::part(self, pack_id, part)
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        PackStore::part_range(self, pack_id, part, range)
    }

    fn part_len(&self, _: PackId, _: Part) -> Result<Option<usize>, StoreError> {
        Ok(Some(self.bytes.len()))
    }
}

impl PackStore for Ranges {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        Ok(Rc::default())
    }

    fn part(&self, _: PackId, _: Part) -> Result<Shared, StoreError> {
        Err(StoreError::Failed("only ranges are read".to_owned()))
    }

    fn part_range(
        &self,
        _: PackId,
        _: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        self.read.borrow_mut().push(range.clone());
        Ok(self.bytes.get(range).map(|bytes| Rc::new(bytes.to_vec())))
    }

    fn chunk(&self, _: PackId, _: u32) -> Result<Shared, StoreError> {
        Err(StoreError::Failed("only ranges are read".to_owned()))
    }
}
