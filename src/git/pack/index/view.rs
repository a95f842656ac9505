//! Reading an index where it lies: nothing is copied but what is asked for.

use std::ops::Range;

use gix_hash::{ObjectId, Prefix, oid};

use super::super::super::object::ObjectKind;
use super::super::super::store::{PackId, Shared, StoreError};
use super::super::entries::{Base, Entry};
use super::{
    ENTRY_ROW_BYTES, EXTERNAL_BASE, FAN_OUT_BYTES, HEADER_BYTES, ID_BYTES, MAGIC, NO_BASE,
    POSITION_BYTES, VERSION,
};

/// What the index says of an entry; as [`Entry`], without the id, which lies elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Where the entry starts in the pack, its header included.
    pub offset: u64,
    /// Bytes of the entry as stored, its header included.
    pub stored_bytes: u32,
    /// Bytes of the object's content.
    pub size_bytes: u32,
    /// The object's kind.
    pub kind: ObjectKind,
    /// Links of the delta chain down to a whole object.
    pub depth: u16,
    /// What the entry is built on.
    pub base: Base,
    /// The place of the object's id among the ids sorted.
    pub index_position: u32,
}

/// The index of one stored pack.
#[derive(Debug, Clone)]
pub struct PackIndex {
    pack_id: PackId,
    bytes: Shared,
    object_count: u32,
    surplus: u32,
    sections: Sections,
}

#[derive(Debug, Clone)]
struct Sections {
    ids: Range<usize>,
    positions: Range<usize>,
    rows: Range<usize>,
    external_bases: Range<usize>,
}

impl PackIndex {
    /// Takes the index part of a pack. Its form is checked once; what does not have the form that
    /// [`super::IndexBuilder`] gives is corrupt.
    pub fn open(pack_id: PackId, bytes: Shared) -> Result<Self, StoreError> {
        let opened = Self::sections_of(&bytes).map(|(object_count, surplus, sections)| Self {
            pack_id,
            bytes,
            object_count,
            surplus,
            sections,
        });
        opened
            .filter(Self::has_sound_fan_out)
            .ok_or(StoreError::Corrupt {
                what: "index",
                pack: pack_id.0,
            })
    }

    /// Objects, the external bases not included.
    pub fn len(&self) -> u32 {
        self.object_count
    }

    /// Whether the pack has no objects.
    pub fn is_empty(&self) -> bool {
        self.object_count == 0
    }

    /// The pack.
    pub fn pack_id(&self) -> PackId {
        self.pack_id
    }

    /// The position of the object's (first) entry; `None` when the pack does not have the object.
    pub fn find(&self, id: &oid) -> Option<u32> {
        let (index_position, found) = self.lower_bound(id)?;
        (found == id.as_bytes()).then(|| self.positions().get(index_position).copied().map(word))?
    }

    /// The objects whose ids start so, in the order of their ids, with their positions.
    pub fn with_prefix(&self, prefix: Prefix) -> impl Iterator<Item = (ObjectId, u32)> + '_ {
        let first = self
            .lower_bound(prefix.as_oid())
            .map_or(usize::MAX, |found| found.0);
        self.ids()
            .iter()
            .zip(self.positions())
            .skip(first)
            .map(|(id, position)| (ObjectId::from(*id), word(*position)))
            .take_while(move |(id, _)| prefix.cmp_oid(id).is_eq())
    }

    /// What the index says of the entry at a position.
    pub fn row(&self, position: u32) -> Option<Row> {
        let rows = self
            .section(&self.sections.rows)
            .as_chunks::<ENTRY_ROW_BYTES>()
            .0;
        let row = rows.get(usize::try_from(position).ok()?)?;
        let (first, rest) = row.split_first_chunk::<8>()?;
        let [stored_bytes, size_bytes, base, index_position] = rest.as_chunks::<4>().0 else {
            return None;
        };
        let [o4, o3, o2, o1, o0, depth @ .., kind] = *first;
        Some(Row {
            offset: u64::from_be_bytes([0, 0, 0, o4, o3, o2, o1, o0]),
            stored_bytes: word(*stored_bytes),
            size_bytes: word(*size_bytes),
            kind: ObjectKind::from_number(kind)?,
            depth: u16::from_be_bytes(depth),
            base: base_of(word(*base)),
            index_position: word(*index_position),
        })
    }

    /// The id of the object at a position.
    pub fn id(&self, position: u32) -> Option<ObjectId> {
        self.id_at(self.row(position)?.index_position)
    }

    /// The id at an index position.
    pub fn id_at(&self, index_position: u32) -> Option<ObjectId> {
        let id = self.ids().get(usize::try_from(index_position).ok()?)?;
        Some(ObjectId::from(*id))
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
        let ids = self
            .section(&self.sections.external_bases)
            .as_chunks::<ID_BYTES>()
            .0;
        Some(ObjectId::from(*ids.get(usize::try_from(number).ok()?)?))
    }

    /// Whether the entry is its object's first in this pack, and so the one that is found.
    pub fn is_first_copy(&self, row: &Row) -> bool {
        if self.surplus == 0 {
            return true;
        }
        let previous = row
            .index_position
            .checked_sub(1)
            .and_then(|before| self.id_at(before));
        previous.is_none_or(|previous| self.id_at(row.index_position) != Some(previous))
    }

    /// The first index position whose id is not below `id`, and that id.
    fn lower_bound(&self, id: &oid) -> Option<(usize, &[u8])> {
        let first_byte = usize::from(*id.as_bytes().first()?);
        let fan_out = self.fan_out();
        let above = first_byte.checked_sub(1);
        let low = above.map_or(Some(0), |at| fan_out.get(at).copied().map(word))?;
        let high = word(*fan_out.get(first_byte)?);
        let (low, high) = (usize::try_from(low).ok()?, usize::try_from(high).ok()?);
        let bucket = self.ids().get(low..high)?;
        let index_position = low + bucket.partition_point(|other| other.as_slice() < id.as_bytes());
        Some((index_position, self.ids().get(index_position)?))
    }

    fn sections_of(bytes: &[u8]) -> Option<(u32, u32, Sections)> {
        let header = bytes.get(..HEADER_BYTES)?.as_chunks::<4>().0;
        let [magic, version, objects, externals, surplus] = header else {
            return None;
        };
        if *magic != MAGIC || word(*version) != VERSION {
            return None;
        }
        let object_count = word(*objects);
        let objects = usize::try_from(object_count).ok()?;
        let externals = usize::try_from(word(*externals)).ok()?;
        let mut end = HEADER_BYTES + FAN_OUT_BYTES;
        let mut section = |count: usize, item_bytes: usize| {
            let start = end;
            end = start.checked_add(count.checked_mul(item_bytes)?)?;
            Some(start..end)
        };
        let sections = Sections {
            ids: section(objects, ID_BYTES)?,
            positions: section(objects, POSITION_BYTES)?,
            rows: section(objects, ENTRY_ROW_BYTES)?,
            external_bases: section(externals, ID_BYTES)?,
        };
        (end == bytes.len()).then_some((object_count, word(*surplus), sections))
    }

    fn has_sound_fan_out(&self) -> bool {
        let fan_out = self.fan_out();
        fan_out.is_sorted() && fan_out.last().copied().map(word) == Some(self.object_count)
    }

    fn fan_out(&self) -> &[[u8; 4]] {
        self.section(&(HEADER_BYTES..HEADER_BYTES + FAN_OUT_BYTES))
            .as_chunks()
            .0
    }

    fn ids(&self) -> &[[u8; ID_BYTES]] {
        self.section(&self.sections.ids).as_chunks().0
    }

    fn positions(&self) -> &[[u8; POSITION_BYTES]] {
        self.section(&self.sections.positions).as_chunks().0
    }

    /// `open` checked that the sections lie within the bytes.
    fn section(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }
}

fn word(bytes: [u8; 4]) -> u32 {
    u32::from_be_bytes(bytes)
}

fn base_of(base: u32) -> Base {
    match base {
        NO_BASE => Base::None,
        base if base & EXTERNAL_BASE != 0 => Base::External(base & !EXTERNAL_BASE),
        base => Base::Position(base),
    }
}
