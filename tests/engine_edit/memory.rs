//! Objects in memory, as a store has them.

use std::cell::Cell;
use std::rc::Rc;

use cairn::git::edit::new_objects::NewObjects;
use cairn::git::limits::Limits;
use cairn::git::object::ObjectKind;
use cairn::git::store::{ObjectSource, ReadError, Shared};
use gix_hash::oid;

use crate::support::git::Git;

/// A store that counts its reads.
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

/// Every object of a repository.
pub fn objects_of(git: &Git) -> Memory {
    let mut memory = Memory::new();
    let batch = git
        .try_run(&["cat-file", "--batch", "--batch-all-objects"], b"")
        .stdout;
    let mut rest = batch.as_slice();
    while !rest.is_empty() {
        let end = rest.iter().position(|byte| *byte == b'\n').unwrap();
        let header = String::from_utf8_lossy(&rest[..end]).into_owned();
        let fields: Vec<&str> = header.split(' ').collect();
        let kind = ObjectKind::from_name(fields[1].as_bytes()).unwrap();
        let size: usize = fields[2].parse().unwrap();
        let content = &rest[end + 1..=end + size];
        let id = memory.objects.add(kind, content.to_vec()).unwrap();
        assert_eq!(id.to_string(), fields[0]);
        rest = &rest[end + size + 2..];
    }
    memory
}
