//! Defects of an incoming pack.

use gix_hash::ObjectId;

use super::super::super::object::ObjectKind;
use super::super::super::store::{ColdChunk, ReadError, StoreError};
use super::super::delta::DeltaError;
use super::super::entry::EntryError;
use super::super::inflate::InflateError;

/// An observer's refusal of an object, in the words for the pusher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(pub String);

/// An incoming pack is refused, or could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// The pack's own header is wrong.
    #[error(transparent)]
    Header(EntryError),
    /// The header announces too many entries.
    #[error(
        "the pack has {count} objects, at most {limit} are taken at once: push the history in \
         parts, older commits first, as in 'git push <remote> <older commit>:refs/heads/main', or \
         import it"
    )]
    TooManyObjects {
        /// Entries announced.
        count: u32,
        /// The bound.
        limit: u32,
    },
    /// Too many entries name the base of their delta by its id.
    #[error(
        "more than {limit} deltas of the pack name their base by its id: push the history in parts, \
         older commits first, or with a client that sends ofs-deltas, as git does"
    )]
    TooManyRefDeltas {
        /// The bound.
        limit: usize,
    },
    /// There is no memory for the table of the entries.
    #[error("no memory for a pack of {announced} objects: push again later, or in parts")]
    OutOfMemory {
        /// Entries announced.
        announced: u32,
    },
    /// The stream is too long.
    #[error(
        "pack exceeds the maximum size of {limit} bytes: push the history in parts, older commits \
         first"
    )]
    PackTooLarge {
        /// The bound.
        limit: u64,
    },
    /// An entry's header is wrong.
    #[error("bad object at offset {offset}: {source}")]
    Entry {
        /// Offset of the entry.
        offset: u64,
        /// The defect.
        source: EntryError,
    },
    /// An entry's zlib stream is wrong.
    #[error("bad object at offset {offset}: {source}")]
    Inflate {
        /// Offset of the entry.
        offset: u64,
        /// The defect.
        source: InflateError,
    },
    /// A delta cannot be applied.
    #[error("failed to apply delta at offset {offset}: {source}")]
    Delta {
        /// Offset of the entry.
        offset: u64,
        /// The defect.
        source: DeltaError,
    },
    /// An object is larger than its kind may be.
    #[error("{kind} at offset {offset} has {size} bytes, at most {limit} are accepted")]
    ObjectTooLarge {
        /// Offset of the entry.
        offset: u64,
        /// The object's kind.
        kind: ObjectKind,
        /// Its size in bytes.
        size: u64,
        /// The bound.
        limit: u64,
    },
    /// A delta needs more memory than there is to hold it whole.
    #[error(
        "delta {what} at offset {offset} has {size} bytes, at most {limit} are accepted: send the \
         objects whole with 'git -c pack.depth=0 push'"
    )]
    DeltaTooLarge {
        /// Offset of the delta's entry.
        offset: u64,
        /// `instructions`, `base` or `result`.
        what: &'static str,
        /// Its size in bytes.
        size: u64,
        /// The bound.
        limit: u64,
    },
    /// The compressor failed, which it does not.
    #[error("failed to deflate the object stored at offset {offset}")]
    Deflate {
        /// Offset of its entry.
        offset: u64,
    },
    /// A delta names a base before the first entry.
    #[error("delta base offset is out of bound: {distance} bytes before offset {offset}")]
    BaseOutOfPack {
        /// Offset of the delta's entry.
        offset: u64,
        /// The distance it names.
        distance: u64,
    },
    /// A delta names a base in the middle of an entry.
    #[error("delta at offset {offset} names a base at {base_offset}, where no object starts")]
    BaseNotAnEntry {
        /// Offset of the delta's entry.
        offset: u64,
        /// Offset at which the base should start.
        base_offset: u64,
    },
    /// A delta chain is too long.
    #[error(
        "delta chain at offset {offset} exceeds the maximum depth of {limit}: send the objects whole \
         with 'git -c pack.depth=0 push'"
    )]
    ChainTooLong {
        /// Offset of the delta's entry.
        offset: u64,
        /// The bound.
        limit: u16,
    },
    /// An object shows the traces of a SHA-1 collision attack.
    #[error("object at offset {offset} appears to be part of a sha-1 collision attack")]
    Collision {
        /// Offset of the entry.
        offset: u64,
    },
    /// The observer refused an object.
    #[error("{kind} {id}: {reason}")]
    Refused {
        /// The object.
        id: ObjectId,
        /// Its kind.
        kind: ObjectKind,
        /// The observer's words.
        reason: String,
    },
    /// The objects together are more than a pack of these bytes may become.
    #[error(
        "pack of {pack_bytes} bytes needs more than {limit} bytes of unpacking: push fewer commits at \
         once, or send the objects whole with 'git -c pack.depth=0 push'"
    )]
    TooMuchWork {
        /// Bytes of the pack so far.
        pack_bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// The objects that are stored whole would have too many bytes.
    #[error(
        "pack of {pack_bytes} bytes makes more than {limit} bytes of objects that are stored \
         whole: push fewer commits at once, or send the objects whole with \
         'git -c pack.depth=0 push'"
    )]
    TooMuchAppended {
        /// Bytes of the pack.
        pack_bytes: u64,
        /// The bound.
        limit: u64,
    },
    /// The trailer is not the SHA-1 of the bytes before it.
    #[error("pack is corrupted (sha-1 mismatch): trailer {expected}, computed {actual}")]
    Trailer {
        /// The trailer received.
        expected: ObjectId,
        /// The checksum of the received bytes.
        actual: ObjectId,
    },
    /// Bytes follow the trailer.
    #[error("pack has junk at the end")]
    Junk,
    /// The stream ended before the pack did.
    #[error("early end of pack after {pack_bytes} bytes, {received} of {announced} objects")]
    Truncated {
        /// Bytes received.
        pack_bytes: u64,
        /// Entries received whole.
        received: u32,
        /// Entries announced.
        announced: u32,
    },
    /// Deltas whose base is neither in the pack nor stored.
    #[error("pack has {count} unresolved deltas, the first lacks its base {base_id}")]
    Unresolved {
        /// How many.
        count: u32,
        /// The base of the first of them.
        base_id: ObjectId,
    },
    /// The table and the stream disagree: an error of ours.
    #[error("no entry at position {position}")]
    NoEntry {
        /// The position asked for.
        position: u32,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A base outside the pack could not be read.
    #[error(transparent)]
    Base(#[from] ReadError),
}

impl PackError {
    /// As [`StoreError::cold`].
    pub fn cold(&self) -> Option<ColdChunk> {
        match self {
            Self::Store(error) => error.cold(),
            Self::Base(error) => error.cold(),
            _ => None,
        }
    }
}
