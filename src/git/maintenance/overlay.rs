//! Stored packs with parts that were made again in place of some of theirs.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use super::super::graph::made_part::{MadePart, ScannedMade};
use super::super::pack::cache::Lru;
use super::super::store::{
    PackId, PackRecord, PackStore, Part, PartReader, Pieces, Shared, StoreError,
};

/// The first packs of a repository, with some parts in place of the stored ones.
pub struct Overlay<S> {
    store: S,
    packs: RefCell<Rc<Vec<PackRecord>>>,
    parts: RefCell<HashMap<(PackId, Part), Made>>,
    /// Ranges of stored parts that were read lately. The store's own cache is for others, and larger.
    ranges: RefCell<Lru<(PackId, Part, usize), Shared>>,
}

/// Bytes of ranges that are kept.
const RANGES_BYTES: usize = 4 << 20;

/// A part that was made.
#[derive(Clone)]
enum Made {
    /// In one run.
    Joined(Shared),
    /// In tables, some of which may be in scratch.
    Apart(Rc<MadePart>),
}

impl Made {
    fn whole(&self) -> Result<Shared, StoreError> {
        match self {
            Self::Joined(bytes) => Ok(Rc::clone(bytes)),
            Self::Apart(part) => part.whole(),
        }
    }
}

impl<S: PackStore> Overlay<S> {
    /// No packs.
    pub fn new(store: S) -> Self {
        Self {
            store,
            packs: RefCell::default(),
            parts: RefCell::default(),
            ranges: RefCell::new(Lru::new(RANGES_BYTES)),
        }
    }

    /// Adds the next pack and its index.
    pub fn add(&self, record: PackRecord, index: Vec<u8>) {
        self.put(record.pack_id, Part::Index, Rc::new(index));
        self.add_stored(record);
    }

    /// Adds the next pack with the parts that are stored.
    pub(crate) fn add_stored(&self, record: PackRecord) {
        let mut packs = self.packs.borrow().to_vec();
        packs.push(record);
        self.packs.replace(Rc::new(packs));
    }

    /// Sets a part.
    pub fn put(&self, pack_id: PackId, part: Part, bytes: Shared) {
        let made = Made::Joined(bytes);
        self.parts.borrow_mut().insert((pack_id, part), made);
    }

    /// Sets a part that is read by ranges where it is large.
    pub(crate) fn put_apart(&self, pack_id: PackId, part: Part, made: Rc<MadePart>) {
        let made = Made::Apart(made);
        self.parts.borrow_mut().insert((pack_id, part), made);
    }

    /// A range of a stored part, past the store's cache.
    fn stored_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        let Some(scanner) = self.store.part_scanner(pack_id) else {
            return self.store.part_range(pack_id, part, range);
        };
        let (key, bytes) = ((pack_id, part, range.start), range.len());
        let kept = self.ranges.borrow_mut().get(&key).map(Rc::clone);
        if let Some(kept) = kept.filter(|kept| kept.len() == bytes) {
            return Ok(Some(kept));
        }
        let read = scanner.part_range(pack_id, part, range)?;
        if let Some(read) = &read {
            let mut ranges = self.ranges.borrow_mut();
            ranges.insert(key, Rc::clone(read), read.len());
        }
        Ok(read)
    }

    fn made(&self, pack_id: PackId, part: Part) -> Option<Made> {
        self.parts.borrow().get(&(pack_id, part)).cloned()
    }

    /// The parts that were set and are read by ranges, in order.
    pub(crate) fn made_parts(&self) -> Vec<(PackId, Part, Rc<MadePart>)> {
        let parts = self.parts.borrow();
        let made = parts
            .iter()
            .filter_map(|((pack_id, part), made)| match made {
                Made::Apart(made) => Some((*pack_id, *part, Rc::clone(made))),
                Made::Joined(_) => None,
            });
        let mut made: Vec<_> = made.collect();
        made.sort_unstable_by_key(|(pack_id, part, _)| (*pack_id, *part));
        made
    }

    /// All parts that were set, each in one run.
    pub fn into_parts(self) -> Result<HashMap<(PackId, Part), Shared>, StoreError> {
        let parts = self.parts.into_inner().into_iter();
        let joined = parts.map(|(place, made)| Ok((place, made.whole()?)));
        joined.collect()
    }
}

impl<S: PackStore> PackStore for Overlay<S> {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        Ok(Rc::clone(&self.packs.borrow()))
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        match self.made(pack_id, part) {
            Some(made) => made.whole(),
            None => self.store.part(pack_id, part),
        }
    }

    fn index(&self, pack_id: PackId) -> Result<Pieces, StoreError> {
        match self.made(pack_id, Part::Index) {
            Some(made) => made.whole().map(Pieces::from),
            None => self.store.index(pack_id),
        }
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        match self.made(pack_id, part) {
            Some(Made::Joined(_)) => Ok(None),
            Some(Made::Apart(made)) => made.part_range(pack_id, part, range),
            None => self.stored_range(pack_id, part, range),
        }
    }

    fn part_scanner(&self, pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        match self.made(pack_id, Part::Graph) {
            Some(Made::Joined(_)) => None,
            Some(Made::Apart(part)) => Some(Rc::new(ScannedMade(part))),
            None => self.store.part_scanner(pack_id),
        }
    }

    fn part_reader(&self, pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        match self.made(pack_id, Part::Graph) {
            Some(Made::Joined(_)) => None,
            Some(Made::Apart(part)) => Some(part),
            None => self.store.part_reader(pack_id),
        }
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        self.store.chunk(pack_id, number)
    }
}
