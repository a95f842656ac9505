//! A stored pack whose entries were found again, seen as one that is being pushed: the walk of its closure
//! goes over the table of its entries, which spills, and never over an index.

use std::cell::RefCell;

use gix_hash::{ObjectId, oid};

use super::super::graph::connectivity::Incoming;
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::pack::incoming::objects::{IncomingObjects, Sources};
use super::super::pack::parser::error::PackError;
use super::super::pack::reader::LivePacks;
use super::super::store::{ObjectSource, PackStore, ReadError, Shared};

/// Bytes of resolved objects kept for the walk over a pack whose tables are large.
const WALK_CACHE_BYTES: usize = 4 << 20;

/// Objects of the largest pack whose tables are small: most of its objects may be kept still.
const SMALL_OBJECTS_MAX: u32 = 1 << 14;

/// The objects of the pack, before those of the packs that were published earlier.
pub struct Remade<'a, S> {
    incoming: RefCell<IncomingObjects>,
    before: &'a LivePacks<S>,
    limits: Limits,
}

impl<'a, S: PackStore> Remade<'a, S> {
    /// What [`super::rebuild::IndexRebuild::finish`] gave, on top of the packs that it was made with.
    pub fn new(mut incoming: IncomingObjects, before: &'a LivePacks<S>) -> Self {
        if incoming.table.count() > SMALL_OBJECTS_MAX {
            incoming.renew_cache(WALK_CACHE_BYTES);
        }
        before.forget_kept();
        Self {
            incoming: RefCell::new(incoming),
            limits: *before.limits(),
            before,
        }
    }
}

impl<S: PackStore> ObjectSource for Remade<'_, S> {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        if let Some((_, kind)) = self.locate(id) {
            return Ok(Some(kind));
        }
        self.check()?;
        self.before.kind(id)
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        let mut incoming = self.incoming.borrow_mut();
        let Some(position) = incoming.table.find(id) else {
            incoming.table.check()?;
            drop(incoming);
            return self.before.read(id);
        };
        let size = incoming
            .table
            .get(position)
            .map_or(0, |entry| entry.size_bytes);
        let (size, limit) = (u64::from(size), self.limits.control_object_bytes_max);
        if size > limit {
            let id = id.to_owned();
            return Err(ReadError::TooLarge { id, size, limit });
        }
        let sources = Sources {
            store: self.before.store(),
            bases: self.before,
        };
        incoming.forget_work();
        match incoming.content(position, sources) {
            Ok(found) => Ok(Some(found)),
            Err(PackError::Store(error)) => Err(error.into()),
            Err(PackError::Base(error)) => Err(error),
            Err(_) => Err(ReadError::Corrupt {
                id: id.to_owned(),
                what: "its entry does not resolve a second time",
            }),
        }
    }
}

impl<S: PackStore> Incoming for Remade<'_, S> {
    fn object_count(&self) -> u32 {
        self.incoming.borrow().table.count()
    }

    fn locate(&self, id: &oid) -> Option<(u32, ObjectKind)> {
        let incoming = self.incoming.borrow();
        let position = incoming.table.find(id)?;
        Some((position, incoming.table.get(position)?.kind?))
    }

    fn id(&self, position: u32) -> Option<ObjectId> {
        self.incoming.borrow().table.id(position)
    }

    fn entry(&self, position: u32) -> Option<(ObjectId, ObjectKind)> {
        let entry = self.incoming.borrow().table.get(position)?;
        Some((entry.id, entry.kind?))
    }

    fn check(&self) -> Result<(), ReadError> {
        Ok(self.incoming.borrow().table.check()?)
    }
}
