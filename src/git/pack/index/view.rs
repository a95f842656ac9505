//! Reads an index where it lies. A call copies nothing but its answer.

use gix_hash::{ObjectId, oid};

use super::super::super::object::ObjectKind;
use super::super::super::store::{PackId, Pieces, StoreError};
use super::super::entries::{Base, Entry};
use super::format::{
    ENTRY_ROW_BYTES, FAN_OUT_BYTES, HEADER_BYTES, ID_BYTES, POSITION_BYTES, RUN_ITEMS,
};
use super::sections::{Sections, word};

/// The index's facts of an entry: as [`Entry`], without the id, which is in another section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Offset of the entry in the pack, at its header.
    pub offset: u64,
    /// Bytes of the entry as stored, its header included.
    pub stored_bytes: u32,
    /// Bytes of the object's content.
    pub size_bytes: u32,
    /// The object's kind.
    pub kind: ObjectKind,
    /// Links of the delta chain down to a whole object.
    pub depth: u16,
    /// The entry's base.
    pub base: Base,
    /// The place of the object's id among the ids sorted.
    pub(crate) index_position: u32,
}

/// The index of one stored pack.
#[derive(Debug, Clone)]
pub struct PackIndex {
    pack_id: PackId,
    bytes: Pieces,
    sections: Sections,
}

impl Row {
    pub(super) fn decode(row: &[u8; ENTRY_ROW_BYTES]) -> Option<Self> {
        let (first, rest) = row.split_first_chunk::<8>()?;
        let [stored_bytes, size_bytes, base, index_position] = rest.as_chunks::<4>().0 else {
            return None;
        };
        let [o4, o3, o2, o1, o0, depth @ .., kind] = *first;
        Some(Self {
            offset: u64::from_be_bytes([0, 0, 0, o4, o3, o2, o1, o0]),
            stored_bytes: word(*stored_bytes),
            size_bytes: word(*size_bytes),
            kind: ObjectKind::from_number(kind)?,
            depth: u16::from_be_bytes(depth),
            base: Base::of_word(word(*base)),
            index_position: word(*index_position),
        })
    }
}

impl PackIndex {
    /// Takes the index part of a pack. Its form is checked once; a part without the form that
    /// [`super::IndexBuilder`] gives is corrupt. Pieces that are not cut between items, as its rows
    /// are, are joined.
    pub fn open(pack_id: PackId, mut bytes: Pieces) -> Result<Self, StoreError> {
        let corrupt = StoreError::Corrupt {
            what: "index",
            pack: pack_id.0,
        };
        if bytes.array::<HEADER_BYTES>(0).is_none() {
            bytes = bytes.whole().into();
        }
        let sections = bytes.array(0).and_then(Sections::new);
        let sections = sections.filter(|sections| sections.end == bytes.len());
        let sections = sections.ok_or_else(|| corrupt.clone())?;
        if !bytes.seams().all(|at| sections.has_border(at)) {
            bytes = bytes.whole().into();
        }
        let index = Self {
            pack_id,
            bytes,
            sections,
        };
        let is_sound = index.has_sound_fan_out();
        is_sound.then_some(index).ok_or(corrupt)
    }

    /// Objects, the external bases not included.
    pub fn len(&self) -> u32 {
        self.sections.object_count
    }

    /// Whether the pack has no objects.
    pub fn is_empty(&self) -> bool {
        self.sections.object_count == 0
    }

    #[cfg(test)]
    pub(super) fn pieces(&self) -> &Pieces {
        &self.bytes
    }

    /// The pack.
    pub fn pack_id(&self) -> PackId {
        self.pack_id
    }

    /// The position of the object's (first) entry; `None` when the pack does not have the object.
    pub fn find(&self, id: &oid) -> Option<u32> {
        let index_position = self.lower_bound(id)?;
        (self.raw_id(index_position)? == id.as_bytes()).then(|| self.position_of(index_position))?
    }

    /// The ids before and behind this one, which may be here itself.
    pub(crate) fn neighbours(&self, id: &oid) -> [Option<ObjectId>; 2] {
        let Some(start) = self.lower_bound(id) else {
            return [None; 2];
        };
        let before = start.checked_sub(1).and_then(|before| self.id_at(before));
        // An object may be here more than once.
        let mut behind = (start..self.len()).map_while(|at| self.id_at(at));
        [before, behind.find(|other| other.as_ref() != id)]
    }

    /// The index's facts of the entry at a position.
    pub fn row(&self, position: u32) -> Option<Row> {
        if position >= self.sections.object_count {
            return None;
        }
        Row::decode(self.item(self.sections.rows, position)?)
    }

    /// The id of the object at a position.
    pub fn id(&self, position: u32) -> Option<ObjectId> {
        self.id_at(self.row(position)?.index_position)
    }

    /// The id at an index position.
    pub(crate) fn id_at(&self, index_position: u32) -> Option<ObjectId> {
        self.raw_id(index_position).copied().map(ObjectId::from)
    }

    /// The entry at a position, id included.
    pub fn entry(&self, position: u32) -> Option<Entry> {
        let row = self.row(position)?;
        Some(Entry {
            id: self.id_at(row.index_position)?,
            offset: row.offset,
            stored_bytes: row.stored_bytes,
            size_bytes: row.size_bytes,
            kind: Some(row.kind),
            depth: row.depth,
            base: row.base,
        })
    }

    /// The id of an external base.
    pub fn external_base(&self, number: u32) -> Option<ObjectId> {
        let id: &[u8; ID_BYTES] = self.item(self.sections.external_bases, number)?;
        Some(ObjectId::from(*id))
    }

    /// How many external bases there are.
    pub(crate) fn external_base_count(&self) -> u32 {
        let bytes = self
            .sections
            .end
            .saturating_sub(self.sections.external_bases);
        u32::try_from(bytes / ID_BYTES).unwrap_or(u32::MAX)
    }

    /// Whether the pack has an object more than once.
    pub(crate) fn has_copies(&self) -> bool {
        self.sections.surplus > 0
    }

    /// Ids in ascending order from this place among them on, with the positions of their entries: some
    /// thousands at a time, and none behind the last.
    pub(crate) fn sorted_ids(&self, from: u32) -> Vec<(ObjectId, u32)> {
        let end = from.saturating_add(RUN_ITEMS).min(self.len());
        (from..end)
            .map_while(|at| Some((self.id_at(at)?, self.position_of(at)?)))
            .collect()
    }

    /// Whether the entry is its object's first in this pack, and so the one that is found.
    pub(crate) fn is_first_copy(&self, row: &Row) -> bool {
        if self.sections.surplus == 0 {
            return true;
        }
        let previous = row
            .index_position
            .checked_sub(1)
            .and_then(|before| self.id_at(before));
        previous.is_none_or(|previous| self.id_at(row.index_position) != Some(previous))
    }

    /// The first index position whose id is not below `id`; at most the number of ids.
    fn lower_bound(&self, id: &oid) -> Option<u32> {
        let (mut low, mut high) = self.fan_out(*id.as_bytes().first()?)?;
        loop {
            if let Some(bucket) = self.ids_in_one_piece(low, high) {
                let before = bucket.partition_point(|other| other.as_slice() < id.as_bytes());
                return low.checked_add(u32::try_from(before).ok()?);
            }
            let middle = low.midpoint(high);
            if self.raw_id(middle)?.as_slice() < id.as_bytes() {
                low = middle.checked_add(1)?;
            } else {
                high = middle;
            }
        }
    }

    fn ids_in_one_piece(&self, low: u32, high: u32) -> Option<&[[u8; ID_BYTES]]> {
        let start =
            |number: u32| Some(self.sections.ids + usize::try_from(number).ok()? * ID_BYTES);
        let run = self.bytes.run(start(low)?..start(high)?)?;
        Some(run.as_chunks().0)
    }

    fn has_sound_fan_out(&self) -> bool {
        let fan_out: Option<&[u8; FAN_OUT_BYTES]> = self.item(HEADER_BYTES, 0);
        let fan_out = fan_out.unwrap_or(&[0xff; FAN_OUT_BYTES]);
        let fan_out = fan_out.as_chunks().0;
        fan_out.is_sorted() && fan_out.last().copied().map(word) == Some(self.sections.object_count)
    }

    /// How many ids start with a byte below this one, and how many with one up to it.
    fn fan_out(&self, first_byte: u8) -> Option<(u32, u32)> {
        // The word before the fan-out is the surplus, which does not belong to the fan-out.
        let before = HEADER_BYTES - 4 + 4 * usize::from(first_byte);
        let words: &[u8; 8] = self.bytes.array(before)?;
        let [low, high] = words.as_chunks::<4>().0 else {
            return None;
        };
        let low = if first_byte == 0 { 0 } else { word(*low) };
        Some((low, word(*high)))
    }

    fn raw_id(&self, index_position: u32) -> Option<&[u8; ID_BYTES]> {
        if index_position >= self.sections.object_count {
            return None;
        }
        self.item(self.sections.ids, index_position)
    }

    /// The position of the entry whose id is at an index position.
    fn position_of(&self, index_position: u32) -> Option<u32> {
        let position: &[u8; POSITION_BYTES] = self.item(self.sections.positions, index_position)?;
        Some(word(*position))
    }

    /// The item of a section. For all sections but the last the caller checks the number first,
    /// because the next section follows.
    fn item<const N: usize>(&self, section: usize, number: u32) -> Option<&[u8; N]> {
        let number = usize::try_from(number).ok()?;
        self.bytes
            .array(section.checked_add(number.checked_mul(N)?)?)
    }
}
