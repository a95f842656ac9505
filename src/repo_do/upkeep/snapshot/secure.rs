//! A pack is copied to R2: hashed, held, written in equal parts, read back, registered.
//!
//! It can be interrupted at each call and taken up by the next run: the database knows the key
//! before R2 does. Two runs at once would only do the work twice.

use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::git::store::{CHUNK_BYTES, PackId, StoreError};
use crate::repo_do::state::failure::SnapshotError;
use crate::storage::db::sql::Database;
use crate::storage::r2::bucket::{Bucket, PART_BYTES, is_of_network, pack_key, record_key};
use crate::storage::repository::copies::{Release, StoredPack, Upload};
use crate::storage::repository::recovery::RecordWindow;
use crate::storage::repository::store::RepoStore;

/// The services that this work needs from the object around it.
pub(crate) trait Surroundings {
    /// Notes that the repository needs an R2 object of its network; saying so twice is once.
    async fn hold(&self, key: &str) -> Result<(), SnapshotError>;

    /// Notes that it no longer needs these, unless it has taken them again since that decision; a repetition
    /// changes nothing.
    async fn release(&self, releases: &[Release]) -> Result<(), SnapshotError>;

    /// Gives back every key it needs, for good.
    async fn leave(&self) -> Result<(), SnapshotError>;

    /// Lets others run.
    async fn pause(&self);
}

/// Takes bytes of an R2 object, the first of which stands at the offset.
pub(crate) type EachPart<'a> = dyn FnMut(u64, &[u8]) -> Result<(), StoreError> + 'a;

/// The copying of packs.
#[derive(Clone, Copy)]
pub(crate) struct Securing<'a, D, B, S> {
    /// The repository.
    pub(crate) store: &'a RepoStore<D>,
    /// The bucket that it writes to.
    pub(crate) bucket: &'a B,
    /// The object around.
    pub(crate) around: &'a S,
    /// The fork network of these packs: repositories of one fork network share them.
    pub(crate) network_id: &'a str,
}

impl<D: Database, B: Bucket, S: Surroundings> Securing<'_, D, B, S> {
    /// Sees to it that R2 has the pack, and gives its key; `None` when the pack was superseded
    /// meanwhile.
    pub(crate) async fn secure(&self, pack: &StoredPack) -> Result<Option<String>, SnapshotError> {
        if let Some(key) = &pack.r2_key {
            return Ok(Some(key.clone()));
        }
        let upload = match self.store.upload(pack.pack_id)? {
            Some(upload) => upload,
            None => self.begin(pack).await?,
        };
        let key = upload.r2_key.clone();
        self.around.hold(&key).await?;
        if self.bucket.size(&key).await? != Some(pack.pack_bytes)
            || !self.verified(pack, &key).await?
        {
            self.write(pack, upload).await?;
            if !self.verified(pack, &key).await? {
                return Err(SnapshotError::Corrupt { key });
            }
        }
        let registered = self.store.register_copy(pack.pack_id, &key)?;
        Ok(registered.then_some(key))
    }

    /// Ends uploads of packs that are gone.
    pub(crate) async fn end_strays(&self, now_ms: i64) -> Result<(), SnapshotError> {
        for upload in self.store.stray_uploads()? {
            if let Some(upload_id) = &upload.upload_id {
                // R2 may have forgotten it, and gives it up by itself in a week.
                let _ = self.bucket.abort(&upload.r2_key, upload_id).await;
            }
            self.store.forget_upload(&upload, now_ms)?;
        }
        Ok(())
    }

    /// Gives back the keys that are not needed any more; whether there was any.
    pub(crate) async fn give_back(&self, now_ms: i64) -> Result<bool, SnapshotError> {
        let due = self.store.releases_due(now_ms)?;
        for own in due.iter().filter(|due| !is_of_network(&due.r2_key)) {
            // Nobody else can name it.
            self.bucket.delete(&own.r2_key).await?;
        }
        if !due.is_empty() {
            self.around.release(&due).await?;
        }
        for release in &due {
            self.store.end_release(release)?;
        }
        Ok(!due.is_empty())
    }

    /// Writes the record from which the repository could be made again, if it is another one now.
    /// False when that has to wait: it changed while it was written, or a pack came in between.
    pub(crate) async fn write_record(&self) -> Result<bool, SnapshotError> {
        let part_bytes = PART_BYTES as u64;
        let (Some(first), Some(record)) =
            (self.store.record_window(0..part_bytes)?, self.store.load()?)
        else {
            return Ok(false);
        };
        if self.store.recorded()? == Some(first.sha256) {
            return Ok(true);
        }
        let (key, sha256) = (record_key(&record.id), first.sha256);
        self.around.hold(&key).await?;
        if first.record_bytes <= part_bytes {
            self.bucket.put(&key, first.bytes).await?;
        } else {
            let upload_id = self.bucket.begin(&key).await?;
            let written = self.write_long_record(&key, &upload_id, first).await;
            if !matches!(written, Ok(true)) {
                let _ = self.bucket.abort(&key, &upload_id).await;
                return written;
            }
        }
        self.store.set_recorded(&sha256)?;
        Ok(true)
    }

    /// False when the record has changed meanwhile.
    async fn write_long_record(
        &self,
        key: &str,
        upload_id: &str,
        first: RecordWindow,
    ) -> Result<bool, SnapshotError> {
        let (sha256, mut start, mut etags) = (first.sha256, 0, Vec::new());
        let mut window = first;
        for number in 1..=u16::MAX {
            start += window.bytes.len() as u64;
            let whole = start >= window.record_bytes;
            let etag = self.bucket.put_part(key, upload_id, number, window.bytes);
            etags.push(etag.await?);
            if whole {
                break;
            }
            let range = start..start.saturating_add(PART_BYTES as u64);
            match self.store.record_window(range)? {
                Some(next) if next.sha256 == sha256 => window = next,
                _ => return Ok(false),
            }
        }
        self.bucket.complete(key, upload_id, &etags).await?;
        Ok(true)
    }

    /// Hashes the stored bytes, and notes where they go.
    async fn begin(&self, pack: &StoredPack) -> Result<Upload, SnapshotError> {
        let mut hasher = Sha256::new();
        let mut start = 0;
        while start < pack.pack_bytes {
            let part = self.part(pack, start)?;
            start = start.saturating_add(part.len() as u64);
            hasher.update(&part);
            self.around.pause().await;
        }
        let upload = Upload {
            pack_id: pack.pack_id,
            r2_key: pack_key(self.network_id, &hasher.finalize().into()),
            upload_id: None,
            etags: Vec::new(),
        };
        self.store.note_upload(&upload)?;
        Ok(upload)
    }

    /// Writes the object, from where the last run stopped.
    async fn write(&self, pack: &StoredPack, mut upload: Upload) -> Result<(), SnapshotError> {
        let key = upload.r2_key.clone();
        if pack.pack_bytes <= PART_BYTES as u64 {
            let bytes = self.part(pack, 0)?;
            return Ok(self.bucket.put(&key, bytes).await?);
        }
        let upload_id = if let Some(upload_id) = upload.upload_id.clone() {
            upload_id
        } else {
            let upload_id = self.bucket.begin(&key).await?;
            upload.upload_id = Some(upload_id.clone());
            self.store.note_upload(&upload)?;
            upload_id
        };
        let written = self.write_parts(pack, &mut upload, &upload_id).await;
        if written.is_err() {
            // R2 may have given the upload up: the next run begins another.
            let _ = self.bucket.abort(&key, &upload_id).await;
            let upload = Upload {
                upload_id: None,
                etags: Vec::new(),
                ..upload
            };
            self.store.note_upload(&upload)?;
        }
        written
    }

    async fn write_parts(
        &self,
        pack: &StoredPack,
        upload: &mut Upload,
        upload_id: &str,
    ) -> Result<(), SnapshotError> {
        let key = upload.r2_key.clone();
        loop {
            let start = (upload.etags.len() as u64).saturating_mul(PART_BYTES as u64);
            if start >= pack.pack_bytes {
                break;
            }
            let number = u16::try_from(upload.etags.len().saturating_add(1)).unwrap_or(u16::MAX);
            let bytes = self.part(pack, start)?;
            let etag = self.bucket.put_part(&key, upload_id, number, bytes);
            upload.etags.push(etag.await?);
            self.store.note_upload(upload)?;
        }
        Ok(self.bucket.complete(&key, upload_id, &upload.etags).await?)
    }

    async fn verified(&self, pack: &StoredPack, key: &str) -> Result<bool, SnapshotError> {
        is_intact(self.bucket, self.network_id, key, pack.pack_bytes).await
    }

    /// The stored bytes of one part.
    fn part(&self, pack: &StoredPack, start: u64) -> Result<Vec<u8>, StoreError> {
        let range = part_range(pack.pack_bytes, start);
        let length = range.end.saturating_sub(range.start);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        for number in chunks(&range) {
            bytes.extend_from_slice(&self.store.chunk_uncached(pack.pack_id, number)?);
        }
        if bytes.len() as u64 == length {
            return Ok(bytes);
        }
        Err(StoreError::Corrupt {
            what: "a chunk",
            pack: pack.pack_id.0,
        })
    }
}

impl<D, B: Bucket, S> Securing<'_, D, B, S> {
    /// Whether the object has the bytes that its key names. `each` is given them as they come, with
    /// the offset of the first.
    pub(crate) async fn read_back(
        &self,
        pack: &StoredPack,
        key: &str,
        each: &mut EachPart<'_>,
    ) -> Result<bool, SnapshotError> {
        read_back(self.bucket, self.network_id, key, pack.pack_bytes, each).await
    }
}

/// Whether the object has the bytes that its key names: as many, and of that SHA-256.
pub(crate) async fn is_intact<B: Bucket>(
    bucket: &B,
    network_id: &str,
    key: &str,
    pack_bytes: u64,
) -> Result<bool, SnapshotError> {
    read_back(bucket, network_id, key, pack_bytes, &mut |_, _| Ok(())).await
}

async fn read_back<B: Bucket>(
    bucket: &B,
    network_id: &str,
    key: &str,
    pack_bytes: u64,
    each: &mut EachPart<'_>,
) -> Result<bool, SnapshotError> {
    let mut hasher = Sha256::new();
    let mut start = 0;
    while start < pack_bytes {
        let bytes = bucket.read(key, part_range(pack_bytes, start)).await?;
        each(start, &bytes)?;
        start = start.saturating_add(bytes.len() as u64);
        hasher.update(&bytes);
    }
    Ok(pack_key(network_id, &hasher.finalize().into()) == key)
}

/// The bytes of the part that starts there.
fn part_range(pack_bytes: u64, start: u64) -> Range<u64> {
    debug_assert!(
        start <= pack_bytes,
        "no part of {pack_bytes} bytes starts at {start}"
    );
    let end = start.saturating_add(PART_BYTES as u64);
    start..end.min(pack_bytes)
}

/// The chunks that a range touches; it starts with one.
fn chunks(range: &Range<u64>) -> Range<u32> {
    let chunk_bytes = CHUNK_BYTES as u64;
    let number = |offset: u64| u32::try_from(offset).unwrap_or(u32::MAX);
    number(range.start / chunk_bytes)..number(range.end.div_ceil(chunk_bytes))
}

/// The pack whose copy was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SecuredPack {
    /// Its number.
    pub(crate) pack_id: PackId,
    /// The R2 object with its bytes.
    pub(crate) r2_key: String,
    /// Bytes of the stored stream.
    pub(crate) pack_bytes: u64,
    /// Entries in the stream.
    pub(crate) object_count: u32,
}

#[cfg(test)]
mod tests;
