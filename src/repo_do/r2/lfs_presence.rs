//! Which objects of Git LFS R2 has, asked one after another by name: R2 lists a thousand at once.

use std::collections::VecDeque;

use crate::git::lfs::LfsOid;
use crate::storage::r2::bucket::{Bucket, BucketError, LFS_PREFIX, lfs_key};

/// The objects of one fork network in R2, in the order of their names.
pub(crate) struct LfsPresence<'a, B> {
    bucket: &'a B,
    network_id: String,
    /// Keys that R2 listed and that were not asked for yet.
    listed: VecDeque<(String, u64)>,
    /// R2 has none after these.
    is_at_end: bool,
}

impl<'a, B: Bucket> LfsPresence<'a, B> {
    /// Nothing was asked yet.
    pub(crate) fn new(bucket: &'a B, network_id: &str) -> Self {
        Self {
            bucket,
            network_id: network_id.to_owned(),
            listed: VecDeque::new(),
            is_at_end: false,
        }
    }

    /// The bytes of the object in R2, if it is there. Every question names a later object than the
    /// one before. The answer is of the time when R2 listed it: ask R2 about one that is missing.
    pub(crate) async fn size(&mut self, oid: &LfsOid) -> Result<Option<u64>, BucketError> {
        let key = lfs_key(&self.network_id, oid);
        loop {
            while self.listed.front().is_some_and(|(listed, _)| *listed < key) {
                self.listed.pop_front();
            }
            match self.listed.front() {
                Some((listed, bytes)) => return Ok((*listed == key).then_some(*bytes)),
                None if self.is_at_end => return Ok(None),
                None => {}
            }
            // Every key before this one is shorter or comes before the key itself.
            let before = key.get(..key.len().saturating_sub(1));
            let prefix = format!("{LFS_PREFIX}{}/", self.network_id);
            self.listed = self.bucket.list(&prefix, before).await?.into();
            self.is_at_end = self.listed.is_empty();
        }
    }
}
