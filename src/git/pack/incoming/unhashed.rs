//! Objects that are known but for their ids, which are computed several at a time.

use gix_hash::ObjectId;

use super::super::super::hash::object_ids;
use super::super::super::object::ObjectKind;
use super::super::super::store::Shared;
use super::super::parser::error::{PackError, Refusal};
use super::objects::{IncomingObjects, Observer};

/// Objects that wait at most, and bytes of them before the last: enough that four at a time are
/// busy nearly until the end.
const OBJECTS_MAX: usize = 128;
const BYTES_MAX: usize = 1 << 20;

/// An object without its id.
struct Object {
    position: u32,
    kind: ObjectKind,
    content: Shared,
}

/// The objects that wait for their ids.
#[derive(Default)]
pub(super) struct Unhashed {
    objects: Vec<Object>,
    bytes: usize,
}

impl Unhashed {
    pub(super) fn push(&mut self, position: u32, kind: ObjectKind, content: Shared) {
        self.bytes += content.len();
        self.objects.push(Object {
            position,
            kind,
            content,
        });
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_full(&self) -> bool {
        self.objects.len() >= OBJECTS_MAX || self.bytes >= BYTES_MAX
    }
}

impl IncomingObjects {
    /// Completes the entries that lack nothing but their ids, and shows the objects to the
    /// observer. To be called before ids are looked at: after the last entry, after the last
    /// delta, and before objects are searched by id.
    pub(in super::super) fn hash(&mut self, observer: &mut dyn Observer) -> Result<(), PackError> {
        let Unhashed { objects, .. } = std::mem::take(&mut self.unhashed);
        let contents = objects.iter();
        let contents = contents.map(|object| (object.kind, object.content.as_slice()));
        let mut ids = Vec::with_capacity(objects.len());
        object_ids(&contents.collect::<Vec<_>>(), &mut ids);
        for (object, id) in objects.iter().zip(ids) {
            let Some(entry) = self.table.get_mut(object.position) else {
                continue;
            };
            let offset = entry.offset;
            entry.id = id.map_err(|_| PackError::Collision { offset })?;
            let id = entry.id;
            show(object, &id, observer)?;
        }
        Ok(())
    }
}

/// Shows the observer what it wants to see: not blobs.
fn show(object: &Object, id: &ObjectId, observer: &mut dyn Observer) -> Result<(), PackError> {
    let Object {
        position,
        kind,
        content,
    } = object;
    if *kind == ObjectKind::Blob {
        return Ok(());
    }
    let shown = observer.object(*position, id, *kind, content);
    shown.map_err(|Refusal(reason)| PackError::Refused {
        id: *id,
        kind: *kind,
        reason,
    })
}
