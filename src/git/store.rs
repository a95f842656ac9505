//! The ports: the engine's demands on the storage.
//!
//! All calls are synchronous: in a Durable Object a run of code without `.await` is atomic, and
//! an `async` here would silently open that atomicity.
//!
//! A pack is kept as the stream that was received, header and trailer included, cut into chunks
//! of [`CHUNK_BYTES`]; so a byte's chunk is `offset / CHUNK_BYTES`. Beside it stand its parts
//! ([`Part`]): derived, compact, and rebuilt from the pack when lost.

use std::borrow::Cow;
use std::ops::{Deref, Range};
use std::rc::Rc;

use gix_hash::{ObjectId, oid};
use gix_object::bstr::BStr;

use super::object::ObjectKind;

mod error;
mod pieces;
pub(crate) mod scan;
#[cfg(test)]
pub(crate) mod testing;

pub use error::{LastingFault, StoreError};
pub use pieces::{Pieces, Shared};

/// Bytes of every chunk of a pack but the last.
///
/// A row may have 2,000,000 bytes; 256 KiB keeps the random read of one entry cheap (SQLite reads
/// a row whole) and still writes 100 MB in 400 rows.
pub const CHUNK_BYTES: usize = 256 << 10;

/// Bytes of a row of a part at most: a size that one database row takes comfortably.
pub(crate) const PART_ROW_BYTES_MAX: usize = 1 << 20;

/// Bytes of a row at most of a part that is read by pages: an index, a commit graph. A look-up reads
/// pages of some KiB, and SQLite reads the row around each of them whole.
pub(crate) const PAGED_ROW_BYTES_MAX: usize = 128 << 10;

/// A pack's number: unique within the repository and never used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PackId(pub u32);

/// A run of bytes of a stored pack: the seam between the engine, which names payload, and the
/// shell, which copies it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The pack.
    pub pack_id: PackId,
    /// Start of the run, in bytes from the start of the pack.
    pub offset: u64,
    /// Bytes in the run.
    pub length: u64,
}

/// A table that is derived from a pack and kept beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Part {
    /// `pack::index`: where each object is.
    Index = 1,
    /// `graph::segment`: the commits whose closure this pack's push proved.
    Graph = 2,
    /// `graph::introduced`: the objects that each of those commits introduces.
    Introduced = 3,
}

/// A live pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackRecord {
    /// Its number.
    pub pack_id: PackId,
    /// Bytes of the stored stream, with header and trailer.
    pub pack_bytes: u64,
    /// Entries in the pack.
    pub object_count: u32,
}

/// A chunk that is not in the store but elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColdChunk {
    /// The pack.
    pub pack_id: PackId,
    /// The chunk.
    pub number: u32,
}

impl StoreError {
    /// The chunk to fetch before the same is tried again, if that is all that is wrong.
    pub fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Cold { pack, chunk } => Some(ColdChunk {
                pack_id: PackId(*pack),
                number: *chunk,
            }),
            _ => None,
        }
    }
}

impl ReadError {
    /// As [`StoreError::cold`].
    pub fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Store(error) => error.cold(),
            _ => None,
        }
    }
}

/// Reads parts of packs, for as long as it is held: a graph that is read by pages keeps one.
pub trait PartReader {
    /// Bytes of the smallest part that is read by pages: below, the whole costs as much as the pages of
    /// a few questions, and answers faster.
    fn paged_bytes_min(&self) -> usize {
        1 << 20
    }

    /// Bytes of a table at most that is read whole once more than half of its pages were: the generations and
    /// the parents of a million commits.
    fn whole_table_bytes_max(&self) -> usize {
        8 << 20
    }

    /// As [`PackStore::part`].
    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError>;

    /// As [`PackStore::part_range`].
    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError>;

    /// Bytes of the part. `None`: it is not read by ranges.
    fn part_len(&self, _pack_id: PackId, _part: Part) -> Result<Option<usize>, StoreError> {
        Ok(None)
    }
}

/// Rows for tables of one push that memory has no room for. They are gone once nobody holds this,
/// and after a crash they are swept like a pack in quarantine.
pub trait Scratch: std::fmt::Debug {
    /// Writes a row of at most [`CHUNK_BYTES`], in place of the one that has the number.
    fn put(&self, number: u32, bytes: &[u8]) -> Result<(), StoreError>;

    /// The row with this number.
    fn get(&self, number: u32) -> Result<Vec<u8>, StoreError>;
}

/// Live packs, read.
pub trait PackStore {
    /// The live packs in the order in which they were published: a stored delta's base is in its
    /// own pack or in one before it.
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError>;

    /// A part of a pack, whole. Shared: asking again is cheap while the cache holds it.
    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError>;

    /// The index part of a pack, in pieces: it may be large, so a store that has it in pieces does
    /// not join them.
    fn index(&self, pack_id: PackId) -> Result<Pieces, StoreError> {
        self.part(pack_id, Part::Index).map(Pieces::from)
    }

    /// A range of a part's bytes. `None`: the caller must take the whole part, because this store
    /// holds it already or cannot read it by ranges. The store may keep each range that is read, so
    /// a caller asks for the same ranges again.
    fn part_range(
        &self,
        _pack_id: PackId,
        _part: Part,
        _range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        Ok(None)
    }

    /// The same for a caller that never takes a whole part: a store that holds the part whole cuts the range
    /// out of it. `None` only where the store cannot read the part by ranges.
    fn part_run(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        self.part_range(pack_id, part, range)
    }

    /// Reads the parts of this pack for a caller that outlives the call. `None`: this store has no
    /// such reader, and the caller must take the whole part.
    fn part_reader(&self, _pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        None
    }

    /// The same for a caller that goes over parts from end to end: it keeps no page for others, and takes no
    /// table of a part whole.
    fn part_scanner(&self, _pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        None
    }

    /// Chunk `number` of a pack (live, or of the caller's own quarantine).
    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError>;
}

/// A pointer to a store is a store, and reads as that one does.
impl<P> PackStore for P
where
    P: Deref,
    P::Target: PackStore,
{
    fn live_packs(&self) -> Result<Rc<Vec<PackRecord>>, StoreError> {
        (**self).live_packs()
    }

    fn part(&self, pack_id: PackId, part: Part) -> Result<Shared, StoreError> {
        (**self).part(pack_id, part)
    }

    fn index(&self, pack_id: PackId) -> Result<Pieces, StoreError> {
        (**self).index(pack_id)
    }

    fn part_range(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        (**self).part_range(pack_id, part, range)
    }

    fn part_run(
        &self,
        pack_id: PackId,
        part: Part,
        range: Range<usize>,
    ) -> Result<Option<Shared>, StoreError> {
        (**self).part_run(pack_id, part, range)
    }

    fn part_reader(&self, pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        (**self).part_reader(pack_id)
    }

    fn part_scanner(&self, pack_id: PackId) -> Option<Rc<dyn PartReader>> {
        (**self).part_scanner(pack_id)
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        (**self).chunk(pack_id, number)
    }
}

/// An unfinished push's pack, written. Invisible until it is published.
pub trait Quarantine {
    /// Registers a new pack in quarantine.
    fn open_pack(&self) -> Result<PackId, StoreError>;

    /// Writes chunk `number`; every chunk but the last has [`CHUNK_BYTES`].
    fn put_chunk(&self, pack_id: PackId, number: u32, bytes: &[u8]) -> Result<(), StoreError>;

    /// Opens a place for a push's own use: chunks that are written and read like a pack's, in
    /// quarantine, and never published.
    fn open_scratch(&self) -> Result<PackId, StoreError> {
        self.open_pack()
    }

    /// Removes the scratch of [`Quarantine::open_scratch`]. A later sweep removes scratch that was not
    /// dropped.
    fn drop_scratch(&self, _scratch_id: PackId) -> Result<(), StoreError> {
        Ok(())
    }

    /// Writes the next row of a part; the rows of a part, joined, are the part.
    fn put_part(
        &self,
        pack_id: PackId,
        part: Part,
        number: u32,
        bytes: &[u8],
    ) -> Result<(), StoreError>;
}

/// Refs, as a fetch asks for them.
pub trait RefSource {
    /// The target of the ref with this full name (or `HEAD`).
    fn ref_target(&self, name: &BStr) -> Result<Option<ObjectId>, StoreError>;

    /// Annotated tags that refs under `refs/tags/` name, each with the id that it peels to.
    fn annotated_tags(&self) -> Result<Vec<(ObjectId, ObjectId)>, StoreError>;

    /// Commits that are stored without their parents; usually there are none.
    fn shallow_commits(&self) -> Result<Vec<ObjectId>, StoreError> {
        Ok(Vec::new())
    }
}

impl<T: RefSource + ?Sized> RefSource for Rc<T> {
    fn ref_target(&self, name: &BStr) -> Result<Option<ObjectId>, StoreError> {
        T::ref_target(self, name)
    }

    fn annotated_tags(&self) -> Result<Vec<(ObjectId, ObjectId)>, StoreError> {
        T::annotated_tags(self)
    }

    fn shallow_commits(&self) -> Result<Vec<ObjectId>, StoreError> {
        T::shallow_commits(self)
    }
}

/// Which objects a client may name by id.
pub(crate) trait Nameable {
    /// The first of these that it may not name; `None` when it may name them all.
    fn first_hidden(&self, ids: &[ObjectId]) -> Result<Option<ObjectId>, ReadError>;
}

/// Allows every stored object to be named: for the server's own requests.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Everything;

impl Nameable for Everything {
    fn first_hidden(&self, _ids: &[ObjectId]) -> Result<Option<ObjectId>, ReadError> {
        Ok(None)
    }
}

/// Objects by id, wherever they are: walks read through this.
pub trait ObjectSource {
    /// The kind of the object, or `None` when it is not here.
    fn kind(&self, id: &oid) -> Result<Option<ObjectKind>, ReadError>;

    /// The object's kind and content, held whole: for commits, trees, tags and small blobs.
    /// Larger than `Limits::control_object_bytes_max` is [`ReadError::TooLarge`].
    fn read(&self, id: &oid) -> Result<Option<(ObjectKind, Shared)>, ReadError>;

    /// Bytes of the object's content, or `None` when it is not here. A source that knows the size
    /// without the content overrides this.
    fn size_bytes(&self, id: &oid) -> Result<Option<u64>, ReadError> {
        match self.read(id) {
            Ok(found) => Ok(found.map(|(_, content)| content.len() as u64)),
            Err(ReadError::TooLarge { size, .. }) => Ok(Some(size)),
            Err(error) => Err(error),
        }
    }
}

/// An object could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored entry does not decode: our corruption.
    #[error("stored object {id} is corrupt: {what}")]
    Corrupt {
        /// The object.
        id: ObjectId,
        /// The defect.
        what: &'static str,
    },
    /// The object is too large to be held whole.
    #[error("object {id} has {size} bytes, at most {limit} can be read whole")]
    TooLarge {
        /// The object.
        id: ObjectId,
        /// Its size in bytes.
        size: u64,
        /// The bound.
        limit: u64,
    },
}

impl ReadError {
    /// The text for a client; the log has the cause.
    pub fn told(&self) -> Cow<'static, str> {
        match self {
            Self::Store(error) => error.told().into(),
            Self::Corrupt { .. } => LastingFault::Damaged.told().into(),
            Self::TooLarge { .. } => self.to_string().into(),
        }
    }
}
