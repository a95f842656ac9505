//! Which unresolved deltas build on which base: sorted lists, 8 bytes for an ofs-delta (many of them go to
//! scratch), and 32 for a ref-delta.

use std::cmp::Ordering;

use gix_hash::{ObjectId, oid};

use super::super::super::store::StoreError;
use super::super::entries::{Base, EntryTable};
use ofs_deltas::OfsDeltas;

mod ofs_deltas;

/// The deltas that wait for their base, by base.
#[derive(Debug, Default)]
pub(super) struct Children {
    /// The table no longer tells the base of an ofs-delta once its object is stored whole.
    ofs_deltas: OfsDeltas,
    /// Ref-deltas, sorted by the id of their base.
    ref_deltas: Vec<RefDelta>,
    /// The bases of ref-deltas, by number, as the parser listed them.
    base_ids: Vec<ObjectId>,
}

#[derive(Debug, Clone, Copy)]
struct RefDelta {
    position: u32,
    base_number: u32,
    /// In the first of a group (the deltas on one base): the first that may be unresolved. This belongs to
    /// the group and not to the base, since a pack may hold the base a million times.
    cursor: u32,
}

impl Children {
    /// Lists the unresolved entries of a table. It moves the bases that the table names by id
    /// here; afterwards the table must list only those found outside the pack.
    /// `count` is how many there are, if that is known: room is made for no more.
    pub(super) fn of_unresolved(table: &mut EntryTable, count: u32) -> Result<Self, StoreError> {
        let base_ids = std::mem::take(&mut table.external_bases);
        let count = usize::try_from(count).unwrap_or(0);
        let ofs_count = count.saturating_sub(base_ids.len());
        let ofs_deltas = OfsDeltas::of_unresolved(&table.entries, ofs_count)?;
        let mut ref_deltas = Vec::with_capacity(base_ids.len());
        if !base_ids.is_empty() {
            for (position, entry) in (0..).zip(table.entries.iter()) {
                if let (Base::External(base_number), None) = (entry.base, entry.kind) {
                    ref_deltas.push(RefDelta {
                        position,
                        base_number,
                        cursor: 0,
                    });
                }
            }
        }
        table.check()?;
        ref_deltas.sort_unstable_by(|a, b| compare_ref(a, b, &base_ids));
        Ok(Self {
            ofs_deltas,
            ref_deltas,
            base_ids,
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ofs_deltas.is_empty() && self.ref_deltas.is_empty()
    }

    pub(super) fn has_ref_deltas(&self) -> bool {
        !self.ref_deltas.is_empty()
    }

    /// The start of the list of the ofs-deltas on the base at `base`.
    pub(super) fn first_ofs(&self, base: u32) -> Result<u32, StoreError> {
        self.ofs_deltas.first(base).map(index)
    }

    /// The ofs-delta with this number in the list, if it builds on the entry at `base`.
    pub(super) fn ofs_delta(&self, number: u32, base: u32) -> Result<Option<u32>, StoreError> {
        let pair = self.ofs_deltas.at(number as usize)?;
        Ok(pair.filter(|pair| pair.0 == base).map(|pair| pair.1))
    }

    /// The group of the ref-deltas on the object `id`: the number of its first.
    pub(super) fn ref_group(&self, id: &oid) -> Option<u32> {
        let before = |child: &RefDelta| self.base_id(child).is_some_and(|base_id| *base_id < *id);
        let first = self.ref_deltas.partition_point(before);
        let child = self.ref_deltas.get(first)?;
        (*self.base_id(child)? == *id).then(|| index(first))
    }

    /// The next of a group of ref-deltas that is unresolved.
    pub(super) fn next_ref_delta(
        &mut self,
        group: u32,
        unresolved: impl Fn(u32) -> bool,
    ) -> Option<u32> {
        let first = self.ref_deltas.get(group as usize)?;
        let (group_id, mut cursor) = (self.base_id(first)?, first.cursor.max(group));
        let next = loop {
            match self
                .ref_delta(cursor)
                .filter(|(_, base_id)| *base_id == group_id)
            {
                Some((child, _)) if unresolved(child) => break Some(child),
                Some(_) => cursor += 1,
                None => break None,
            }
        };
        self.ref_deltas.get_mut(group as usize)?.cursor = cursor;
        next
    }

    /// The end of the list of the ref-deltas on the object `id`.
    pub(super) fn refs_after(&self, id: &oid) -> u32 {
        let before = |child: &RefDelta| self.base_id(child).is_some_and(|base_id| *base_id <= *id);
        index(self.ref_deltas.partition_point(before))
    }

    /// The ref-delta with this number in the list: its position, and its base's id.
    pub(super) fn ref_delta(&self, number: u32) -> Option<(u32, ObjectId)> {
        let child = self.ref_deltas.get(number as usize)?;
        Some((child.position, self.base_id(child)?))
    }

    /// The base of the first ref-delta in the pack whose position satisfies `condition`.
    pub(super) fn first_ref_delta_where(
        &self,
        condition: impl Fn(u32) -> bool,
    ) -> Option<ObjectId> {
        let found = self
            .ref_deltas
            .iter()
            .filter(|child| condition(child.position));
        self.base_id(found.min_by_key(|child| child.position)?)
    }

    fn base_id(&self, child: &RefDelta) -> Option<ObjectId> {
        self.base_ids.get(child.base_number as usize).copied()
    }
}

/// Not inlined: a sort compares at dozens of places, and the wasm would have as many copies.
#[inline(never)]
fn compare_ref(a: &RefDelta, b: &RefDelta, base_ids: &[ObjectId]) -> Ordering {
    let id = |child: &RefDelta| base_ids.get(child.base_number as usize);
    id(a).cmp(&id(b)).then(a.position.cmp(&b.position))
}

fn index(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
