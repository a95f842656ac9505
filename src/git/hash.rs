//! Object ids and pack checksums.
//!
//! An object's id is its identity, so it is computed with collision detection, as git's own
//! SHA-1 does (`sha1dc`). A pack's trailer is only a checksum of a transfer, so plain SHA-1,
//! which is half as dear, is enough.

use gix_hash::ObjectId;
use sha1::{Digest, Sha1};

use super::object::ObjectKind;

mod batch;
mod compression;
mod conditions;
mod disturbance;
mod lanes;
mod message;
#[cfg(test)]
mod published;
mod recompression;

pub use batch::object_ids;

/// The bytes show the traces of a SHA-1 collision attack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("object shows a sha-1 collision attack")]
pub struct CollisionDetected;

/// Computes the id of one object while its content passes by.
#[derive(Clone)]
pub struct ObjectHasher(gix_hash::Hasher);

impl ObjectHasher {
    /// Starts with the object's header, `<kind> <size>\0`.
    pub fn new(kind: ObjectKind, size_bytes: u64) -> Self {
        let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha1);
        hasher.update(&gix_object::encode::loose_header(kind.into(), size_bytes));
        Self(hasher)
    }

    /// Takes the next bytes of the content.
    pub fn update(&mut self, content: &[u8]) {
        self.0.update(content);
    }

    /// The object's id.
    pub fn finish(self) -> Result<ObjectId, CollisionDetected> {
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
