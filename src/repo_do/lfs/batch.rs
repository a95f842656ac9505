//! Many objects at once: which of them the repository has.

use super::asked::{LfsRequest, oid_of, writable};
use super::presigned::upload_name;
use super::transfer::upkeep_due;
use crate::repo_do::contract::lfs::{LfsBatch, LfsBatchAnswer};
use crate::repo_do::r2::network::Member;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::storage::r2::bucket::lfs_key;

/// Which objects can be downloaded.
pub(super) async fn download(asked: LfsRequest) -> Answer {
    let LfsRequest {
        store,
        request,
        authorized,
        ..
    } = asked;
    let batch: LfsBatch = answer::body(request).await?;
    let mut sizes = Vec::with_capacity(batch.objects.len());
    for named in &batch.objects {
        let object = store.lfs_object(&oid_of(&named.oid)?)?;
        sizes.push(
            object
                .filter(|object| object.is_stored)
                .map(|object| object.bytes),
        );
    }
    reply::json(&LfsBatchAnswer {
        sizes,
        uploads: Vec::new(),
        network_id: authorized.record.network().to_owned(),
        expires_at_ms: authorized.token.map(|token| token.expires_at_ms),
    })
}

/// Which objects the repository has already; the others are begun if their bytes bypass the Worker.
pub(super) async fn upload(asked: LfsRequest) -> Answer {
    let LfsRequest {
        object,
        store,
        request,
        authorized,
    } = asked;
    let batch: LfsBatch = answer::body(request).await?;
    let record = &writable(&store, &authorized)?;
    let mut sizes = Vec::with_capacity(batch.objects.len());
    let mut uploads = Vec::new();
    let (mut here, mut begun, mut taken_at) = (Vec::new(), Vec::new(), 0);
    for named in &batch.objects {
        let oid = oid_of(&named.oid)?;
        let found = if batch.presigned {
            let key = lfs_key(record.network(), &oid);
            let object = store.begin_lfs_upload((&oid, named.size), &key, now_ms())?;
            if object.is_stored {
                uploads.push(String::new());
            } else {
                uploads.push(upload_name(record, &object));
                begun.push(key);
                taken_at = object.at.max(taken_at);
            }
            Some(object)
        } else {
            store.lfs_object(&oid)?
        };
        let stored = found.filter(|object| object.is_stored);
        here.extend(stored);
        sizes.push(stored.map(|object| object.bytes));
    }
    // The client is about to push pointers to these, and will not send them.
    store.need_lfs_objects(&here)?;
    if !begun.is_empty() {
        store.join_network(record.network())?;
        let member = Member::of(&object.env, record);
        member.take_at(begun, taken_at).await?;
        upkeep_due(&object, &store).await;
    }
    reply::json(&LfsBatchAnswer {
        sizes,
        uploads,
        network_id: record.network().to_owned(),
        expires_at_ms: authorized.token.as_ref().map(|token| token.expires_at_ms),
    })
}
