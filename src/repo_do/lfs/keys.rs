//! The keys of objects that begin to come, taken in the network's account: after their rows, and before
//! R2 is written. And the names of their uploads.

use worker::Env;

use crate::repo_do::contract::ErrorReply;
use crate::repo_do::r2::network::Member;
use crate::repo_do::state::store::Store;
use crate::storage::network::store::Purpose;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::lfs_objects::LfsObject;
use crate::storage::repository::store::RepositoryRecord;

/// Takes the keys of objects that the repository is about to write, or to share with another one of its
/// network. Its row names the network before the network's account names the repository.
pub(crate) async fn take_keys(
    env: &Env,
    store: &Store,
    record: &RepositoryRecord,
    (begun, purpose): (&[LfsObject], Purpose),
) -> Result<(), ErrorReply> {
    // No release of these keys is decided later than the start of their last upload.
    let Some(taken_at) = begun.iter().map(|object| object.at).max() else {
        return Ok(());
    };
    let network_id = record.network();
    store.join_network(network_id)?;
    let keys = begun.iter().map(|object| lfs_key(network_id, &object.oid));
    let member = Member::of(env, record);
    member.take_at(purpose, keys.collect(), taken_at).await
}

/// The name of an upload: no other repository has it, nor a later upload here once this one was
/// forgotten. R2 keeps it with bytes that bypass the Worker.
pub(super) fn upload_name(record: &RepositoryRecord, begun: &LfsObject) -> String {
    format!("{}.{}", record.id, begun.at)
}
