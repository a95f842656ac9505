//! Objects whose delta base is left behind, stored whole.

use gix_hash::ObjectId;

use super::super::super::pack::entries::{Base, Entry};
use super::super::super::pack::entry::{self, EntryKind};
use super::super::super::pack::index::Row;
use super::super::super::pack::reader::{LivePacks, Location};
use super::super::super::store::{PackStore, Quarantine, ReadError, StoreError};
use super::{Merge, Phase};

impl Merge {
    /// Whether the entry's base is not kept.
    pub(super) fn loses_base<S: PackStore>(
        &self,
        packs: &LivePacks<S>,
        at: Location,
        row: &Row,
    ) -> Result<bool, ReadError> {
        let Some(keep) = &self.keep else {
            return Ok(false);
        };
        let base = match row.base {
            Base::None => return Ok(false),
            Base::Position(position) => Some(Location { position, ..at }),
            Base::External(number) => {
                let id = packs.external_base(at.pack, number)?;
                packs.find_before(&id, at.pack)?
            }
        };
        Ok(base.is_some_and(|base| !keep.entries.contains(base.pack, base.position)))
    }

    /// Puts an object into the pack that leans on nothing. A delta's result can be held whole.
    pub(super) fn put_whole<S: PackStore>(
        &mut self,
        packs: &LivePacks<S>,
        (at, id): (Location, ObjectId),
        quarantine: &dyn Quarantine,
    ) -> Result<(), ReadError> {
        let (kind, content) = packs.read_at(at)?;
        let mut stored = Vec::new();
        entry::write(&EntryKind::Whole(kind), content.len() as u64, &mut stored);
        let deflater = self.deflater.get_or_insert_with(Box::default);
        deflater.append(&content, &mut stored);
        let entry = Entry {
            id,
            offset: self.pack.pack_bytes(),
            stored_bytes: u32::try_from(stored.len()).unwrap_or(u32::MAX),
            size_bytes: u32::try_from(content.len()).unwrap_or(u32::MAX),
            kind: Some(kind),
            depth: 0,
            base: Base::None,
        };
        let pushed = self.table.push(entry, self.object_count);
        pushed.ok_or_else(|| StoreError::Failed("no memory for the merged table".to_owned()))?;
        self.write(&stored, quarantine)?;
        let next = Location {
            position: at.position + 1,
            ..at
        };
        self.phase = Phase::Copying(next, None);
        Ok(())
    }
}
