//! Object ids and pack checksums.
//!
//! An object's id is its identity, so it is computed with collision detection, as git's own
//! SHA-1 does (`sha1dc`). A pack's trailer is only a checksum of a transfer, so plain SHA-1 is
//! enough, which costs half as much.

use gix_hash::ObjectId;
use sha1::{Digest, Sha1};

use super::object::ObjectKind;

pub(crate) use cairn_sha1::CollisionDetected;

/// An object that is held whole.
#[derive(Debug, Clone, Copy)]
pub struct WholeObject<'a> {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its content, without the header that an id is computed with.
    pub content: &'a [u8],
}

impl cairn_sha1::Message for WholeObject<'_> {
    /// The object's header, `<kind> <size>\0`.
    fn prefix(&self) -> impl AsRef<[u8]> {
        gix_object::encode::loose_header(self.kind.into(), self.content.len() as u64)
    }

    fn content(&self) -> &[u8] {
        self.content
    }
}

/// Appends the ids of these objects to `ids`, in order. Each equals the result of [`object_id`] for the
/// object, an error included.
///
/// As wasm, four objects are hashed at once (docs/adr/0051): the more there are, the more is
/// gained.
pub fn object_ids(objects: &[WholeObject<'_>], ids: &mut Vec<Result<ObjectId, CollisionDetected>>) {
    cairn_sha1::digests(objects, ids);
}

/// Computes the id of one object while its content passes by.
#[derive(Clone)]
pub(crate) struct ObjectHasher(gix_hash::Hasher);

impl ObjectHasher {
    /// Starts with the object's header, `<kind> <size>\0`.
    pub(crate) fn new(kind: ObjectKind, size_bytes: u64) -> Self {
        let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
        hasher.update(&gix_object::encode::loose_header(kind.into(), size_bytes));
        Self(hasher)
    }

    /// Takes the next bytes of the content.
    pub(crate) fn update(&mut self, content: &[u8]) {
        self.0.update(content);
    }

    /// The object's id.
    pub(crate) fn finish(self) -> Result<ObjectId, CollisionDetected> {
        self.0.try_finalize().map_err(|_| CollisionDetected)
    }
}

/// The id of an object that is held whole.
pub fn object_id(kind: ObjectKind, content: &[u8]) -> Result<ObjectId, CollisionDetected> {
    let mut hasher = ObjectHasher::new(kind, content.len() as u64);
    hasher.update(content);
    hasher.finish()
}

/// Computes the trailer of a pack while its bytes pass by.
#[derive(Clone, Default)]
pub struct PackHasher(Sha1);

impl PackHasher {
    /// Takes the next bytes of the pack.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The pack's checksum, 20 bytes.
    pub fn finish(self) -> [u8; 20] {
        self.0.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_blob_and_the_empty_tree_have_their_well_known_ids() {
        let blob = object_id(ObjectKind::Blob, b"").unwrap();
        assert_eq!(blob.to_string(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
        let tree = object_id(ObjectKind::Tree, b"").unwrap();
        assert_eq!(tree.to_string(), "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
    }
}
