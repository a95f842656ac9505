//! Takes over the namespace's policies for all its repositories.

use worker::Request;

use crate::git::store::StoreError;
use crate::repo_do::contract::{StandingTaken, TakeStanding, ToldBytes};
use crate::repo_do::request::answer::{Answer, body};
use crate::repo_do::request::caller::check_operator;
use crate::repo_do::runtime::reply;
use crate::repo_do::state::store::Store;
use crate::storage::repository::store::RepositoryRecord;

/// `POST /standing`. It may come late or twice: the newest version stays. The row is written before the
/// answer, so a caller that hears `is_here` knows that the older version judges no more requests.
/// No bound on requests holds it up.
pub(crate) async fn take(store: &Store, request: Request) -> Answer {
    check_operator(
        &request,
        "only the namespace says how its repositories stand",
    )?;
    let told: TakeStanding = body(request).await?;
    let is_ours =
        |record: &RepositoryRecord| record.namespace.eq_ignore_ascii_case(&told.namespace);
    let Some(record) = store.load()?.filter(is_ours) else {
        return reply::json(&StandingTaken {
            is_here: false,
            bytes: None,
        });
    };
    let is_here = store.take_standing(&told.standing)?;
    // Its size may be from before the namespace counted sizes.
    let bytes = if told.standing.has_quota {
        Some(told_bytes(store, record)?)
    } else {
        None
    };
    reply::json(&StandingTaken { is_here, bytes })
}

fn told_bytes(store: &Store, record: RepositoryRecord) -> Result<ToldBytes, StoreError> {
    let (size_bytes, _) = store.live_sizes()?;
    Ok(ToldBytes {
        repository_id: record.id,
        size_bytes,
        lfs_bytes: store.lfs_totals()?.bytes,
    })
}
