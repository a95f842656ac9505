//! Packs in R2: the copies, what goes cold, what R2 may forget.

mod secure;

use std::cell::Cell;

use super::contract::{ErrorCode, ErrorReply};
use super::network::Member;
use super::object::{RepoObject, Store, reserve};
use super::{reply, timer};
use crate::storage::bucket::PART_BYTES;
use crate::storage::r2::R2;
use crate::storage::repository::RepositoryRecord;
use secure::Securing;
pub use secure::{SecuredPack, SnapshotError, Surroundings};

/// What a run holds: a part here and once more in JavaScript.
const SNAPSHOT_BYTES: u64 = 2 * PART_BYTES as u64;

/// How often a request looks whether another run is over.
const POLL_MS: u32 = 20;

/// One run at a time in an object; given back when dropped.
#[derive(Debug, Default)]
pub struct Turn(Cell<bool>);

struct Taken<'a>(&'a Turn);

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.0.0.set(false);
    }
}

impl Turn {
    async fn take(&self) -> Taken<'_> {
        while self.0.replace(true) {
            timer::after(POLL_MS).await;
        }
        Taken(self)
    }
}

/// The object, as the work knows it.
struct Around<'a> {
    store: &'a Store,
    member: Member<'a>,
}

impl Surroundings for Around<'_> {
    async fn hold(&self, key: &str) -> Result<(), SnapshotError> {
        self.store.join_network(self.member.network_id)?;
        let taken = self.member.take(vec![key.to_owned()]).await;
        taken.map_err(|error| ledger(key, error))
    }

    async fn release(&self, key: &str) -> Result<(), SnapshotError> {
        let released = self.member.release(vec![key.to_owned()]).await;
        released.map_err(|error| ledger(key, error))
    }

    async fn pause(&self) {
        timer::after(0).await;
    }
}

fn ledger(key: &str, error: ErrorReply) -> SnapshotError {
    SnapshotError::Ledger {
        key: key.to_owned(),
        message: error.message,
    }
}

/// The fork network of a repository: the id of the repository that all others came from.
fn network_id(record: &RepositoryRecord) -> &str {
    record.network_id.as_deref().unwrap_or(&record.id)
}

/// Sees to it that R2 holds every live pack, and gives their keys, in the order of publication.
/// Packs that are published meanwhile are not waited for.
pub async fn secure_packs(object: &RepoObject) -> Result<Vec<SecuredPack>, ErrorReply> {
    let store = object.store()?;
    let gone = || ErrorReply::new(ErrorCode::NotFound, "repository not found");
    let record = store.load()?.ok_or_else(gone)?;
    let _turn = object.snapshot_turn.take().await;
    loop {
        if let Some(packs) = try_secure(object, &store, &record).await? {
            return Ok(packs);
        }
    }
}

/// `None` when a pack was superseded meanwhile: the list is another one now.
async fn try_secure(
    object: &RepoObject,
    store: &Store,
    record: &RepositoryRecord,
) -> Result<Option<Vec<SecuredPack>>, ErrorReply> {
    let packs = store.stored_packs()?;
    let mut secured = Vec::with_capacity(packs.len());
    let missing = packs.iter().any(|pack| pack.r2_key.is_none());
    let bucket = R2::of(&object.env).map_err(SnapshotError::from)?;
    let around = Around {
        store,
        member: Member {
            env: &object.env,
            network_id: network_id(record),
            repository_id: &record.id,
        },
    };
    let securing = Securing {
        store,
        bucket: &bucket,
        around: &around,
        network_id: network_id(record),
    };
    let _reservation = match missing {
        true => Some(reserve(SNAPSHOT_BYTES).await?),
        false => None,
    };
    for pack in packs {
        let Some(r2_key) = securing.secure(&pack).await? else {
            return Ok(None);
        };
        secured.push(SecuredPack {
            pack_id: pack.pack_id,
            r2_key,
            pack_bytes: pack.pack_bytes,
            object_count: pack.object_count,
        });
    }
    Ok(Some(secured))
}

/// R2 failed: the client learns what, since the operator is who can mend it.
impl From<SnapshotError> for ErrorReply {
    fn from(error: SnapshotError) -> Self {
        match error {
            SnapshotError::Store(error) => error.into(),
            error => {
                worker::console_error!("{}", reply::fault_line("r2", &error.to_string()));
                Self::new(ErrorCode::UpstreamUnavailable, error.to_string())
            }
        }
    }
}
