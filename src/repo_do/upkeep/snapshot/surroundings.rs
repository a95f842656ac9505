//! The repository's object, as the copying of packs knows it.

use std::rc::Rc;

use super::secure::{Securing, Surroundings};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::network::Member;
use crate::repo_do::runtime::{reply, timer};
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::store::Store;
use crate::storage::db::do_sql::ObjectDatabase;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::PART_BYTES;
use crate::storage::repository::copies::Release;
use crate::storage::repository::store::RepositoryRecord;

/// Bytes that a run holds: a part here and once more in JavaScript.
pub(crate) const SNAPSHOT_BYTES: u64 = 2 * PART_BYTES as u64;

/// The object, as the copying of packs knows it.
pub(crate) struct RepositorySurroundings<'a> {
    pub(crate) store: &'a Store,
    pub(crate) member: Member<'a>,
}

impl<'a> RepositorySurroundings<'a> {
    pub(crate) fn new(
        object: &'a RepoObject,
        store: &'a Store,
        record: &'a RepositoryRecord,
    ) -> Self {
        let member = Member::of(&object.env, record);
        Self { store, member }
    }
}

impl Surroundings for RepositorySurroundings<'_> {
    async fn hold(&self, key: &str) -> Result<(), SnapshotError> {
        self.store.join_network(self.member.network_id)?;
        let taken = self.member.take(vec![key.to_owned()]).await;
        taken.map_err(|error| ledger(key, error))
    }

    async fn release(&self, releases: &[Release]) -> Result<(), SnapshotError> {
        let sent = self.member.release(releases.to_vec()).await;
        sent.map_err(|error| ledger("the repository's objects", error))
    }

    async fn leave(&self) -> Result<(), SnapshotError> {
        let left = self.member.leave().await;
        left.map_err(|error| ledger("the repository's objects", error))
    }

    async fn pause(&self) {
        timer::after(0).await;
    }
}

pub(crate) fn ledger(key: &str, error: ErrorReply) -> SnapshotError {
    reply::log_fault(&error);
    SnapshotError::Ledger {
        key: key.to_owned(),
        message: error.message,
    }
}

pub(crate) fn securing<'a>(
    store: &'a Store,
    bucket: &'a R2,
    record: &'a RepositoryRecord,
    around: &'a RepositorySurroundings<'a>,
) -> Securing<'a, Rc<ObjectDatabase>, R2, RepositorySurroundings<'a>> {
    Securing {
        store,
        bucket,
        around,
        network_id: record.network(),
    }
}
