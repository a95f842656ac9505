//! The places that the entries of the source packs get in the merged pack.

use std::ops::Range;

use gix_hash::ObjectId;

use super::super::super::pack::reader::{LivePacks, Location};
use super::super::super::store::{PackStore, StoreError};

/// In place of a position: the entry, or the commit, is left out.
pub(super) const NOWHERE: u32 = u32::MAX;

/// The source packs, and the places of their entries.
pub(super) struct Sources {
    /// Their places among the live packs.
    pub(super) range: Range<u32>,
    /// By source and position: the position in the merged pack of this copy of the object, or of
    /// the one that stands for it.
    pub(super) places: Vec<Vec<u32>>,
}

impl Sources {
    pub(super) fn number(&self, pack: u32) -> Option<usize> {
        let number = pack.checked_sub(self.range.start)?;
        usize::try_from(number).ok()
    }

    /// The place of the entry, or of the copy that stands for it; `None` when it is left out.
    pub(super) fn place(&self, at: Location) -> Option<u32> {
        let places = self.places.get(self.number(at.pack)?)?;
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
            if let Some(position) = packs.index(pack)?.find(id)
                && let Some(place) = self.place(Location { pack, position })
            {
                return Ok(Some(place));
            }
        }
        Ok(None)
    }
}
