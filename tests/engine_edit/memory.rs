//! Objects in memory, as a store has them.

use std::cell::Cell;
use std::rc::Rc;

use cairn::git::edit::new_objects::NewObjects;
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use cairn::git::store::{ObjectSource, ReadError, Shared};
use gix_hash::oid;

/// A store that counts what is read.
pub struct Memory {
    pub objects: NewObjects,
    pub reads: Cell<usize>,
}

impl Memory {
    pub fn new() -> Self {
        Self {
            objects: NewObjects::new(u64::MAX, &Limits::DEFAULT),
            reads: Cell::new(0),
        }
    }
}

impl ObjectSource for Memory {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        Ok(self.objects.get(id).map(|(kind, _)| kind))
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        self.reads.set(self.reads.get() + 1);
        let found = self.objects.get(id);
        Ok(found.map(|(kind, content)| (kind, Rc::clone(content))))
    }
}
