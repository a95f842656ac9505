//! A pack that is not published yet, or that counts as if it were not: its objects, before those of the packs
//! that were published earlier.

use std::cell::{Ref, RefCell};

use gix_hash::{ObjectId, oid};

use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::pack::incoming::objects::{IncomingObjects, Sources};
use super::super::pack::parser::error::PackError;
use super::super::pack::reader::LivePacks;
use super::super::store::{ObjectSource, PackStore, ReadError, Shared};
use super::connectivity::Incoming;

/// Bytes of resolved objects kept for the walks: trees that are compared with the next commit's.
const WALK_CACHE_BYTES: usize = 4 << 20;

/// Objects of the largest stored pack whose tables are small: most of its objects may be kept still.
const SMALL_OBJECTS_MAX: u32 = 1 << 14;

/// The objects of a resolved pack, whose table is sorted, and of the packs before it.
pub struct Unpublished<'a, S> {
    incoming: RefCell<IncomingObjects>,
    before: &'a LivePacks<S>,
    control_object_bytes_max: u64,
    /// Whether the pack is stored: then its objects may be made again as often as they are asked for.
    is_stored: bool,
}

impl<'a, S: PackStore> Unpublished<'a, S> {
    /// A pack that is being pushed, on top of the live ones.
    pub(crate) fn pushed(
        mut incoming: IncomingObjects,
        live: &'a LivePacks<S>,
        limits: &Limits,
    ) -> Self {
        incoming.renew_cache(WALK_CACHE_BYTES);
        Self {
            incoming: RefCell::new(incoming),
            before: live,
            control_object_bytes_max: limits.control_object_bytes_max,
            is_stored: false,
        }
    }

    /// A stored pack whose objects were found again, on top of the packs that it was made with.
    pub fn stored(mut incoming: IncomingObjects, before: &'a LivePacks<S>) -> Self {
        if incoming.table.count() > SMALL_OBJECTS_MAX {
            incoming.renew_cache(WALK_CACHE_BYTES);
        }
        before.forget_kept();
        Self {
            incoming: RefCell::new(incoming),
            before,
            control_object_bytes_max: before.limits().control_object_bytes_max,
            is_stored: true,
        }
    }

    /// The pack.
    pub(crate) fn incoming(&self) -> Ref<'_, IncomingObjects> {
        self.incoming.borrow()
    }

    /// The packs before it.
    pub(crate) fn before(&self) -> &'a LivePacks<S> {
        self.before
    }

    /// Hands the pack back.
    pub(crate) fn into_incoming(self) -> IncomingObjects {
        self.incoming.into_inner()
    }
}

impl<S: PackStore> ObjectSource for Unpublished<'_, S> {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        if let Some((_, kind)) = self.locate(id) {
            return Ok(Some(kind));
        }
        self.check()?;
        self.before.kind(id)
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        let Some((position, _)) = self.locate(id) else {
            self.check()?;
            return self.before.read(id);
        };
        let mut incoming = self.incoming.borrow_mut();
        let entry = incoming.table.get(position);
        let size = entry.map_or(0, |entry| u64::from(entry.size_bytes));
        let limit = self.control_object_bytes_max;
        if size > limit {
            let id = id.to_owned();
            return Err(ReadError::TooLarge { id, size, limit });
        }
        if self.is_stored {
            incoming.forget_work();
        }
        let sources = Sources {
            store: self.before.store(),
            bases: self.before,
        };
        match incoming.content(position, sources) {
            Ok(found) => Ok(Some(found)),
            Err(PackError::Store(error)) => Err(error.into()),
            Err(PackError::Base(error)) => Err(error),
            Err(_) => Err(ReadError::Corrupt {
                id: id.to_owned(),
                what: "the incoming entry does not resolve a second time",
            }),
        }
    }
}

impl<S: PackStore> Incoming for Unpublished<'_, S> {
    fn object_count(&self) -> u32 {
        self.incoming().table.count()
    }

    fn locate(&self, id: &oid) -> Option<(u32, ObjectKind)> {
        let incoming = self.incoming();
        let position = incoming.table.find(id)?;
        Some((position, incoming.table.get(position)?.kind?))
    }

    fn id(&self, position: u32) -> Option<ObjectId> {
        self.incoming().table.id(position)
    }

    fn entry(&self, position: u32) -> Option<(ObjectId, ObjectKind)> {
        let entry = self.incoming().table.get(position)?;
        Some((entry.id, entry.kind?))
    }

    fn check(&self) -> Result<(), ReadError> {
        Ok(self.incoming().table.check()?)
    }
}
