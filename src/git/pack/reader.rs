//! Objects of the live packs, by id.
//!
//! [`LivePacks`] is the list of the live packs at one moment. A push that is published later does
//! not appear in it, so a fetch sees one state from its first look-up to its last.
//!
//! Several packs may have the same object, because pushes do not wait for each other. The copy in
//! the earliest published pack counts: every look-up finds that one. Its delta base is in its own
//! pack or in an earlier one, and can never lead back to it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::store::{
    CHUNK_BYTES, ObjectSource, PackId, PackRecord, PackStore, ReadError, Shared, StoreError,
};
use super::cache::{BaseCache, Lru};
use super::entries::Base;
use super::index::{PackIndex, Row, RowRun};
use super::inflate::Inflater;
use super::selection::Selection;

mod bases;
pub mod blob;
mod indexes;
mod stored;
mod work;

pub(in super::super) use indexes::PAGED_OBJECTS_MIN;
use indexes::{Asking, HeldIndex};

/// Bytes of chunks kept: reads cluster, and the entries of one delta chain lie a few chunks apart.
const CHUNK_CACHE_BYTES: usize = 8 * (CHUNK_BYTES + 1024);

/// Links of a chain at most, over all packs. A push bounds them more tightly
/// ([`Limits::delta_depth_max`]); this only ends chains that corruption might make endless.
const CHAIN_LINKS_MAX: usize = 1 << 16;

/// The place of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Location {
    /// The pack's place among the live packs, 0 for the earliest published.
    pub pack: u32,
    /// The entry's position in the pack.
    pub position: u32,
}

/// The live packs of one moment, with recently read parts of them.
pub struct LivePacks<S> {
    store: S,
    limits: Limits,
    records: Rc<Vec<PackRecord>>,
    indexes: Vec<HeldIndex>,
    asking: Cell<Asking>,
    chunks: RefCell<Lru<(PackId, u32), Shared>>,
    bases: RefCell<BaseCache<(PackId, u32)>>,
    inflater: RefCell<Inflater>,
    /// Work that was done to read objects.
    work: Cell<u64>,
}

impl<S: PackStore> LivePacks<S> {
    /// Takes the list of the packs that are live now; their indexes are loaded when first needed.
    pub fn open(store: S, limits: &Limits) -> Result<Self, StoreError> {
        Self::open_with(store, limits, None)
    }

    /// The same for a fetch, which never takes the index of a large pack whole.
    pub(crate) fn open_to_fetch(store: S, limits: &Limits) -> Result<Self, StoreError> {
        let packs = Self::open(store, limits)?;
        packs.asking.set(Asking::of_fetch(&packs.records));
        Ok(packs)
    }

    /// The same packs once more, with caches of their own.
    pub(crate) fn again(&self) -> Self
    where
        S: Clone,
    {
        let packs = Self::over(self.store.clone(), &self.limits, Rc::clone(&self.records));
        packs.asking.set(self.asking.get());
        packs
    }

    /// The same packs with empty caches of other bounds.
    pub(crate) fn with_limits(mut self, limits: &Limits) -> Self {
        self.limits = *limits;
        self.forget_kept();
        self
    }

    /// The same, and behind them a pack that is whole and not live yet.
    pub(crate) fn open_with(
        store: S,
        limits: &Limits,
        last: Option<PackRecord>,
    ) -> Result<Self, StoreError> {
        let mut records = store.live_packs()?;
        if let Some(last) = last {
            Rc::make_mut(&mut records).push(last);
        }
        Ok(Self::over(store, limits, records))
    }

    fn over(store: S, limits: &Limits, records: Rc<Vec<PackRecord>>) -> Self {
        Self {
            indexes: records.iter().copied().map(HeldIndex::new).collect(),
            asking: Cell::new(Asking::Little),
            records,
            chunks: RefCell::new(Lru::new(CHUNK_CACHE_BYTES)),
            bases: RefCell::new(BaseCache::new(limits.base_cache_bytes)),
            inflater: RefCell::new(Inflater::new()),
            work: Cell::new(0),
            limits: *limits,
            store,
        }
    }

    /// The same for work that has time, and must not hold the index of a large pack.
    #[must_use]
    pub(crate) fn only_by_pages(self) -> Self {
        self.asking.set(Asking::Bounded);
        self
    }

    /// The packs, in publish order; a pack's ordinal is its place in this list.
    pub fn records(&self) -> &[PackRecord] {
        &self.records
    }

    /// How many packs there are.
    pub fn pack_count(&self) -> u32 {
        u32::try_from(self.records.len()).unwrap_or(u32::MAX)
    }

    /// The store that the packs are read from.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The bounds that were given.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Bytes of the bases and chunks that are kept for the deltas that build on them, and of the runs of
    /// indexes.
    pub(crate) fn kept_bytes(&self) -> u64 {
        let runs: usize = self.indexes.iter().map(HeldIndex::run_bytes).sum();
        (self.bases.borrow().bytes() as u64)
            .saturating_add(self.chunks.borrow().bytes() as u64)
            .saturating_add(runs as u64)
    }

    /// Empties the caches; they may fill again.
    pub(crate) fn forget_kept(&self) {
        self.bases
            .replace(BaseCache::new(self.limits.base_cache_bytes));
        self.chunks.replace(Lru::new(CHUNK_CACHE_BYTES));
        self.indexes.iter().for_each(HeldIndex::forget_runs);
    }

    /// Grows with the work that reading takes, a unit for about a tenth of a microsecond: the engine has no
    /// clock, so a caller that works in steps ends a step by this.
    pub(crate) fn work(&self) -> u64 {
        let asked: u64 = self.indexes.iter().map(HeldIndex::asked).sum();
        let of_indexes = asked.saturating_mul(work::INDEX_RUN);
        self.work.get().saturating_add(of_indexes)
    }

    fn worked(&self, units: u64) {
        self.work.set(self.work.get().saturating_add(units));
    }

    /// A selection of nothing, over these packs.
    pub fn select_none(&self) -> Selection {
        let counts: Vec<u32> = self
            .records
            .iter()
            .map(|record| record.object_count)
            .collect();
        Selection::new(&counts)
    }

    /// The pack's number.
    pub fn pack_id(&self, pack: u32) -> Result<PackId, StoreError> {
        let record = self
            .records
            .get(usize::try_from(pack).unwrap_or(usize::MAX));
        record.map(|record| record.pack_id).ok_or(no_record(pack))
    }

    fn held(&self, pack: u32) -> Result<&HeldIndex, StoreError> {
        let held = self
            .indexes
            .get(usize::try_from(pack).unwrap_or(usize::MAX));
        held.ok_or(no_record(pack))
    }

    /// From now on takes the indexes whole, or reads runs of them, as so many objects will be looked up
    /// that pages would cost more.
    pub(crate) fn expect_many_look_ups(&self) {
        self.asking.set(self.asking.get().much());
    }

    /// Whether the indexes are read by runs, so that it is cheap to ask for neighbours and dear to ask here
    /// and there.
    pub(crate) fn is_read_by_runs(&self) -> bool {
        self.asking.get() == Asking::Runs
    }

    /// The pack's index, whole: for callers that ask it about many of the pack's objects.
    pub fn index(&self, pack: u32) -> Result<&PackIndex, StoreError> {
        self.held(pack)?.whole(&self.store)
    }

    /// The position of the object in this pack, if it is there.
    pub(crate) fn find_in(&self, id: &oid, pack: u32) -> Result<Option<u32>, StoreError> {
        let held = self.held(pack)?;
        held.ask(
            &self.store,
            self.asking.get(),
            |pages| pages.find(&self.store, id),
            |index| index.find(id),
        )
    }

    /// The copy of the object that counts: in the earliest published pack that has it.
    pub fn find(&self, id: &oid) -> Result<Option<Location>, StoreError> {
        self.find_before(id, self.pack_count())
    }

    /// Like [`LivePacks::find`], in the packs published before this one alone.
    pub(crate) fn find_before(&self, id: &oid, pack: u32) -> Result<Option<Location>, StoreError> {
        for pack in 0..pack.min(self.pack_count()) {
            if let Some(position) = self.find_in(id, pack)? {
                return Ok(Some(Location { pack, position }));
            }
        }
        Ok(None)
    }

    /// The index's facts of the entry.
    pub fn row(&self, at: Location) -> Result<Row, StoreError> {
        let held = self.held(at.pack)?;
        let row = held.ask(
            &self.store,
            self.asking.get(),
            |pages| pages.row(&self.store, at.position),
            |index| index.row(at.position),
        )?;
        row.ok_or_else(|| held.corrupt())
    }

    /// The rows around an entry, where indexes are read by runs: for a caller that goes through a pack.
    pub(crate) fn rows_around(&self, at: Location) -> Result<Option<RowRun>, StoreError> {
        let held = self.held(at.pack)?;
        held.rows_around(&self.store, self.asking.get(), at.position)
    }

    /// The object's id.
    pub fn id(&self, at: Location) -> Result<ObjectId, StoreError> {
        let held = self.held(at.pack)?;
        let id = held.ask(
            &self.store,
            self.asking.get(),
            |pages| pages.id(&self.store, at.position),
            |index| index.id(at.position),
        )?;
        id.ok_or_else(|| held.corrupt())
    }

    /// Whether the entry is its object's first in its pack, and so the one that is found there.
    pub(crate) fn is_first_copy(&self, pack: u32, row: &Row) -> Result<bool, StoreError> {
        let held = self.held(pack)?;
        held.ask(
            &self.store,
            self.asking.get(),
            |pages| pages.is_first_copy(&self.store, row),
            |index| index.is_first_copy(row),
        )
    }

    /// Whether the pack has an object more than once.
    pub(crate) fn has_copies(&self, pack: u32) -> Result<bool, StoreError> {
        let held = self.held(pack)?;
        held.ask(
            &self.store,
            self.asking.get(),
            |pages| Ok(pages.has_copies()),
            PackIndex::has_copies,
        )
    }

    /// Ids of the pack in ascending order, with the positions of their entries, from this place among
    /// them on: some thousands, and none behind the last.
    pub(crate) fn sorted_ids(
        &self,
        pack: u32,
        from: u32,
    ) -> Result<Vec<(ObjectId, u32)>, StoreError> {
        let held = self.held(pack)?;
        held.ask(
            &self.store,
            self.asking.get(),
            |pages| pages.sorted_ids(&self.store, from),
            |index| index.sorted_ids(from),
        )
    }

    /// How many bases the pack's deltas have that are not in it.
    pub(crate) fn external_base_count(&self, pack: u32) -> Result<u32, StoreError> {
        let held = self.held(pack)?;
        held.ask(
            &self.store,
            self.asking.get(),
            |pages| Ok(pages.external_base_count()),
            PackIndex::external_base_count,
        )
    }

    /// The id of a base that is not in the delta's own pack.
    pub fn external_base(&self, pack: u32, number: u32) -> Result<ObjectId, StoreError> {
        let held = self.held(pack)?;
        let id = held.ask(
            &self.store,
            self.asking.get(),
            |pages| pages.external_base(&self.store, number),
            |index| index.external_base(number),
        )?;
        id.ok_or_else(|| held.corrupt())
    }

    /// The object's kind and content, of at most [`Limits::delta_bytes_max`] bytes. Deltas never
    /// have more; for larger objects, which are stored whole, see [`blob::BlobReader`].
    pub fn read_at(&self, at: Location) -> Result<(ObjectKind, Shared), ReadError> {
        let mut deltas = Vec::new();
        let (kind, mut content) = self.chain_start(at, &mut deltas)?;
        while let Some((at, row)) = deltas.pop() {
            content = Rc::new(self.apply(at, &row, &content)?);
            self.keep(at, kind, &content)?;
        }
        Ok((kind, content))
    }

    /// Follows the delta chain from `at` down to an object that is whole or cached, and gives
    /// that; the deltas to apply to it are left on `deltas`, the first to apply last.
    fn chain_start(
        &self,
        mut at: Location,
        deltas: &mut Vec<(Location, Row)>,
    ) -> Result<(ObjectKind, Shared), ReadError> {
        loop {
            let key = (self.pack_id(at.pack)?, at.position);
            if let Some(found) = self.bases.borrow_mut().get(&key) {
                return Ok(found);
            }
            let row = self.row(at)?;
            let limit = self.limits.delta_bytes_max;
            if u64::from(row.size_bytes) > limit {
                let size = u64::from(row.size_bytes);
                return Err(ReadError::TooLarge {
                    id: self.id(at)?,
                    size,
                    limit,
                });
            }
            let base = match row.base {
                Base::None => {
                    let content = Rc::new(self.inflate(at, &row)?);
                    self.keep(at, row.kind, &content)?;
                    return Ok((row.kind, content));
                }
                Base::Position(position) => Location {
                    pack: at.pack,
                    position,
                },
                Base::External(number) => {
                    let id = self.external_base(at.pack, number)?;
                    let what = "its delta base is missing";
                    // Only earlier packs: so a chain cannot return to where it was.
                    let found = self.find_before(&id, at.pack)?;
                    found.ok_or(ReadError::Corrupt {
                        id: self.id(at)?,
                        what,
                    })?
                }
            };
            if deltas.len() == CHAIN_LINKS_MAX {
                let what = "its delta chain does not end";
                return Err(ReadError::Corrupt {
                    id: self.id(at)?,
                    what,
                });
            }
            deltas.push((at, row));
            at = base;
        }
    }

    fn keep(&self, at: Location, kind: ObjectKind, content: &Shared) -> Result<(), StoreError> {
        let key = (self.pack_id(at.pack)?, at.position);
        self.bases
            .borrow_mut()
            .insert(key, kind, Rc::clone(content));
        Ok(())
    }
}

impl<S: PackStore> ObjectSource for LivePacks<S> {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        let Some(at) = self.find(id)? else {
            return Ok(None);
        };
        Ok(Some(self.row(at)?.kind))
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        let Some(at) = self.find(id)? else {
            return Ok(None);
        };
        let size = u64::from(self.row(at)?.size_bytes);
        let limit = self.limits.control_object_bytes_max;
        if size > limit {
            return Err(ReadError::TooLarge {
                id: id.to_owned(),
                size,
                limit,
            });
        }
        self.read_at(at).map(Some)
    }

    fn size_bytes(&self, id: &oid) -> Result<Option<u64>, ReadError> {
        let Some(at) = self.find(id)? else {
            return Ok(None);
        };
        Ok(Some(u64::from(self.row(at)?.size_bytes)))
    }
}

fn no_record(pack: u32) -> StoreError {
    StoreError::Missing {
        what: "record",
        pack,
    }
}
