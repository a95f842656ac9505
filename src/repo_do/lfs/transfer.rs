//! One object: its upload begins and ends, its bytes are found.

use super::asked::{LfsRequest, oid_of, writable};
use crate::repo_do::contract::lfs::{LfsNamed, LfsPlace};
use crate::repo_do::contract::{ErrorCode, ErrorReply};
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::network::Member;
use crate::repo_do::r2::settings::settle_ms;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::repo_do::schedule;
use crate::repo_do::state::store::Store;
use crate::storage::r2::bucket::lfs_key;

/// After how many seconds an upload whose row is gone is worth another try.
const RETRY_SECONDS: u32 = 2;

/// An upload begins: noted here, then in the network's account, so that whoever stops in between
/// leaves a row that tells of it.
pub(super) async fn begin(asked: LfsRequest) -> Answer {
    let LfsRequest {
        object,
        store,
        request,
        authorized,
    } = asked;
    let named: LfsNamed = answer::body(request).await?;
    let oid = oid_of(&named.oid)?;
    let record = &writable(&store, &authorized)?;
    let r2_key = lfs_key(record.network(), &oid);
    let begun = store.begin_lfs_upload((&oid, named.size), &r2_key, now_ms())?;
    if begun.is_stored {
        store.need_lfs_objects(&[begun])?;
    } else {
        store.join_network(record.network())?;
        let member = Member::of(&object.env, record);
        member.take_at(vec![r2_key.clone()], begun.at).await?;
        upkeep_due(&object, &store).await;
    }
    reply::json(&LfsPlace {
        r2_key,
        size: begun.bytes,
        is_stored: begun.is_stored,
    })
}

/// R2 has the bytes of an upload, verified: the repository has the object from now on.
pub(super) async fn finish(asked: LfsRequest) -> Answer {
    let LfsRequest {
        object,
        store,
        request,
        authorized,
    } = asked;
    let named: LfsNamed = answer::body(request).await?;
    let oid = oid_of(&named.oid)?;
    writable(&store, &authorized)?;
    if !store.finish_lfs_object((&oid, named.size), now_ms())? {
        let message = format!("the upload of {oid} was given up: send it once more");
        return Err(ErrorReply::busy(RETRY_SECONDS, message));
    }
    upkeep_due(&object, &store).await;
    reply::json(&())
}

/// Sees to it that the alarm looks after what was begun, and that the record in R2 soon names what
/// came.
pub(super) async fn upkeep_due(object: &RepoObject, store: &Store) {
    let at_ms = now_ms().saturating_add(settle_ms(&object.env, store));
    schedule::copies_due(object, at_ms);
    schedule::wake_or_log(object, at_ms).await;
}

/// Where the bytes of an object are that the repository has.
pub(super) async fn locate(asked: LfsRequest) -> Answer {
    let LfsRequest {
        store,
        request,
        authorized,
        ..
    } = asked;
    let named: LfsNamed = answer::body(request).await?;
    let oid = oid_of(&named.oid)?;
    let object = store.lfs_object(&oid)?.filter(|object| object.is_stored);
    let object = object.ok_or_else(|| {
        let message = format!("the repository has no object {oid}");
        ErrorReply::new(ErrorCode::NotFound, message)
    })?;
    reply::json(&LfsPlace {
        r2_key: lfs_key(authorized.record.network(), &oid),
        size: object.bytes,
        is_stored: true,
    })
}
