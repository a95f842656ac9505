//! The bytes of an incoming pack: chunks already written to quarantine, and the tail still held.
//!
//! A small push never fills a chunk, so that it writes nothing before it is published: the pack
//! is opened in quarantine with its first full chunk.

use std::borrow::Cow;

use super::super::store::{CHUNK_BYTES, PackId, PackStore, Quarantine, Shared, StoreError};

pub(super) mod appended;
pub mod bases;
mod content;
pub mod objects;
#[cfg(test)]
pub(crate) mod testing;
mod unhashed;
pub(super) mod work;

/// Chunks kept at hand for reading: deltas stand near their bases, so that reads cluster.
const CHUNKS_AT_HAND: usize = 8;

/// The received stream of one pack.
#[derive(Debug, Default)]
pub struct IncomingPack {
    /// The pack in quarantine, once a chunk was written.
    pack_id: Option<PackId>,
    /// Chunks written.
    chunk_count: u32,
    /// The bytes after the last chunk written, up to a whole chunk.
    tail: Vec<u8>,
    /// Chunks lately read, the latest last.
    at_hand: Vec<(u32, Shared)>,
}

/// The rest of an arrived pack, still to be published.
#[derive(Debug, PartialEq, Eq)]
pub struct Received {
    /// The pack in quarantine; `None` when all its bytes are in `tail`.
    pub pack_id: Option<PackId>,
    /// Chunks already written; the tail is the chunk with this number.
    pub chunk_count: u32,
    /// The last chunk, not yet written; never empty.
    pub tail: Vec<u8>,
    /// Bytes of the whole pack.
    pub pack_bytes: u64,
}

impl IncomingPack {
    /// Bytes received.
    pub(crate) fn pack_bytes(&self) -> u64 {
        self.tail_offset() + self.tail.len() as u64
    }

    /// The pack's number in quarantine, once it has one.
    pub(crate) fn pack_id(&self) -> Option<PackId> {
        self.pack_id
    }

    /// Takes the next bytes of the stream. A full chunk is written when bytes beyond it come, so
    /// that the tail is never empty at the end.
    pub(crate) fn append(
        &mut self,
        mut bytes: &[u8],
        quarantine: &dyn Quarantine,
    ) -> Result<(), StoreError> {
        while !bytes.is_empty() {
            if self.tail.len() == CHUNK_BYTES {
                self.write_tail(quarantine)?;
            }
            let room = (CHUNK_BYTES - self.tail.len()).min(bytes.len());
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            self.tail.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// A run of bytes at `offset` without a break, at least one and at most `length` long: as far
    /// as their chunk reaches.
    pub(crate) fn run(
        &mut self,
        offset: u64,
        length: u64,
        store: &dyn PackStore,
    ) -> Result<&[u8], StoreError> {
        let (bytes, start) = if offset >= self.tail_offset() {
            (&self.tail, offset - self.tail_offset())
        } else {
            let number = u32::try_from(offset / CHUNK_BYTES as u64).unwrap_or(u32::MAX);
            let pack_id = self.pack_id.unwrap_or(PackId(0));
            let chunk = chunk_at_hand(&mut self.at_hand, pack_id, number, store)?;
            (chunk, offset % CHUNK_BYTES as u64)
        };
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        let rest = bytes.get(start..).filter(|rest| !rest.is_empty());
        let rest = rest.ok_or(StoreError::Missing {
            what: "run of bytes",
            pack: self.pack_id.map_or(0, |pack_id| pack_id.0),
        })?;
        let end = usize::try_from(length).map_or(rest.len(), |length| length.min(rest.len()));
        Ok(rest.get(..end).unwrap_or(rest))
    }

    /// The `length` bytes at `offset`: borrowed from one chunk, or joined from several.
    pub(crate) fn read(
        &mut self,
        offset: u64,
        length: usize,
        store: &dyn PackStore,
    ) -> Result<Cow<'_, [u8]>, StoreError> {
        let mut joined = Vec::new();
        let in_one = self.run(offset, length as u64, store)?.len() == length;
        if in_one {
            return self.run(offset, length as u64, store).map(Cow::Borrowed);
        }
        while joined.len() < length {
            let at = offset.saturating_add(joined.len() as u64);
            joined.extend_from_slice(self.run(at, (length - joined.len()) as u64, store)?);
        }
        Ok(Cow::Owned(joined))
    }

    /// Ends the stream and hands over the rest to publish.
    pub fn finish(self) -> Received {
        Received {
            pack_id: self.pack_id,
            chunk_count: self.chunk_count,
            pack_bytes: self.pack_bytes(),
            tail: self.tail,
        }
    }

    /// Offset of the tail in the pack.
    fn tail_offset(&self) -> u64 {
        u64::from(self.chunk_count) * CHUNK_BYTES as u64
    }

    fn write_tail(&mut self, quarantine: &dyn Quarantine) -> Result<(), StoreError> {
        let pack_id = match self.pack_id {
            Some(pack_id) => pack_id,
            None => *self.pack_id.insert(quarantine.open_pack()?),
        };
        quarantine.put_chunk(pack_id, self.chunk_count, &self.tail)?;
        self.chunk_count += 1;
        self.tail.clear();
        Ok(())
    }
}

/// The chunk, from those lately read or from the store.
fn chunk_at_hand<'a>(
    at_hand: &'a mut Vec<(u32, Shared)>,
    pack_id: PackId,
    number: u32,
    store: &dyn PackStore,
) -> Result<&'a Vec<u8>, StoreError> {
    let chunk = match at_hand.iter().position(|&(held, _)| held == number) {
        Some(place) => at_hand.remove(place),
        None => (number, store.chunk(pack_id, number)?),
    };
    if at_hand.len() >= CHUNKS_AT_HAND {
        at_hand.remove(0);
    }
    at_hand.push(chunk);
    match at_hand.last() {
        Some((_, chunk)) => Ok(chunk),
        None => Err(StoreError::Missing {
            what: "chunk",
            pack: pack_id.0,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::testing::MemoryStore;
    use super::*;

    fn stream(bytes: usize) -> Vec<u8> {
        (0..bytes).map(|n| u8::try_from(n % 251).unwrap()).collect()
    }

    #[test]
    fn a_small_pack_writes_nothing_and_a_full_chunk_waits_for_the_next_byte() {
        let (store, mut pack) = (MemoryStore::default(), IncomingPack::default());
        let bytes = stream(CHUNK_BYTES);
        pack.append(&bytes, &store).unwrap();
        assert_eq!((pack.pack_id(), store.chunk_count()), (None, 0));
        pack.append(b"x", &store).unwrap();
        assert_eq!(store.chunk_count(), 1);
        let received = pack.finish();
        assert_eq!(
            (received.chunk_count, received.tail.as_slice()),
            (1, b"x".as_slice())
        );
        assert_eq!(received.pack_bytes, CHUNK_BYTES as u64 + 1);
    }

    #[test]
    fn every_range_reads_back_over_chunks_and_tail() {
        let (store, mut pack) = (MemoryStore::default(), IncomingPack::default());
        let bytes = stream(3 * CHUNK_BYTES + 1000);
        for piece in bytes.chunks(100_003) {
            pack.append(piece, &store).unwrap();
        }
        assert_eq!(pack.pack_bytes(), bytes.len() as u64);
        let edges = [
            0,
            1,
            CHUNK_BYTES - 1,
            CHUNK_BYTES,
            2 * CHUNK_BYTES - 7,
            3 * CHUNK_BYTES,
            786_500,
        ];
        for start in edges {
            for length in [1, 7, 8, 300, CHUNK_BYTES, CHUNK_BYTES + 9] {
                let Some(expected) = bytes.get(start..start + length) else {
                    continue;
                };
                assert!(*pack.read(start as u64, length, &store).unwrap() == *expected);
            }
        }
        assert!(pack.read(bytes.len() as u64 - 1, 2, &store).is_err());
        assert!(pack.run(u64::MAX, 1, &store).is_err());
    }
}
