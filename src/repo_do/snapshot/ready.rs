//! The ready clone: made once pushes have settled, told to the Worker when a full clone asks for
//! exactly what it holds.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::cold::{self, Faults};
use super::super::contract::{ErrorCode, ErrorReply};
use super::super::memory::FETCH_BYTES;
use super::super::object::{RepoObject, Store, now_ms, reserve};
use super::super::sender::Sender;
use super::super::timer;
use super::{Around, SNAPSHOT_BYTES, SnapshotError, Surroundings as _};
use crate::git::limits::Limits;
use crate::git::protocol::fetch_request::FetchRequest;
use crate::git::upload_pack::answer::{Answer, answer};
use crate::git::upload_pack::full_clone;
use crate::storage::bucket::{Bucket, PART_BYTES, ready_key};
use crate::storage::r2::R2;
use crate::storage::ready::{READY_UPLOAD, ReadyClone, fingerprint};
use crate::storage::repository::RepositoryRecord;
use crate::storage::snapshots::Upload;

/// How long the object of a ready clone stays when it is no longer given out: whoever streams it
/// may still be at it.
pub const GRACE_MS: i64 = 60 * 60 * 1000;

/// What a ready clone answers with: what stands before the pack, and the R2 object.
pub struct Served {
    pub head: Vec<u8>,
    pub ready: ReadyClone,
}

/// The ready clone, if it is the answer to this request: a full clone of what branches and tags
/// name now, no more and no less. One that R2 has lost is forgotten.
pub async fn serves(
    object: &RepoObject,
    store: &Store,
    request: &FetchRequest,
) -> Result<Option<Served>, ErrorReply> {
    let Some(head) = full_clone::head(request) else {
        return Ok(None);
    };
    let Some(ready) = store.ready_clone()? else {
        return Ok(None);
    };
    if fingerprint(request.wants.clone()) != ready.fingerprint
        || fingerprint(store.cloned_tips()?) != ready.fingerprint
    {
        return Ok(None);
    }
    let found = match R2::of(&object.env) {
        Ok(bucket) => bucket.size(&ready.r2_key).await,
        Err(error) => Err(error),
    };
    match found {
        Ok(Some(bytes)) if bytes == ready.response_bytes => Ok(Some(Served { head, ready })),
        found => {
            let key = &ready.r2_key;
            worker::console_error!("r2: ready clone {key} is not there: {found:?}");
            if matches!(found, Ok(_)) && store.ready_clone()?.as_ref() == Some(&ready) {
                store.drop_ready_clone(now_ms())?;
            }
            Ok(None)
        }
    }
}

/// Makes the ready clone of these tips.
pub async fn make(
    object: &RepoObject,
    store: &Rc<Store>,
    bucket: &R2,
    record: &RepositoryRecord,
    tips: Vec<ObjectId>,
) -> Result<(), ErrorReply> {
    let fingerprint = fingerprint(tips.clone());
    let mut upload = Upload {
        pack_id: READY_UPLOAD,
        r2_key: ready_key(&record.id, &fingerprint),
        upload_id: None,
        etags: Vec::new(),
    };
    store.note_upload(&upload)?;
    // Held as packs are: the repository may be deleted while this goes on.
    let around = Around::new(object, store, record);
    around.hold(&upload.r2_key).await?;
    let mut sender = sender(object, store, full_clone::request(tips)).await?;
    let written = write(&mut sender, store, bucket, &mut upload).await;
    let response_bytes = written?;
    let found = bucket
        .size(&upload.r2_key)
        .await
        .map_err(SnapshotError::from)?;
    if found != Some(response_bytes) {
        let key = upload.r2_key;
        return Err(SnapshotError::Corrupt { key }.into());
    }
    let now_ms = now_ms();
    let ready = ReadyClone {
        r2_key: upload.r2_key,
        fingerprint,
        response_bytes,
        object_count: sender.object_count(),
        made_at: now_ms,
    };
    Ok(store.set_ready_clone(&ready, now_ms.saturating_add(GRACE_MS))?)
}

/// The pack of the response, without what stands before it.
async fn sender(
    object: &RepoObject,
    store: &Rc<Store>,
    request: FetchRequest,
) -> Result<Sender, ErrorReply> {
    let mut reservations = vec![reserve(FETCH_BYTES).await?, reserve(SNAPSHOT_BYTES).await?];
    reservations.extend(cold::reserve_for(store).await?);
    let mut faults = Faults::default();
    let pack = loop {
        let graph = object.graph.current(store)?;
        match answer(store, graph, &request, &Limits::DEFAULT) {
            Ok(Answer { pack, .. }) => break pack,
            Err(error) => {
                let failed = || ErrorReply::new(ErrorCode::InternalError, error.to_string());
                let chunk = error.cold().ok_or_else(failed)?;
                faults.mend(&object.env, store, chunk).await?;
            }
        }
    };
    let nothing = || ErrorReply::new(ErrorCode::InternalError, "a full clone without a pack");
    let pack = pack.ok_or_else(nothing)?;
    let store = Rc::clone(store);
    Ok(Sender::new(
        &object.env,
        store,
        Vec::new(),
        pack,
        reservations,
    ))
}

/// Writes the response, in equal parts if it takes more than one; how many bytes.
async fn write(
    sender: &mut Sender,
    store: &Store,
    bucket: &R2,
    upload: &mut Upload,
) -> Result<u64, ErrorReply> {
    let key = upload.r2_key.clone();
    let mut part = Vec::with_capacity(PART_BYTES);
    let mut written = 0_u64;
    while let Some(piece) = sender.piece().await {
        let piece = piece.map_err(|error| ErrorReply::new(ErrorCode::InternalError, error))?;
        let mut piece = piece.as_slice();
        while !piece.is_empty() {
            let room = PART_BYTES.saturating_sub(part.len());
            let (now, later) = piece.split_at_checked(room).unwrap_or((piece, &[]));
            part.extend_from_slice(now);
            piece = later;
            if part.len() == PART_BYTES {
                written = written.saturating_add(part.len() as u64);
                put_part(store, bucket, upload, std::mem::take(&mut part)).await?;
                part.reserve(PART_BYTES);
            }
        }
        timer::after(0).await;
    }
    written = written.saturating_add(part.len() as u64);
    if upload.upload_id.is_none() {
        bucket.put(&key, part).await.map_err(SnapshotError::from)?;
        return Ok(written);
    }
    if !part.is_empty() {
        put_part(store, bucket, upload, part).await?;
    }
    let upload_id = upload.upload_id.as_deref().unwrap_or_default();
    let completed = bucket.complete(&key, upload_id, &upload.etags).await;
    completed.map_err(SnapshotError::from)?;
    Ok(written)
}

async fn put_part(
    store: &Store,
    bucket: &R2,
    upload: &mut Upload,
    part: Vec<u8>,
) -> Result<(), SnapshotError> {
    let key = upload.r2_key.clone();
    let upload_id = match upload.upload_id.clone() {
        Some(upload_id) => upload_id,
        None => {
            let upload_id = bucket.begin(&key).await?;
            upload.upload_id = Some(upload_id.clone());
            store.note_upload(upload)?;
            upload_id
        }
    };
    let number = u16::try_from(upload.etags.len().saturating_add(1)).unwrap_or(u16::MAX);
    let etag = bucket.put_part(&key, &upload_id, number, part).await?;
    upload.etags.push(etag);
    Ok(())
}
