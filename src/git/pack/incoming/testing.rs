//! Doubles and makers for the tests of this folder: chunks in memory, bases in memory, packs with
//! any mistake one likes.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::Write;
use std::rc::Rc;

use flate2::{Compression, write::ZlibEncoder};
use gix_hash::{ObjectId, oid};

use super::super::super::hash::PackHasher;
use super::super::super::limits::Limits;
use super::super::super::object::ObjectKind;
use super::super::super::store::{
    PackId, PackRecord, PackStore, Part, Quarantine, ReadError, Scratch, Shared, StoreError,
};
use super::super::entry::{self, EntryKind};
use super::super::parser::PackParser;
use super::super::parser::error::{PackError, Refusal};
use super::super::resolver::{Resolver, Step};
use super::bases::{ExternalBase, ExternalBases};
use super::objects::{IncomingObjects, Sources};

/// Chunks in memory, of one pack and of scratch.
#[derive(Default)]
pub(crate) struct MemoryStore {
    chunks: RefCell<HashMap<(PackId, u32), Shared>>,
    scratches: Cell<u32>,
}

impl MemoryStore {
    pub(crate) fn chunk_count(&self) -> usize {
        self.chunks.borrow().len()
    }

    /// How many scratches were opened.
    pub(crate) fn scratches(&self) -> u32 {
        self.scratches.get()
    }
}

impl Quarantine for MemoryStore {
    fn open_pack(&self) -> Result<PackId, StoreError> {
        Ok(PackId(7))
    }

    fn put_chunk(&self, pack_id: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let chunk = Rc::new(bytes.to_vec());
        let before = self.chunks.borrow_mut().insert((pack_id, number), chunk);
        assert!(before.is_none(), "chunk {number} is written twice");
        Ok(())
    }

    fn open_scratch(&self) -> Result<PackId, StoreError> {
        self.scratches.set(self.scratches.get() + 1);
        Ok(PackId(100 + self.scratches.get()))
    }

    fn drop_scratch(&self, scratch_id: PackId) -> Result<(), StoreError> {
        self.chunks
            .borrow_mut()
            .retain(|key, _| key.0 != scratch_id);
        Ok(())
    }

    fn put_part(&self, _: PackId, _: Part, _: u32, _: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }
}

impl PackStore for MemoryStore {
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        Ok(Rc::default())
    }

    fn part(&self, pack_id: PackId, _: Part) -> Result<Shared, StoreError> {
        Err(StoreError::Missing {
            what: "part",
            pack: pack_id.0,
        })
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        let chunk = self.chunks.borrow().get(&(pack_id, number)).cloned();
        chunk.ok_or(StoreError::Missing {
            what: "chunk",
            pack: pack_id.0,
        })
    }
}

/// Rows in memory; those of one number can be lost.
#[derive(Debug, Default)]
pub(crate) struct MemoryScratch {
    rows: RefCell<HashMap<u32, Vec<u8>>>,
    pub(crate) written: Cell<usize>,
    pub(crate) lost: Cell<Option<u32>>,
    /// Rows that can be written before it is full.
    pub(crate) written_max: Cell<Option<usize>>,
}

impl Scratch for MemoryScratch {
    fn put(&self, number: u32, bytes: &[u8]) -> Result<(), StoreError> {
        let most = self.written_max.get();
        if most.is_some_and(|most| self.written.get() >= most) {
            return Err(StoreError::Failed("it is full".to_owned()));
        }
        self.written.set(self.written.get() + 1);
        self.rows.borrow_mut().insert(number, bytes.to_vec());
        Ok(())
    }

    fn get(&self, number: u32) -> Result<Vec<u8>, StoreError> {
        let found = self.rows.borrow().get(&number).cloned();
        let found = found.filter(|_| self.lost.get() != Some(number));
        found.ok_or_else(|| StoreError::Failed("it is lost".to_owned()))
    }
}

/// Bases outside the pack.
#[derive(Default)]
pub(crate) struct MemoryBases(pub HashMap<ObjectId, ExternalBase>);

impl ExternalBases for MemoryBases {
    fn base(&self, id: &oid) -> Result<Option<ExternalBase>, ReadError> {
        Ok(self.0.get(id).cloned())
    }
}

/// Writes packs entry by entry.
pub(crate) struct PackMaker {
    bytes: Vec<u8>,
    count: u32,
}

impl PackMaker {
    pub(crate) fn new() -> Self {
        Self {
            bytes: entry::write_pack(0).to_vec(),
            count: 0,
        }
    }

    /// Appends an entry and gives its offset.
    pub(crate) fn entry(&mut self, kind: EntryKind, content: &[u8]) -> u64 {
        let offset = self.bytes.len() as u64;
        entry::write(&kind, content.len() as u64, &mut self.bytes);
        self.bytes.extend(deflate(content));
        self.count += 1;
        offset
    }

    pub(crate) fn blob(&mut self, content: &[u8]) -> u64 {
        self.entry(EntryKind::Whole(ObjectKind::Blob), content)
    }

    pub(crate) fn ofs_delta(&mut self, base_offset: u64, delta: &[u8]) -> u64 {
        let distance = (self.bytes.len() as u64).wrapping_sub(base_offset);
        self.entry(EntryKind::OfsDelta { distance }, delta)
    }

    pub(crate) fn ref_delta(&mut self, base_id: ObjectId, delta: &[u8]) -> u64 {
        self.entry(EntryKind::RefDelta { base_id }, delta)
    }

    /// Appends bytes that are not an entry of this maker.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.count += 1;
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        let mut bytes = entry::write_pack(self.count).to_vec();
        bytes.extend_from_slice(&self.bytes[12..]);
        let mut hasher = PackHasher::default();
        hasher.update(&bytes);
        bytes.extend(hasher.finish());
        bytes
    }
}

pub(crate) fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A delta that copies the whole base and appends a few bytes.
pub(crate) fn appending(base_bytes: usize, suffix: &[u8]) -> Vec<u8> {
    let mut delta = Vec::new();
    for mut size in [base_bytes, base_bytes + suffix.len()] {
        while size > 0x7f {
            delta.push(u8::try_from(size & 0x7f).unwrap() | 0x80);
            size >>= 7;
        }
        delta.push(u8::try_from(size).unwrap());
    }
    let mut copied = 0;
    while copied < base_bytes {
        let length = (base_bytes - copied).min(0xff_ffff);
        delta.push(0xff);
        delta.extend(&u32::try_from(copied).unwrap().to_le_bytes());
        delta.extend(&u32::try_from(length).unwrap().to_le_bytes()[..3]);
        copied += length;
    }
    if !suffix.is_empty() {
        delta.push(u8::try_from(suffix.len()).unwrap());
        delta.extend(suffix);
    }
    delta
}

/// Objects that an observer saw: position, id and kind.
pub(crate) type Seen = Vec<(u32, ObjectId, ObjectKind)>;

/// Parses a pack given in pieces, up to the end of its input.
pub(crate) fn parse<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
    store: &MemoryStore,
    seen: &mut Seen,
) -> Result<IncomingObjects, PackError> {
    let mut observer = |position, id: &ObjectId, kind, _: &[u8]| -> Result<(), Refusal> {
        seen.push((position, *id, kind));
        Ok(())
    };
    let mut parser = PackParser::new(limits);
    for piece in pieces {
        parser.feed(piece, store, &mut observer)?;
    }
    parser.finish_input()
}

/// Parses a pack and resolves all of it.
pub(crate) fn take<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
    bases: &MemoryBases,
) -> Result<(IncomingObjects, Seen), PackError> {
    take_into(&MemoryStore::default(), pieces, limits, bases)
}

/// The same, with the store that the chunks go to.
pub(crate) fn take_into<'a>(
    store: &MemoryStore,
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limits: Limits,
    bases: &MemoryBases,
) -> Result<(IncomingObjects, Seen), PackError> {
    let mut seen = Seen::new();
    let mut resolver = Resolver::new(parse(pieces, limits, store, &mut seen)?);
    let mut observer = |position, id: &ObjectId, kind, _: &[u8]| -> Result<(), Refusal> {
        seen.push((position, *id, kind));
        Ok(())
    };
    let sources = Sources { store, bases };
    while resolver.step(1000, sources, store, &mut observer)? == Step::More {}
    Ok((resolver.finish(), seen))
}
