//! Bytes that are in R2 alone.
//!
//! The engine reads synchronously. Where a chunk is cold it stops with that error, having lost
//! nothing; the chunk is fetched here, and the same is asked of it again. The chunk goes to the cache of
//! chunks, and a step that needs more than the cache holds would never end: from the
//! eighth time on, chunks are also put back into rows, where they stay until the next maintenance.

use std::ops::Range;

use crate::git::store::{CHUNK_BYTES, ColdChunk, PackId, StoreError};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::object::{GRACE_MS, RepoObject};
use crate::repo_do::runtime::admission::reserve_share;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::Reservation;
use crate::repo_do::schedule;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::store::Store;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{Bucket as _, BucketError};

/// Chunks that one fault brings: those behind the one that is missing, since reads cluster.
const READ_AHEAD_CHUNKS: u32 = 4;

/// Faults of one step after which chunks are kept in rows.
const FAULTS_IN_MEMORY: u32 = 8;

/// Bytes that are read at once while a pack is copied: two requests of half as much are under way.
const WINDOW_BYTES_MAX: u64 = 4 * CHUNK_BYTES as u64;

/// Memory that an operation needs for cold packs, beside its usual memory: a window or the chunks
/// of a fault, here and in JavaScript.
pub(crate) const COLD_BYTES: u64 = 2 * WINDOW_BYTES_MAX;

/// Reserves the memory for reading cold packs, if there are any.
pub(crate) async fn reserve_for(store: &Store) -> Result<Option<Reservation>, ErrorReply> {
    if store.has_cold_packs()? {
        return Ok(Some(reserve_share(COLD_BYTES).await?));
    }
    Ok(None)
}

/// Fails if R2 lacks a pack that is nowhere else: for answers that cannot say so once they began.
pub(crate) async fn check_present(object: &RepoObject, store: &Store) -> Result<(), SnapshotError> {
    for pack_id in store.cold_packs()?.iter() {
        let Copy { key, pack_bytes } = Copy::of(store, *pack_id)?;
        match R2::of(&object.env)?.size(&key).await? {
            Some(found) if found == pack_bytes => {}
            Some(_) => return Err(SnapshotError::Corrupt { key }),
            None => return Err(BucketError::Missing { key }.into()),
        }
    }
    Ok(())
}

/// The faults of one step of work.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    count: u32,
}

impl Faults {
    /// Fetches the chunk that a step lacks, and some behind it.
    pub(crate) async fn fetch_cold_chunk(
        &mut self,
        object: &RepoObject,
        store: &Store,
        chunk: ColdChunk,
    ) -> Result<(), SnapshotError> {
        let keep = self.count >= FAULTS_IN_MEMORY;
        if keep {
            // The alarm removes them again.
            let at_ms = now_ms().saturating_add(GRACE_MS);
            schedule::copies_due(object, at_ms);
            schedule::wake_or_log(object, at_ms).await;
        }
        self.count = self.count.saturating_add(1);
        let copy = Copy::of(store, chunk.pack_id)?;
        let numbers = chunk.number..chunk.number.saturating_add(READ_AHEAD_CHUNKS);
        let bytes = copy
            .read(&object.env, &copy.bytes_of(numbers.clone()))
            .await?;
        // The missing one is the one used last, so that it is the last to leave the cache.
        let chunks: Vec<_> = numbers.zip(bytes.chunks(CHUNK_BYTES)).collect();
        for (number, bytes) in chunks.into_iter().rev() {
            store.warm_chunk(chunk.pack_id, number, bytes.to_vec(), keep)?;
        }
        Ok(())
    }

    /// The step is done: the next may fault as often.
    pub(crate) fn settled(&mut self) {
        self.count = 0;
    }
}

/// The R2 object of a pack.
struct Copy {
    key: String,
    pack_bytes: u64,
}

impl Copy {
    fn of(store: &Store, pack_id: PackId) -> Result<Self, StoreError> {
        let copy = store.r2_copy(pack_id)?;
        let (key, pack_bytes) = copy.ok_or(StoreError::Missing {
            what: "the copy in r2",
            pack: pack_id.0,
        })?;
        Ok(Self { key, pack_bytes })
    }

    fn bytes_of(&self, chunks: Range<u32>) -> Range<u64> {
        debug_assert!(chunks.start < chunks.end, "{chunks:?} has no chunk");
        let offset = |number: u32| u64::from(number).saturating_mul(CHUNK_BYTES as u64);
        offset(chunks.start)..offset(chunks.end).min(self.pack_bytes)
    }

    async fn read(&self, env: &worker::Env, range: &Range<u64>) -> Result<Vec<u8>, BucketError> {
        R2::of(env)?.read(&self.key, range.clone()).await
    }
}

/// A run of cold bytes, as a pack is copied: in ascending order mostly, so that one read serves
/// many extents, and grows while they go on.
#[derive(Debug, Default)]
pub(crate) struct Window {
    pack_id: Option<PackId>,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    /// The bytes at `offset` that are at hand.
    pub(crate) fn at(&self, pack_id: PackId, offset: u64) -> Option<&[u8]> {
        let from = offset.checked_sub(self.start)?;
        let here = self.bytes.get(usize::try_from(from).ok()?..)?;
        (self.pack_id == Some(pack_id) && !here.is_empty()).then_some(here)
    }

    /// Gets the `length` bytes at `offset`: in whole chunks, and more of them when
    /// the last window ended there.
    pub(crate) async fn load(
        &mut self,
        object: &RepoObject,
        store: &Store,
        (pack_id, offset, length): (PackId, u64, u64),
    ) -> Result<(), SnapshotError> {
        let env = &object.env;
        let copy = Copy::of(store, pack_id)?;
        let chunk_bytes = CHUNK_BYTES as u64;
        let start = offset - offset % chunk_bytes;
        let end = offset.saturating_add(length).next_multiple_of(chunk_bytes);
        let end = end
            .min(start.saturating_add(WINDOW_BYTES_MAX))
            .min(copy.pack_bytes);
        let half = (end.saturating_sub(start) / 2).next_multiple_of(chunk_bytes);
        let middle = start.saturating_add(half).min(end);
        self.bytes.clear();
        let (first, second) = (start..middle, middle..end);
        let first = copy.read(env, &first);
        self.bytes = if second.is_empty() {
            first.await?
        } else {
            let (first, second) = futures::join!(first, copy.read(env, &second));
            let mut bytes = first?;
            bytes.extend_from_slice(&second?);
            bytes
        };
        (self.pack_id, self.start) = (Some(pack_id), start);
        Ok(())
    }
}
