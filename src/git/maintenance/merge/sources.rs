//! The source packs, and the places that their entries get in the merged pack.

use std::ops::Range;

use gix_hash::ObjectId;

use super::super::super::pack::index::{Row, ScannedIndex};
use super::super::super::pack::reader::{LivePacks, Location};
use super::super::super::store::{PackStore, StoreError};

/// In place of a position: the entry, or the commit, is left out.
pub(super) const NOWHERE: u32 = u32::MAX;

/// In place of a position, as long as places are given: the number of an entry of an earlier source, all
/// sources counted, that has the same object.
const SAME_AS: u32 = 1 << 31;

/// Ids in the order of the entries that are in memory: 2.5 MiB.
const IDS_AT_ONCE: u32 = 1 << 17;

/// Ids that are looked at for the price of one entry.
const IDS_A_LOOK: u32 = 32;

/// The source packs, and the places of their entries.
pub(super) struct Sources {
    /// Their places among the live packs.
    pub(super) range: Range<u32>,
    all: Vec<Source>,
    ids: Ids,
}

struct Source {
    index: ScannedIndex,
    /// Entries of the sources before.
    before: u32,
    /// By position: the position in the merged pack of this copy of the object, or of the one that stands
    /// for it.
    places: Vec<u32>,
}

/// The ids of some entries of a source whose index is not in memory.
#[derive(Default)]
struct Ids {
    source: usize,
    /// The position of the first of them.
    start: u32,
    held: Vec<ObjectId>,
    /// Index positions that were looked at.
    looked: u32,
}

impl Sources {
    pub(super) fn open<S: PackStore>(
        packs: &LivePacks<S>,
        range: Range<u32>,
    ) -> Result<Self, StoreError> {
        let (mut all, mut before) = (Vec::new(), 0_u32);
        for pack in range.clone() {
            let record = usize::try_from(pack).ok();
            let record = record.and_then(|at| packs.records().get(at));
            let missing = StoreError::Missing {
                what: "record",
                pack,
            };
            let record = record.ok_or(missing)?;
            let index = ScannedIndex::open(packs.store(), record)?;
            let objects = index.len();
            all.push(Source {
                index,
                before,
                places: vec![0; usize::try_from(objects).unwrap_or(0)],
            });
            before = before.checked_add(objects).unwrap_or(SAME_AS);
        }
        if before >= SAME_AS {
            return Err(StoreError::Failed("too many entries to merge".to_owned()));
        }
        Ok(Self {
            range,
            all,
            ids: Ids::default(),
        })
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    pub(super) fn number(&self, pack: u32) -> Option<usize> {
        let number = pack.checked_sub(self.range.start)?;
        usize::try_from(number).ok()
    }

    fn source(&self, pack: u32) -> Result<&Source, StoreError> {
        let source = self.number(pack).and_then(|at| self.all.get(at));
        source.ok_or(StoreError::Missing {
            what: "source",
            pack,
        })
    }

    /// The entry at `at`, or the first one behind it; `None` after the last.
    pub(super) fn settle(&self, mut at: Location) -> Result<Option<Location>, StoreError> {
        while at.pack < self.range.end {
            if at.position < self.source(at.pack)?.index.len() {
                return Ok(Some(at));
            }
            at = Location {
                pack: at.pack.saturating_add(1),
                position: 0,
            };
        }
        Ok(None)
    }

    /// The index's facts of the entry.
    pub(super) fn row(&self, at: Location) -> Result<Row, StoreError> {
        self.source(at.pack)?.index.row(at.position)
    }

    /// The id of an entry, which [`Self::prepare`] has made ready.
    pub(super) fn id(&self, at: Location, row: &Row) -> Result<ObjectId, StoreError> {
        let source = self.source(at.pack)?;
        if source.index.is_whole() {
            return source.index.id_at(row.index_position);
        }
        let place = at.position.checked_sub(self.ids.start);
        let place = place.and_then(|place| usize::try_from(place).ok());
        let id = place.and_then(|place| self.ids.held.get(place)).copied();
        let id = id.filter(|id| !id.is_null() && self.number(at.pack) == Some(self.ids.source));
        id.ok_or(StoreError::Corrupt {
            what: "index",
            pack: at.pack,
        })
    }

    /// Works on until the id of an entry is at hand; true when it is. Entries are asked for in their order:
    /// the ids of many are read in one look over the whole index.
    pub(super) fn prepare(&mut self, at: Location) -> Result<bool, StoreError> {
        let mut ids = std::mem::take(&mut self.ids);
        let index = &self.source(at.pack)?.index;
        if index.is_whole() {
            return Ok(true);
        }
        let number = self.number(at.pack).unwrap_or(usize::MAX);
        if ids.source != number || !ids.has(at.position) {
            ids.begin(number, at.position, index.len());
        }
        ids.look(index)?;
        let is_ready = ids.looked >= index.len();
        self.ids = ids;
        Ok(is_ready)
    }

    /// The id at an index position of a source, and the position of its entry.
    pub(super) fn by_id(
        &self,
        source: usize,
        index_position: u32,
    ) -> Result<Option<(ObjectId, u32)>, StoreError> {
        let index = self.all.get(source).map(|source| &source.index);
        let Some(index) = index.filter(|index| index_position < index.len()) else {
            return Ok(None);
        };
        let id = index.id_at(index_position)?;
        Ok(Some((id, index.position_at(index_position)?)))
    }

    /// The number of an entry, all sources counted.
    pub(super) fn global(&self, source: usize, position: u32) -> u32 {
        let before = self.all.get(source).map_or(0, |source| source.before);
        before.saturating_add(position)
    }

    /// Notes that an entry has the object of an earlier source's entry.
    pub(super) fn note_same(&mut self, source: usize, position: u32, global: u32) {
        if let Some(slot) = self.slot(source, position) {
            *slot = SAME_AS | global;
        }
    }

    fn slot(&mut self, source: usize, position: u32) -> Option<&mut u32> {
        let places = &mut self.all.get_mut(source)?.places;
        places.get_mut(usize::try_from(position).ok()?)
    }

    /// The place of the earlier copy that stands for the entry, if there is one. To be asked in the order
    /// of the entries, before the entry has a place.
    pub(super) fn standing(&self, at: Location) -> Option<u32> {
        let source = self.all.get(self.number(at.pack)?)?;
        let noted = *source.places.get(usize::try_from(at.position).ok()?)?;
        let global = (noted & SAME_AS != 0).then_some(noted & !SAME_AS)?;
        let after = self.all.partition_point(|source| source.before <= global);
        let earlier = self.all.get(after.checked_sub(1)?)?;
        let position = usize::try_from(global.checked_sub(earlier.before)?).ok()?;
        earlier.places.get(position).copied()
    }

    /// Gives the entry its place.
    pub(super) fn set_place(&mut self, at: Location, place: u32) {
        let number = self.number(at.pack).unwrap_or(usize::MAX);
        if let Some(slot) = self.slot(number, at.position) {
            *slot = place;
        }
    }

    /// The place of the entry, or of the copy that stands for it; `None` when it is left out.
    pub(super) fn place(&self, at: Location) -> Option<u32> {
        let places = &self.all.get(self.number(at.pack)?)?.places;
        let place = *places.get(usize::try_from(at.position).ok()?)?;
        (place != NOWHERE).then_some(place)
    }

    /// The place of the object, if one of the sources before `end` has it.
    pub(super) fn find<S: PackStore>(
        &self,
        packs: &LivePacks<S>,
        id: &ObjectId,
        end: u32,
    ) -> Result<Option<u32>, StoreError> {
        for pack in self.range.start..end {
            if let Some(position) = packs.find_in(id, pack)?
                && let Some(place) = self.place(Location { pack, position })
            {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }

    /// Forgets the tables that only the copying needs.
    pub(super) fn forget_ids(&mut self) {
        self.ids = Ids::default();
    }
}

impl Ids {
    fn has(&self, position: u32) -> bool {
        let held = u32::try_from(self.held.len()).unwrap_or(u32::MAX);
        (self.start..self.start.saturating_add(held)).contains(&position)
    }

    /// Those of a source of `objects`, from this position on.
    fn begin(&mut self, source: usize, start: u32, objects: u32) {
        (self.source, self.start, self.looked) = (source, start, 0);
        let count = objects.saturating_sub(start).min(IDS_AT_ONCE);
        let null = ObjectId::null(gix_hash::Kind::Sha1);
        self.held.clear();
        self.held.resize(usize::try_from(count).unwrap_or(0), null);
    }

    /// Looks at some more of the index.
    fn look(&mut self, index: &ScannedIndex) -> Result<(), StoreError> {
        let end = self.looked.saturating_add(IDS_A_LOOK).min(index.len());
        for index_position in self.looked..end {
            let place = index.position_at(index_position)?.checked_sub(self.start);
            let place = place.and_then(|place| usize::try_from(place).ok());
            if let Some(slot) = place.and_then(|place| self.held.get_mut(place)) {
                *slot = index.id_at(index_position)?;
            }
        }
        self.looked = end;
        Ok(())
    }
}
