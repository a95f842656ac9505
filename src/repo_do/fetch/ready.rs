//! The ready clone, told to the Worker when a full clone asks for exactly its objects.

use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;

use crate::git::protocol::fetch_request::FetchRequest;
use crate::git::store::RefSource as _;
use crate::git::upload_pack::full_clone::{self, Tip};
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::object::RepoObject;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::schedule;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;
use crate::storage::r2::binding::R2;
use crate::storage::repository::ready_clone::{ReadyClone, fingerprint};

/// The answer of a ready clone: the bytes before the pack, and the R2 object.
pub(crate) struct Served {
    pub(crate) head: Vec<u8>,
    pub(crate) ready: ReadyClone,
}

/// The ready clone, if it is the answer to this request: a full clone of the commits that branches and tags
/// name now, no more and no less. One that R2 has lost, or has other bytes of, is forgotten.
pub(crate) async fn serves(
    object: &RepoObject,
    store: &Rc<Store>,
    request: &FetchRequest,
) -> Result<Option<Served>, ErrorReply> {
    let Some((head, ready)) = answers(object, store, request)? else {
        return Ok(None);
    };
    let found = match R2::of(&object.env) {
        Ok(bucket) => bucket.look(&ready.r2_key).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(Some((bytes, etag))) if is_as_written(&ready, bytes, &etag) => {
            Ok(Some(Served { head, ready }))
        }
        found => {
            let key = &ready.r2_key;
            let message = format!("ready clone {key} is not as it was written: {found:?}");
            fault_log::error("r2", &message);
            if found.is_ok() {
                forget(object, store, &ready).await?;
            }
            Ok(None)
        }
    }
}

/// The head of the answer and the ready clone, if it has the objects that the request asks for.
fn answers(
    object: &RepoObject,
    store: &Rc<Store>,
    request: &FetchRequest,
) -> Result<Option<(Vec<u8>, ReadyClone)>, ErrorReply> {
    if !full_clone::is_plain(request) {
        return Ok(None);
    }
    let Some(ready) = store.ready_clone()? else {
        return Ok(None);
    };
    let tips = store.cloned_tips()?;
    if fingerprint(ids(&tips)) != ready.fingerprint {
        return Ok(None);
    }
    let mut named = Vec::with_capacity(request.want_refs.len());
    for name in &request.want_refs {
        let Some(id) = store.ref_target(name.as_bstr())? else {
            return Ok(None);
        };
        named.push((id, name.clone()));
    }
    let named_ids = named.iter().map(|(id, _)| *id);
    let wants: Vec<_> = request.wants.iter().copied().chain(named_ids).collect();
    let covers = fingerprint(wants.iter().copied()) == ready.fingerprint
        || full_clone::covers(&object.graph.current(store)?, &wants, &tips)?;
    Ok(covers.then(|| (full_clone::head(request, &named), ready)))
}

pub(crate) fn ids(tips: &[Tip]) -> impl Iterator<Item = ObjectId> + '_ {
    tips.iter().map(|tip| tip.id)
}

/// Whether R2 has as many bytes as were written, and calls them as it did then.
fn is_as_written(ready: &ReadyClone, bytes: u64, etag: &str) -> bool {
    let written = ready.written.as_ref();
    bytes == ready.response_bytes && written.is_none_or(|written| written.etag == etag)
}

/// Forgets a ready clone that cannot be served, if it is still the one; the alarm makes another.
pub(crate) async fn forget(
    object: &RepoObject,
    store: &Store,
    ready: &ReadyClone,
) -> Result<(), ErrorReply> {
    let now_ms = now_ms();
    if store.ready_clone()?.as_ref() == Some(ready) {
        store.drop_ready_clone(now_ms)?;
        schedule::copies_due(object, now_ms);
        schedule::wake_or_log(object, now_ms).await;
    }
    Ok(())
}
