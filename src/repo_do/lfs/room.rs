//! The bytes of objects, judged by the bounds on the repository and on its namespace.

use crate::git::lfs::Pointer;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::request::quota::Quota;
use crate::repo_do::request::room_hold::lacking_bytes;
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

/// Refuses objects if a bound leaves no room for those that the repository lacks. Without a bound
/// nothing is read.
pub(crate) fn check(
    quota: Quota,
    store: &Store,
    record: &RepositoryRecord,
    objects: impl IntoIterator<Item = Pointer>,
) -> Result<(), ErrorReply> {
    let Some(bound) = quota.bound(store, record)? else {
        return Ok(());
    };
    Ok(bound.check(lacking_bytes(store, objects)?)?)
}
