//! Writes a pack of objects that were made here, one after the other, without deltas.

use cairn_deflate::Deflater;

use super::super::hash::{PackHasher, WholeObject};
use super::super::object::ObjectKind;
use super::super::pack::entry::{self, EntryKind};

/// A pack under way. It appends its bytes to the caller's buffer.
pub struct Packing {
    hasher: PackHasher,
    deflater: Deflater,
}

impl Packing {
    /// Writes the header of a pack of this many objects.
    pub fn new(object_count: u32, out: &mut Vec<u8>) -> Self {
        let mut packing = Self {
            hasher: PackHasher::default(),
            deflater: Deflater::new(),
        };
        packing.write(&entry::write_pack(object_count), out);
        packing
    }

    /// Writes an object whose content is in memory.
    pub fn put(&mut self, object: WholeObject<'_>, out: &mut Vec<u8>) {
        let from = out.len();
        let size_bytes = object.content.len() as u64;
        entry::write(&EntryKind::Whole(object.kind), size_bytes, out);
        self.deflater.append(object.content, out);
        self.hasher.update(out.get(from..).unwrap_or_default());
    }

    /// Begins a blob of this many bytes. The caller writes its zlib stream by [`Self::write`].
    pub fn open_blob(&mut self, size_bytes: u64, out: &mut Vec<u8>) {
        let from = out.len();
        entry::write(&EntryKind::Whole(ObjectKind::Blob), size_bytes, out);
        self.hasher.update(out.get(from..).unwrap_or_default());
    }

    /// Writes the next bytes as they are.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.hasher.update(bytes);
        out.extend_from_slice(bytes);
    }

    /// Writes the trailer.
    pub fn finish(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.hasher.finish());
    }
}
