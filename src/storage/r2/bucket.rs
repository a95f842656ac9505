//! The port to R2: objects of bytes under a key, as far as packs need it; and the keys.
//!
//! Every call may fail, and a call that failed may have taken effect.

use std::collections::HashMap;
use std::ops::Range;

use crate::git::lfs::LfsOid;
use crate::git::store::CHUNK_BYTES;

/// Bytes of every part of a multipart upload but the last. R2 wants equal parts of 5 MiB at least;
/// a whole number of chunks needs no joining.
pub(crate) const PART_BYTES: usize = 20 * CHUNK_BYTES;

/// Prefix of a fork network's packs.
pub(crate) const PACKS_PREFIX: &str = "packs/";

/// Prefix of a fork network's objects of Git LFS.
pub(crate) const LFS_PREFIX: &str = "lfs/";

/// Prefix of ready clones and of bundles.
pub(crate) const READY_PREFIX: &str = "ready/";

/// Prefix of recovery records, from which a lost repository is made again with its packs.
pub(crate) const RECORDS_PREFIX: &str = "records/";

/// R2 could not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BucketError {
    /// The deployment has no bucket.
    #[error("r2: no bucket is bound as {0}")]
    Absent(&'static str),
    /// An object that must exist is missing: somebody removed it.
    #[error("r2: object {key} is missing")]
    Missing {
        /// Its key.
        key: String,
    },
    /// The object is shorter than it was when it was written.
    #[error("r2: object {key} has not the bytes {start} to {end}")]
    Short {
        /// Its key.
        key: String,
        /// The first byte asked for.
        start: u64,
        /// The first byte not asked for.
        end: u64,
    },
    /// The bytes that came have not the digest that they were announced with.
    #[error("r2: the bytes of object {key} have another sha-256")]
    OtherDigest {
        /// The key.
        key: String,
    },
    /// More or fewer bytes came than were announced, or they broke off.
    #[error("r2: the {length} bytes of object {key} did not come as announced: {message}")]
    OtherLength {
        /// The key.
        key: String,
        /// Bytes that were announced.
        length: u64,
        /// The platform's own words.
        message: String,
    },
    /// R2 refused, failed, or did not answer.
    #[error("r2: {what} of {key} failed: {message}")]
    Failed {
        /// The thing that was asked for.
        what: &'static str,
        /// The key.
        key: String,
        /// R2's own words.
        message: String,
    },
}

/// R2's facts about an object, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    /// Its bytes.
    pub(crate) size: u64,
    /// Their digest, if the writer gave it; R2 has then verified it.
    pub(crate) sha256: Option<[u8; 32]>,
    /// Names and values that its writer gave.
    pub(crate) metadata: HashMap<String, String>,
}

/// A bucket.
pub(crate) trait Bucket {
    /// Size of an object in bytes; `None` if it does not exist.
    async fn size(&self, key: &str) -> Result<Option<u64>, BucketError>;

    /// These bytes of an object, all of them.
    async fn read(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, BucketError>;

    /// Writes an object whole, over a former one.
    async fn put(&self, key: &str, bytes: Vec<u8>) -> Result<(), BucketError>;

    /// Begins an object of several parts, and gives the upload's id.
    async fn begin(&self, key: &str) -> Result<String, BucketError>;

    /// Writes part `number` (from 1), and gives its tag for [`Bucket::complete`].
    async fn put_part(
        &self,
        key: &str,
        upload_id: &str,
        number: u16,
        bytes: Vec<u8>,
    ) -> Result<String, BucketError>;

    /// Makes the parts an object, over a former one: it exists from now on, whole.
    async fn complete(
        &self,
        key: &str,
        upload_id: &str,
        etags: &[String],
    ) -> Result<(), BucketError>;

    /// Gives an upload up.
    async fn abort(&self, key: &str, upload_id: &str) -> Result<(), BucketError>;

    /// Removes an object; one that is not there is no error.
    async fn delete(&self, key: &str) -> Result<(), BucketError>;

    /// Up to a thousand keys that begin with `prefix` and come after `after`, in order, each with
    /// its bytes.
    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
    ) -> Result<Vec<(String, u64)>, BucketError>;
}

/// Whether other repositories of the fork network may name the object as well.
pub(crate) fn is_of_network(key: &str) -> bool {
    key.starts_with(PACKS_PREFIX) || key.starts_with(LFS_PREFIX)
}

/// The key of a pack: the fork network, and the SHA-256 of its stored bytes.
pub fn pack_key(network_id: &str, sha256: &[u8; 32]) -> String {
    format!(
        "{PACKS_PREFIX}{network_id}/{}.pack",
        faster_hex::hex_string(sha256)
    )
}

/// The key of an object of Git LFS: the fork network, and its name.
pub fn lfs_key(network_id: &str, oid: &LfsOid) -> String {
    format!("{LFS_PREFIX}{network_id}/{oid}")
}

/// The key of a ready clone: the repository, and the fingerprint of the cloned tips.
pub(crate) fn ready_key(repository_id: &str, fingerprint: &[u8; 32]) -> String {
    format!(
        "{READY_PREFIX}{repository_id}/{}",
        faster_hex::hex_string(fingerprint)
    )
}

/// How the keys of a repository's bundles begin.
pub(crate) fn bundles_prefix(repository_id: &str) -> String {
    format!("{READY_PREFIX}{repository_id}/bundle/")
}

/// The key of the record from which a repository can be made again.
pub(crate) fn record_key(repository_id: &str) -> String {
    format!("{RECORDS_PREFIX}{repository_id}")
}
