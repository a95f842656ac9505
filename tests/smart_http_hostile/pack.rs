//! Packs written by hand, entry by entry, with any mistake; and the contents of objects.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use gix_hash::ObjectId;
use sha1::{Digest as _, Sha1};

pub const COMMIT: u8 = 1;
pub const TREE: u8 = 2;
pub const BLOB: u8 = 3;
pub const TAG: u8 = 4;
pub const OFS_DELTA: u8 = 6;
pub const REF_DELTA: u8 = 7;

/// An identity with a date.
pub const IDENTITY: &str = "A U Thor <author@example.com> 1700000000 +0000";

/// A pack under construction.
#[derive(Debug, Clone)]
pub struct Pack {
    bytes: Vec<u8>,
    count: u32,
    /// Where its parts end: a truncation cuts there.
    pub boundaries: Vec<(String, usize)>,
}

impl Pack {
    pub fn new() -> Self {
        let bytes = [b"PACK".as_slice(), &[0, 0, 0, 2], &[0; 4]].concat();
        let boundaries = [("magic", 4), ("version", 8), ("header", 12)];
        let boundaries = boundaries.map(|(name, at)| (name.to_owned(), at));
        Self {
            bytes,
            count: 0,
            boundaries: boundaries.into(),
        }
    }

    /// Where the next entry starts.
    pub fn offset(&self) -> usize {
        self.bytes.len()
    }

    /// Adds a whole object and gives its id.
    pub fn object(&mut self, kind: u8, content: &[u8]) -> ObjectId {
        self.entry(kind, content.len() as u64, b"", &deflate(content));
        object_id(kind, content)
    }

    pub fn blob(&mut self, content: &[u8]) -> ObjectId {
        self.object(BLOB, content)
    }

    /// Adds a tree and gives its id; entries as (mode, name, id), in the order given.
    pub fn tree(&mut self, entries: &[(&str, &[u8], ObjectId)]) -> ObjectId {
        self.object(TREE, &tree(entries))
    }

    /// Adds a commit and gives its id.
    pub fn commit(&mut self, tree: ObjectId, parents: &[ObjectId]) -> ObjectId {
        self.object(COMMIT, &commit(tree, parents))
    }

    /// Adds a delta on the entry that starts `distance` bytes before this one.
    pub fn ofs_delta(&mut self, distance: u64, delta: &[u8]) {
        self.entry(
            OFS_DELTA,
            delta.len() as u64,
            &ofs(distance),
            &deflate(delta),
        );
    }

    /// Adds a delta on an object by its id.
    pub fn ref_delta(&mut self, base_id: ObjectId, delta: &[u8]) {
        let size = delta.len() as u64;
        self.entry(REF_DELTA, size, base_id.as_slice(), &deflate(delta));
    }

    /// Adds an entry whose header may lie.
    pub fn entry(&mut self, kind: u8, size: u64, base: &[u8], compressed: &[u8]) {
        let number = self.count;
        self.bytes.extend(entry_header(kind, size));
        self.mark(format!("header of entry {number}"));
        if !base.is_empty() {
            self.bytes.extend_from_slice(base);
            self.mark(format!("base of entry {number}"));
        }
        self.bytes.extend_from_slice(compressed);
        self.mark(format!("entry {number}"));
        self.count += 1;
    }

    /// Adds bytes that count as one entry.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.count += 1;
    }

    /// The pack with its count and its trailer.
    pub fn finish(self) -> Vec<u8> {
        let count = self.count;
        self.finish_as(2, count)
    }

    /// The pack with any header, and the trailer that fits.
    pub fn finish_as(mut self, version: u32, count: u32) -> Vec<u8> {
        self.bytes[4..8].copy_from_slice(&version.to_be_bytes());
        self.bytes[8..12].copy_from_slice(&count.to_be_bytes());
        sealed(self.bytes)
    }

    fn mark(&mut self, name: String) {
        self.boundaries.push((name, self.bytes.len()));
    }
}

/// Bytes with their SHA-1 behind them.
pub fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let trailer = Sha1::digest(&bytes);
    bytes.extend_from_slice(&trailer);
    bytes
}

/// An entry's kind and size, the size in groups of 4 and then 7 bits.
pub fn entry_header(kind: u8, size: u64) -> Vec<u8> {
    let mut rest = size >> 4;
    let mut byte = (kind << 4) | (size & 15) as u8;
    let mut out = Vec::new();
    while rest > 0 {
        out.push(byte | 0x80);
        byte = (rest & 0x7f) as u8;
        rest >>= 7;
    }
    out.push(byte);
    out
}

/// A distance as an ofs-delta's header has it.
pub fn ofs(distance: u64) -> Vec<u8> {
    let mut out = vec![(distance & 0x7f) as u8];
    let mut rest = distance >> 7;
    while rest > 0 {
        rest -= 1;
        out.push(0x80 | (rest & 0x7f) as u8);
        rest >>= 7;
    }
    out.reverse();
    out
}

pub fn deflate(content: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

pub fn object_id(kind: u8, content: &[u8]) -> ObjectId {
    let name = ["", "commit", "tree", "blob", "tag"][usize::from(kind)];
    let mut hash = Sha1::new();
    hash.update(format!("{name} {}\0", content.len()));
    hash.update(content);
    ObjectId::from_bytes_or_panic(&hash.finalize())
}

pub fn tree(entries: &[(&str, &[u8], ObjectId)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (mode, name, id) in entries {
        out.extend([mode.as_bytes(), b" ", name, b"\0", id.as_slice()].concat());
    }
    out
}

pub fn commit(tree: ObjectId, parents: &[ObjectId]) -> Vec<u8> {
    let mut out = format!("tree {tree}\n");
    for parent in parents {
        out += &format!("parent {parent}\n");
    }
    out += &format!("author {IDENTITY}\ncommitter {IDENTITY}\n\nmessage\n");
    out.into_bytes()
}

pub fn tag(target: ObjectId, kind: &str) -> Vec<u8> {
    format!("object {target}\ntype {kind}\ntag v1\ntagger {IDENTITY}\n\nmessage\n").into_bytes()
}

/// A delta: the sizes that it names, and its instructions.
pub fn delta(base: u64, result: u64, instructions: &[u8]) -> Vec<u8> {
    [size(base).as_slice(), &size(result), instructions].concat()
}

/// A delta's size: seven bits a byte, the lowest first.
fn size(mut size: u64) -> Vec<u8> {
    let mut out = Vec::new();
    while size > 0x7f {
        out.push((size & 0x7f) as u8 | 0x80);
        size >>= 7;
    }
    out.push(size as u8);
    out
}

/// The instruction that copies `length` bytes at `offset`.
pub fn copy(offset: u32, length: u32) -> Vec<u8> {
    let length = length.to_le_bytes();
    [&[0xff], offset.to_le_bytes().as_slice(), &length[..3]].concat()
}

/// The instruction that inserts up to 127 bytes.
pub fn insert(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("at most 127 bytes");
    [&[length], bytes].concat()
}

/// The delta that copies its whole base and appends to it.
pub fn append(base: &[u8], suffix: &[u8]) -> Vec<u8> {
    let length = u32::try_from(base.len()).expect("a small base");
    let instructions = [copy(0, length), insert(suffix)].concat();
    delta(
        base.len() as u64,
        (base.len() + suffix.len()) as u64,
        &instructions,
    )
}

/// An id that nothing has.
pub fn nobody(number: u8) -> ObjectId {
    ObjectId::from([number; 20])
}
