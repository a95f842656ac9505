//! The objects outside an incoming pack that its deltas build on.

use gix_hash::oid;

use super::super::super::object::ObjectKind;
use super::super::super::store::{ReadError, Shared};
use super::super::reader::blob::BlobReader;

/// An object that a delta of the pack builds on and that the pack does not hold.
#[derive(Debug, Clone)]
pub struct ExternalBase {
    /// Its kind.
    pub kind: ObjectKind,
    /// Its content.
    pub content: Shared,
    /// Links of its own delta chain, as it is stored.
    pub depth: u16,
}

/// The facts of a base outside the pack, known before it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseFacts {
    /// Its kind.
    pub kind: ObjectKind,
    /// Bytes of its content.
    pub size_bytes: u64,
    /// Links of its own delta chain, as it is stored.
    pub depth: u16,
}

/// The objects of live packs, as bases of thin deltas.
pub trait ExternalBases {
    /// The facts of the object, or `None` when no live pack holds it.
    fn facts(&self, id: &oid) -> Result<Option<BaseFacts>, ReadError> {
        Ok(self.base(id)?.map(|base| BaseFacts {
            kind: base.kind,
            size_bytes: base.content.len() as u64,
            depth: base.depth,
        }))
    }

    /// Opens an object of any size, to be read in pieces.
    fn open(&self, _id: &oid) -> Result<Option<BlobReader>, ReadError> {
        Ok(None)
    }

    /// The next piece of an object opened; `None` after the last.
    fn next_piece(&self, _reader: &mut BlobReader) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(None)
    }

    /// The object, or `None` when no live pack holds it. One above `Limits::delta_bytes_max` is
    /// [`ReadError::TooLarge`].
    fn base(&self, id: &oid) -> Result<Option<ExternalBase>, ReadError>;
}
