//! An entry's bytes as stored: found in chunks, inflated, applied to a base.

use std::ops::Range;
use std::rc::Rc;

use super::super::super::store::{CHUNK_BYTES, PackId, PackStore, ReadError, Shared, StoreError};
use super::super::delta;
use super::super::entry::{self, ENTRY_HEADER_BYTES_MAX, Header};
use super::super::index::Row;
use super::super::inflate::INPUT_TO_SPARE;
use super::{LivePacks, Location, work};

impl<S: PackStore> LivePacks<S> {
    /// The header of the entry as stored.
    pub fn header(&self, at: Location, row: &Row) -> Result<Header, ReadError> {
        let pack_id = self.pack_id(at.pack)?;
        let end = row.offset + u64::from(row.stored_bytes);
        let (chunk, range) = self.piece(pack_id, row.offset, end)?;
        let bytes = chunk.get(range).unwrap_or_default();
        let mut parsed = entry::parse(bytes);
        if parsed == Ok(None) {
            // It goes on in the next chunk.
            let mut both = bytes.to_vec();
            let (chunk, range) = self.piece(pack_id, row.offset + both.len() as u64, end)?;
            let more = chunk.get(range).unwrap_or_default();
            both.extend(more.iter().take(ENTRY_HEADER_BYTES_MAX));
            parsed = entry::parse(&both);
        }
        match parsed {
            Ok(Some(header)) if header.header_bytes as u64 <= u64::from(row.stored_bytes) => {
                Ok(header)
            }
            _ => Err(self.corrupt(at, "its entry header does not decode")?),
        }
    }

    /// Inflates the entry, held whole: to the object itself or a delta.
    pub(super) fn inflate(&self, at: Location, row: &Row) -> Result<Vec<u8>, ReadError> {
        let header = self.header(at, row)?;
        let limit = self.limits.delta_bytes_max;
        if header.size_bytes > limit {
            return Err(ReadError::TooLarge {
                id: self.id(at)?,
                size: header.size_bytes,
                limit,
            });
        }
        let pack_id = self.pack_id(at.pack)?;
        let mut offset = row.offset + header.header_bytes as u64;
        let end = row.offset + u64::from(row.stored_bytes) + INPUT_TO_SPARE;
        let mut inflater = self.inflater.borrow_mut();
        inflater.start(header.size_bytes);
        let mut content = Vec::new();
        loop {
            let (chunk, range) = self.piece(pack_id, offset, end)?;
            let mut input = chunk.get(range).unwrap_or_default();
            offset += input.len() as u64;
            loop {
                let Ok(step) = inflater.append_to(&mut content, input) else {
                    return Err(self.corrupt(at, "it does not inflate")?);
                };
                if step.done {
                    self.worked(work::inflated(content.len()));
                    return Ok(content);
                }
                if step.consumed == 0 && step.produced == 0 {
                    break;
                }
                input = input.get(step.consumed..).unwrap_or_default();
            }
        }
    }

    /// Applies the delta that the entry holds.
    pub(super) fn apply(&self, at: Location, row: &Row, base: &[u8]) -> Result<Vec<u8>, ReadError> {
        let delta = self.inflate(at, row)?;
        let result = delta::apply(base, &delta, self.limits.delta_bytes_max);
        self.worked(work::applied(result.as_ref().map_or(0, Vec::len)));
        match result {
            Ok(content) if content.len() as u64 == u64::from(row.size_bytes) => Ok(content),
            _ => Err(self.corrupt(at, "its delta does not apply")?),
        }
    }

    /// The bytes of the pack from `offset` on, up to `end` or to the end of the chunk: never none.
    pub fn piece(
        &self,
        pack_id: PackId,
        offset: u64,
        end: u64,
    ) -> Result<(Shared, Range<usize>), StoreError> {
        let corrupt = StoreError::Corrupt {
            what: "chunk",
            pack: pack_id.0,
        };
        let chunk_bytes = CHUNK_BYTES as u64;
        let Ok(number) = u32::try_from(offset / chunk_bytes) else {
            return Err(corrupt);
        };
        let chunk = self.chunk(pack_id, number)?;
        // Both are at most `CHUNK_BYTES`, so that they fit.
        let start = usize::try_from(offset % chunk_bytes).unwrap_or(CHUNK_BYTES);
        let wanted = usize::try_from(end.saturating_sub(offset)).unwrap_or(CHUNK_BYTES);
        let stop = chunk.len().min(start.saturating_add(wanted));
        if start < stop {
            Ok((chunk, start..stop))
        } else {
            Err(corrupt)
        }
    }

    fn chunk(&self, pack_id: PackId, number: u32) -> Result<Shared, StoreError> {
        let key = (pack_id, number);
        if let Some(chunk) = self.chunks.borrow_mut().get(&key) {
            return Ok(Rc::clone(chunk));
        }
        let chunk = self.store.chunk(pack_id, number)?;
        self.worked(work::CHUNK);
        let bytes = chunk.len();
        self.chunks
            .borrow_mut()
            .insert(key, Rc::clone(&chunk), bytes);
        Ok(chunk)
    }

    /// The error that names the fault of the object at `at`.
    pub(super) fn corrupt(
        &self,
        at: Location,
        what: &'static str,
    ) -> Result<ReadError, StoreError> {
        Ok(ReadError::Corrupt {
            id: self.id(at)?,
            what,
        })
    }
}
