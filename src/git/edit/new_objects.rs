//! Objects that are made here, before they are in any pack.

use std::collections::HashMap;
use std::rc::Rc;

use gix_hash::{ObjectId, oid};

use super::super::hash::{WholeObject, object_id, object_ids};
use super::super::limits::Limits;
use super::super::object::ObjectKind;
use super::super::store::{ObjectSource, ReadError, Shared};

/// Memory that an object takes beside its content: its entry in the table, its place in the
/// order, the shared vector.
const OBJECT_OVERHEAD_BYTES: u64 = 120;

/// The kinds in the order of a pack: git reads commits first, and packs them first as well.
const PACK_ORDER: [ObjectKind; 4] = [
    ObjectKind::Commit,
    ObjectKind::Tag,
    ObjectKind::Tree,
    ObjectKind::Blob,
];

/// An object cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NewObjectError {
    /// The objects made so far leave no room for it.
    #[error(
        "a {kind} of {bytes} bytes beside {held_bytes} bytes of new objects, {limit} are taken"
    )]
    Full {
        /// Its kind.
        kind: ObjectKind,
        /// Bytes of its content.
        bytes: u64,
        /// Bytes that are held already, with the bytes that each object takes beside its content.
        held_bytes: u64,
        /// The bound of all together.
        limit: u64,
    },
    /// A commit, tree or tag is larger than one that a push may bring.
    #[error("a {kind} of {bytes} bytes, at most {limit} are taken")]
    TooLarge {
        /// Its kind.
        kind: ObjectKind,
        /// Bytes of its content.
        bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// The content is half of a known attack on SHA-1.
    #[error("the {kind} is part of a collision attack on SHA-1")]
    Collision {
        /// Its kind.
        kind: ObjectKind,
    },
}

/// Objects made here, each once. The bound on their bytes counts the overhead of each object as well.
#[derive(Debug, Clone)]
pub struct NewObjects {
    objects: HashMap<ObjectId, (ObjectKind, Shared)>,
    /// The ids in the order in which the objects were added.
    order: Vec<ObjectId>,
    held_bytes: u64,
    held_bytes_max: u64,
    control_object_bytes_max: u64,
}

impl NewObjects {
    /// A list without objects, which takes at most `held_bytes_max` bytes of them.
    pub fn new(held_bytes_max: u64, limits: &Limits) -> Self {
        Self {
            objects: HashMap::new(),
            order: Vec::new(),
            held_bytes: 0,
            held_bytes_max,
            control_object_bytes_max: limits.control_object_bytes_max,
        }
    }

    /// Takes an object and gives its id. An object that is here already takes no more room.
    pub fn add(&mut self, kind: ObjectKind, content: Vec<u8>) -> Result<ObjectId, NewObjectError> {
        self.may_take(kind, content.len())?;
        let id = object_id(kind, &content).map_err(|_| NewObjectError::Collision { kind })?;
        self.insert(id, kind, content)?;
        Ok(id)
    }

    /// Takes several objects of one kind and gives their ids, in order. That is faster than one after
    /// the other (docs/adr/0051). After an error some of them may be here.
    pub fn add_all(
        &mut self,
        kind: ObjectKind,
        contents: Vec<Vec<u8>>,
    ) -> Result<Vec<ObjectId>, NewObjectError> {
        for content in &contents {
            self.may_take(kind, content.len())?;
        }
        let whole = |content| WholeObject { kind, content };
        let objects: Vec<_> = contents.iter().map(|content| whole(content)).collect();
        let mut hashed = Vec::with_capacity(objects.len());
        object_ids(&objects, &mut hashed);
        let mut ids = Vec::with_capacity(hashed.len());
        for (id, content) in hashed.into_iter().zip(contents) {
            let id = id.map_err(|_| NewObjectError::Collision { kind })?;
            self.insert(id, kind, content)?;
            ids.push(id);
        }
        Ok(ids)
    }

    /// The object of this id.
    pub fn get(&self, id: &oid) -> Option<(ObjectKind, &Shared)> {
        self.objects.get(id).map(|(kind, content)| (*kind, content))
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Bytes that the objects take in memory.
    pub fn held_bytes(&self) -> u64 {
        self.held_bytes
    }

    /// The objects in an order fit for a pack: commits, tags, trees, blobs; those of one kind in the
    /// order in which they were added.
    pub fn in_pack_order(&self) -> impl Iterator<Item = (ObjectId, WholeObject<'_>)> {
        PACK_ORDER.into_iter().flat_map(move |wanted| {
            self.order.iter().filter_map(move |id| {
                let (kind, content) = self.get(id)?;
                (kind == wanted).then_some((*id, WholeObject { kind, content }))
            })
        })
    }

    /// Refuses an object that is larger than any of its kind may be.
    fn may_take(&self, kind: ObjectKind, content_bytes: usize) -> Result<(), NewObjectError> {
        let bytes = content_bytes as u64;
        let limit = self.control_object_bytes_max;
        if kind != ObjectKind::Blob && bytes > limit {
            return Err(NewObjectError::TooLarge { kind, bytes, limit });
        }
        Ok(())
    }

    fn insert(
        &mut self,
        id: ObjectId,
        kind: ObjectKind,
        content: Vec<u8>,
    ) -> Result<(), NewObjectError> {
        if self.objects.contains_key(&id) {
            return Ok(());
        }
        let bytes = content.len() as u64;
        let held = bytes
            .saturating_add(OBJECT_OVERHEAD_BYTES)
            .saturating_add(self.held_bytes);
        if held > self.held_bytes_max {
            return Err(NewObjectError::Full {
                kind,
                bytes,
                held_bytes: self.held_bytes,
                limit: self.held_bytes_max,
            });
        }
        self.held_bytes = held;
        self.order.push(id);
        self.objects.insert(id, (kind, Rc::new(content)));
        debug_assert_eq!(
            self.order.len(),
            self.objects.len(),
            "an object is here twice"
        );
        Ok(())
    }
}

/// New objects above stored ones. Walks and merges read them while the new ones are in no pack yet.
#[derive(Debug)]
pub struct WithNew<'a, S> {
    new_objects: &'a NewObjects,
    stored: &'a S,
}

impl<'a, S: ObjectSource> WithNew<'a, S> {
    /// Sees `new_objects` first, then the stored objects. It costs nothing to make one for each read,
    /// so that objects can be added in between.
    pub fn new(new_objects: &'a NewObjects, stored: &'a S) -> Self {
        Self {
            new_objects,
            stored,
        }
    }
}

impl<S: ObjectSource> ObjectSource for WithNew<'_, S> {
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
        match self.new_objects.get(id) {
            Some((kind, _)) => Ok(Some(kind)),
            None => self.stored.kind(id),
        }
    }

    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
        match self.new_objects.get(id) {
            Some((kind, content)) => Ok(Some((kind, Rc::clone(content)))),
            None => self.stored.read(id),
        }
    }

    fn size_bytes(&self, id: &oid) -> Result<Option<u64>, ReadError> {
        match self.new_objects.get(id) {
            Some((_, content)) => Ok(Some(content.len() as u64)),
            None => self.stored.size_bytes(id),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source with one blob, `stored`.
    struct OneBlob;

    impl ObjectSource for OneBlob {
        fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError> {
            Ok(self.read(id)?.map(|(kind, _)| kind))
        }

        fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError> {
            let blob = (ObjectKind::Blob, Rc::new(b"stored".to_vec()));
            let own = object_id(ObjectKind::Blob, b"stored").unwrap();
            Ok((own == id).then_some(blob))
        }
    }

    #[test]
    fn objects_are_kept_once_and_given_in_the_order_of_a_pack() {
        let mut objects = NewObjects::new(10_000, &Limits::DEFAULT);
        let kinds = [
            ObjectKind::Blob,
            ObjectKind::Tree,
            ObjectKind::Commit,
            ObjectKind::Tag,
        ];
        for kind in kinds.into_iter().chain(kinds) {
            objects.add(kind, b"same".to_vec()).unwrap();
        }
        let blobs = objects.add_all(ObjectKind::Blob, vec![b"x".to_vec(), b"same".to_vec()]);
        assert_eq!(
            blobs.unwrap()[1],
            object_id(ObjectKind::Blob, b"same").unwrap()
        );
        assert_eq!((objects.len(), objects.is_empty()), (5, false));
        let order: Vec<_> = objects
            .in_pack_order()
            .map(|(_, object)| object.kind)
            .collect();
        assert_eq!(
            order[..3],
            [ObjectKind::Commit, ObjectKind::Tag, ObjectKind::Tree]
        );
        assert_eq!(order[3..], [ObjectKind::Blob, ObjectKind::Blob]);
    }

    #[test]
    fn an_object_without_room_is_refused_with_the_numbers() {
        let mut objects = NewObjects::new(2 * OBJECT_OVERHEAD_BYTES + 10, &Limits::DEFAULT);
        objects.add(ObjectKind::Blob, vec![b'a'; 8]).unwrap();
        let refused = objects.add(ObjectKind::Tree, vec![b'b'; 3]);
        let expected = NewObjectError::Full {
            kind: ObjectKind::Tree,
            bytes: 3,
            held_bytes: OBJECT_OVERHEAD_BYTES + 8,
            limit: 2 * OBJECT_OVERHEAD_BYTES + 10,
        };
        assert_eq!(refused, Err(expected));
        objects.add(ObjectKind::Blob, vec![b'a'; 8]).unwrap();
        objects.add(ObjectKind::Blob, vec![b'c'; 2]).unwrap();
        assert_eq!(objects.len(), 2);
    }

    #[test]
    fn a_tree_larger_than_a_push_may_bring_is_refused() {
        let limits = Limits {
            control_object_bytes_max: 4,
            ..Limits::DEFAULT
        };
        let mut objects = NewObjects::new(10_000, &limits);
        let refused = objects.add(ObjectKind::Tree, vec![0; 5]);
        let expected = NewObjectError::TooLarge {
            kind: ObjectKind::Tree,
            bytes: 5,
            limit: 4,
        };
        assert_eq!(refused, Err(expected));
        objects.add(ObjectKind::Blob, vec![0; 5]).unwrap();
    }

    #[test]
    fn new_objects_are_seen_above_stored_ones() {
        let mut objects = NewObjects::new(10_000, &Limits::DEFAULT);
        let new = objects.add(ObjectKind::Tree, Vec::new()).unwrap();
        let stored = object_id(ObjectKind::Blob, b"stored").unwrap();
        let both = WithNew::new(&objects, &OneBlob);
        assert_eq!(both.kind(&new).unwrap(), Some(ObjectKind::Tree));
        assert_eq!(both.kind(&stored).unwrap(), Some(ObjectKind::Blob));
        assert_eq!(both.read(&new).unwrap().unwrap().1.len(), 0);
        assert_eq!(**both.read(&stored).unwrap().unwrap().1, *b"stored");
        assert_eq!(
            both.kind(&ObjectId::null(gix_hash::Kind::Sha1)).unwrap(),
            None
        );
    }
}
