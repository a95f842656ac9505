//! The repository that was: its record in R2, and whether it is lost indeed.

use gix_object::bstr::ByteSlice as _;

use super::error::RecoverError;
use crate::git::limits::Limits;
use crate::git::refname;
use crate::repo_do::contract::{ErrorCode, ErrorReply, RepositoryInfo, is_public_id, object_name};
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::repository;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::{Bucket as _, PACKS_PREFIX, record_key};
use crate::storage::r2::recovery_record::{Record, RecordReader};
use crate::storage::repository::lfs_life::NamedLfsObject;
use crate::storage::repository::ref_record::RefRecord;

/// Bytes of the record that are read at once.
const WINDOW_BYTES: u64 = 1 << 20;

/// Things of which a record may name very many.
pub(crate) struct RecordPiece {
    /// Refs.
    pub(crate) refs: Vec<RefRecord>,
    /// Objects of Git LFS.
    pub(crate) lfs_objects: Vec<NamedLfsObject>,
}

/// A record in R2, read as a stream.
pub(crate) struct RecordStream<'a> {
    bucket: R2,
    id: &'a str,
    key: String,
    bytes: u64,
    at: u64,
    reader: RecordReader,
}

impl<'a> RecordStream<'a> {
    /// The record of this repository.
    pub(crate) async fn open(object: &RepoObject, id: &'a str) -> Result<Self, RecoverError> {
        let bucket = R2::of(&object.env)?;
        let key = record_key(id);
        let bytes = bucket.size(&key).await?;
        Ok(Self {
            bytes: bytes.ok_or_else(|| RecoverError::NoRecord(id.to_owned()))?,
            bucket,
            id,
            key,
            at: 0,
            reader: RecordReader::new(),
        })
    }

    /// The next piece of the lines that are read as a stream; `None` after the last.
    pub(crate) async fn next(&mut self) -> Result<Option<RecordPiece>, RecoverError> {
        if self.at >= self.bytes {
            return Ok(None);
        }
        let end = self.at.saturating_add(WINDOW_BYTES).min(self.bytes);
        let window = self.bucket.read(&self.key, self.at..end).await?;
        self.at = end;
        let read = self.reader.feed(&window);
        read.map_err(|error| self.broken(error.to_string()))?;
        let refs = self.reader.take_refs();
        let names_max = Limits::DEFAULT.refname_bytes_max;
        for found in &refs {
            refname::check_stored(found.name.as_bstr(), names_max)
                .map_err(|error| self.broken(error.to_string()))?;
        }
        let lfs_objects = self.reader.take_lfs_objects();
        Ok(Some(RecordPiece { refs, lfs_objects }))
    }

    /// The fork network, once the record has named objects of Git LFS.
    pub(crate) fn network_id(&self) -> Result<String, RecoverError> {
        let repository = self.reader.repository();
        let network_id = repository.network();
        if repository.id == self.id && is_public_id(network_id) {
            return Ok(network_id.to_owned());
        }
        Err(self.broken("it is another repository's".to_owned()))
    }

    /// All but the refs and the objects of Git LFS, at the end.
    pub(crate) fn finish(self) -> Result<Record, RecoverError> {
        let id = self.id;
        let broken = |why: String| broken(id, why);
        let record = self
            .reader
            .finish()
            .map_err(|error| broken(error.to_string()))?;
        let packs = format!("{PACKS_PREFIX}{}/", network_id(&record));
        if record.repository.id != id || !is_public_id(network_id(&record)) {
            return Err(broken("it is another repository's".to_owned()));
        }
        // Nothing else than packs of its own network is ever read, or held, in its name.
        if let Some(pack) = record
            .packs
            .iter()
            .find(|pack| !pack.r2_key.starts_with(&packs))
        {
            return Err(broken(format!("it names {}", pack.r2_key)));
        }
        Ok(record)
    }

    fn broken(&self, why: String) -> RecoverError {
        broken(self.id, why)
    }
}

fn broken(id: &str, why: String) -> RecoverError {
    let id = id.to_owned();
    RecoverError::Record { id, why }
}

/// The fork network of a recorded repository.
pub(crate) fn network_id(record: &Record) -> &str {
    let repository = &record.repository;
    repository.network_id.as_deref().unwrap_or(&repository.id)
}

/// The record, read to its end for its sake alone.
pub(crate) async fn record(object: &RepoObject, id: &str) -> Result<Record, RecoverError> {
    let mut stream = RecordStream::open(object, id).await?;
    while stream.next().await?.is_some() {}
    stream.finish()
}

/// Fails if the repository stands where the record says that it was.
pub(crate) async fn check_lost(object: &RepoObject, record: &Record) -> Result<(), RecoverError> {
    let lost = &record.repository;
    let unavailable = |error: &dyn std::fmt::Display| {
        let message = format!("the object of the lost repository does not answer: {error}");
        RecoverError::Unavailable(ErrorReply::new(ErrorCode::UpstreamUnavailable, message))
    };
    let response = async {
        let name = object_name(&lost.namespace, &lost.name);
        repository::send(&object.env, &name, repository::info_of(&name)?).await
    };
    let mut response = response.await.map_err(|error| unavailable(&error))?;
    let not_lost = || RecoverError::NotLost {
        id: lost.id.clone(),
        place: format!("{}/{}", lost.namespace, lost.name),
    };
    match response.status_code() {
        status if status == ErrorCode::NotFound.status() => return Ok(()),
        // It has another name since the record was written.
        status if status == ErrorCode::Moved.status() => return Err(not_lost()),
        _ => {}
    }
    if response.status_code() != 200 {
        let status = response.status_code();
        return Err(unavailable(&format!("status {status}")));
    }
    let info = response.json::<RepositoryInfo>().await;
    let info = info.map_err(|error| unavailable(&error))?;
    if info.repository_id == lost.id {
        return Err(not_lost());
    }
    Ok(())
}
