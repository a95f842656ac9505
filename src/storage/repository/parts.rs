//! The parts of packs as they are read: from the isolate's cache, or from the database.

use std::ops::Range;
use std::rc::Rc;

use super::store::RepoStore;
use crate::git::store::{PackId, Part, PartReader, Pieces, Shared, StoreError};
use crate::storage::db::cache::{Lease, Piece};
use crate::storage::db::sql::Database;

/// Reads parts. One that has its own way to the database may be kept after the store is gone.
#[derive(Clone)]
pub(super) struct Parts<D> {
    pub(super) db: D,
    pub(super) lease: Rc<Lease>,
}

impl<D: Database> RepoStore<D> {
    /// The same, whose commit graphs are read by pages and whose parts are scanned.
    #[must_use]
    pub fn with_paged_graphs(mut self) -> Self
    where
        D: Clone + 'static,
    {
        let (db, lease) = (self.db.clone(), Rc::clone(&self.lease));
        let parts = Parts { db, lease };
        self.part_scanner = Some(Rc::new(Scanner(parts.clone())));
        self.part_reader = Some(Rc::new(parts));
        self
    }

    /// The parts of its packs.
    pub(super) fn parts(&self) -> Parts<&D> {
        Parts {
            db: &self.db,
            lease: Rc::clone(&self.lease),
        }
    }
}

impl<D: Database> Parts<D> {
    /// The index, in pieces.
    pub(super) fn index(&self, pack_id: PackId) -> Result<Pieces, StoreError> {
        let piece = Piece::Part(Part::Index);
        if let Some(index) = self.lease.get(pack_id, piece) {
            return Ok(index);
        }
        self.lease.forget_ranges(pack_id, Part::Index);
        let index = self.read_part(pack_id, Part::Index)?;
        self.lease.put(pack_id, piece, index.clone());
        Ok(index)
    }
}

impl<D: Database> Parts<D> {
    /// A range of a part that is never taken whole for it: out of the whole, if that is kept.
    pub(super) fn part_run(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        match self.lease.get(pack_id, Piece::Part(part)) {
            Some(whole) => Ok(whole.copied(range).map(Rc::new)),
            None => self.part_range(pack_id, part, range),
        }
    }
}

impl<D: Database> PartReader for Parts<D> {
    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        let piece = Piece::Part(part);
        if let Some(kept) = self.lease.get(pack_id, piece) {
            return Ok(kept.whole());
        }
        self.lease.forget_ranges(pack_id, part);
        let bytes = self.read_part(pack_id, part)?.whole();
        self.lease.put(pack_id, piece, Rc::clone(&bytes).into());
        Ok(bytes)
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        if self.lease.get(pack_id, Piece::Part(part)).is_some() {
            return Ok(None);
        }
        let piece = Piece::PartRange(part, range.start as u64);
        let kept = self.lease.get(pack_id, piece);
        if let Some(kept) = kept.filter(|kept| kept.len() == range.len()) {
            return Ok(Some(kept.whole()));
        }
        let bytes = self.read_part_range(pack_id, part, range)?.map(Rc::new);
        if let Some(bytes) = &bytes {
            self.lease.put(pack_id, piece, Rc::clone(bytes).into());
        }
        Ok(bytes)
    }
}

/// Reads parts for a caller that goes over them once: the cache of parts is for others.
struct Scanner<D>(Parts<D>);

impl<D: Database> PartReader for Scanner<D> {
    fn whole_table_bytes_max(&self) -> usize {
        0
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        self.0.part(pack_id, part)
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        let bytes = self.0.read_part_range(pack_id, part, range)?;
        Ok(bytes.map(Rc::new))
    }

    fn part_len(&self, pack_id: PackId, part: Part) -> Result<Option<usize>, StoreError> {
        self.0.part_len(pack_id, part)
    }
}
