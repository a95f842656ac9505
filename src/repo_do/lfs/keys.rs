//! The keys of objects that begin to come, taken in the network's account: after their rows, and before
//! R2 is written.

use worker::Env;

use crate::repo_do::contract::ErrorReply;
use crate::repo_do::r2::network::Member;
use crate::repo_do::state::store::Store;
use crate::storage::r2::bucket::lfs_key;
use crate::storage::repository::lfs_objects::LfsObject;
use crate::storage::repository::store::RepositoryRecord;

/// Takes the keys of objects that the repository is about to write.
pub(crate) async fn take_keys(
    env: &Env,
    store: &Store,
    record: &RepositoryRecord,
    begun: &[LfsObject],
) -> Result<(), ErrorReply> {
    match noted(store, record, begun)? {
        Some((keys, at)) => Member::of(env, record).take_at(keys, at).await,
        None => Ok(()),
    }
}

/// Takes the keys of objects that another repository of the network has.
pub(crate) async fn share_keys(
    env: &Env,
    store: &Store,
    record: &RepositoryRecord,
    begun: &[LfsObject],
) -> Result<(), ErrorReply> {
    match noted(store, record, begun)? {
        Some((keys, at)) => Member::of(env, record).share_at(keys, at).await,
        None => Ok(()),
    }
}

/// Notes the network before it knows of the repository. Gives the keys, and the time of the last
/// beginning, which no release of them is later than; `None` where nothing began.
fn noted(
    store: &Store,
    record: &RepositoryRecord,
    begun: &[LfsObject],
) -> Result<Option<(Vec<String>, i64)>, ErrorReply> {
    let Some(taken_at) = begun.iter().map(|object| object.at).max() else {
        return Ok(None);
    };
    let network_id = record.network();
    store.join_network(network_id)?;
    let keys = begun.iter().map(|object| lfs_key(network_id, &object.oid));
    Ok(Some((keys.collect(), taken_at)))
}
