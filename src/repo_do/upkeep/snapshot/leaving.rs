//! The end of a repository, as R2 and its fork network see it.

use super::secure::{Securing, Surroundings};
use crate::repo_do::state::failure::SnapshotError;
use crate::storage::db::sql::Database;
use crate::storage::r2::bucket::{Bucket, BucketError, READY_PREFIX, record_key};

impl<D: Database, B: Bucket, S: Surroundings> Securing<'_, D, B, S> {
    /// Gives back all that the repository names, for good, and removes its own objects. May be done
    /// again: a second call removes the rest after an error.
    pub(crate) async fn take_leave(&self, repository_id: &str) -> Result<(), SnapshotError> {
        let (left, removed) =
            futures::join!(self.around.leave(), remove_own(self.bucket, repository_id));
        left?;
        Ok(removed?)
    }
}

async fn remove_own<B: Bucket>(bucket: &B, repository_id: &str) -> Result<(), BucketError> {
    bucket.delete(&record_key(repository_id)).await?;
    let prefix = format!("{READY_PREFIX}{repository_id}/");
    loop {
        let listed = bucket.list(&prefix, None).await?;
        if listed.is_empty() {
            return Ok(());
        }
        for (key, _) in listed {
            bucket.delete(&key).await?;
        }
    }
}
