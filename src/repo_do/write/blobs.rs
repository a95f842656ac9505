//! `PUT …/blobs`: a blob, to be named by a commit to come.
//!
//! No ref reaches it, so nobody but its caller may name it, and it is pruned like everything that no
//! ref reaches.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use futures::FutureExt as _;
use gix_hash::ObjectId;
use serde::Serialize;

use super::body::{check_told, give_up, unreadable};
use super::pack_maker::PackMaker;
use super::refusal;
use super::request::WriteRequest;
use super::streamed_blob::{BLOB_BYTES, StreamedBlob};
use crate::git::graph::connectivity::ConnectivityError;
use crate::git::limits::Limits;
use crate::git::pack::incoming::objects::Sources;
use crate::git::pack::reader::LivePacks;
use crate::git::receive_pack::rules::Rejection;
use crate::git::receive_pack::secrets::Allowed;
use crate::git::store::StoreError;
use crate::repo_do::contract::{Access, ErrorReply};
use crate::repo_do::fetch::reach::VisibleBases;
use crate::repo_do::intake::arrival::ArrivedPack;
use crate::repo_do::intake::error::IntakeError;
use crate::repo_do::intake::hooks::Unwatched;
use crate::repo_do::intake::inspect::inspect;
use crate::repo_do::intake::new_pack::NewPack;
use crate::repo_do::intake::prove::{Closure, Subject, prove};
use crate::repo_do::intake::proven::ProvenPack;
use crate::repo_do::intake::quarantine::QuarantinedPack;
use crate::repo_do::intake::resolve::resolve;
use crate::repo_do::intake::steps::Steps;
use crate::repo_do::request::answer::{self, Answer};
use crate::repo_do::request::caller::Authorized;
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;
use crate::repo_do::upkeep::alarm;
use crate::storage::db::sql::in_transaction;
use crate::storage::repository::store::RepositoryRecord;

/// The answer.
#[derive(Serialize)]
struct Put {
    blob: String,
    size: u64,
}

/// The blob is all there is to prove.
struct OneBlob(ObjectId);

impl Closure for OneBlob {
    fn tips(&self) -> Option<Cow<'_, [ObjectId]>> {
        Some(Cow::Owned(vec![self.0]))
    }

    fn leave_out(&mut self, bad: HashMap<ObjectId, ConnectivityError>) -> Result<(), IntakeError> {
        match bad.into_values().next() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }
}

/// Stores the body as a blob.
pub(super) async fn put(write: WriteRequest) -> Answer {
    check_writable(&write.authorized, &write.store)?;
    let mut body = Body::of(&write.request).map_err(|error| unreadable(&error))?;
    let told = check_told(&write.request, Limits::DEFAULT.object_bytes_max);
    let told = told.and_then(|told| write.check_room(told.unwrap_or(0)).map(|()| told));
    let stored = match told {
        Ok(told) => store(&write, &mut body, told).boxed_local().await,
        Err(error) => Err(error),
    };
    if stored.is_err() {
        give_up(&mut body, &write.request).await;
    }
    let (id, size) = stored?;
    let blob = id.to_string();
    Ok(answer::enveloped(&Put { blob, size })?.with_status(201))
}

/// Whether the caller may write, by the present state of the database.
fn check_writable(authorized: &Authorized, store: &Store) -> Result<RepositoryRecord, ErrorReply> {
    let record = authorized.judge_again(store, Access::Push)?;
    if record.is_read_only() {
        return Err(refusal::reply(&Rejection::ReadOnly, "/repo", ""));
    }
    Ok(record)
}

async fn store(
    write: &WriteRequest,
    body: &mut Body,
    told: Option<u64>,
) -> Result<(ObjectId, u64), ErrorReply> {
    let mut maker = PackMaker::begin(&write.writer(), 1, BLOB_BYTES).await?;
    let mut blob = StreamedBlob::new(told);
    let mut piece = Vec::new();
    while body
        .next(&mut piece)
        .await
        .map_err(|error| unreadable(&error))?
    {
        let taken = blob.take(&piece, &mut maker).await;
        taken.map_err(|error| error.at(None))?;
    }
    write.account.received(body.received_bytes());
    let ended = blob.end(&mut maker).await;
    let size = ended.map_err(|error| error.at(None))?;
    let lost = || ErrorReply::internal("intake", &"the blob has no id");
    let id = maker.ids().await?.first().copied().ok_or_else(lost)?;
    publish(write, maker.finish().await?, &id).await?;
    Ok((id, size))
}

/// Makes the pack of the blob live. After an error it leaves nothing.
async fn publish(write: &WriteRequest, new_pack: NewPack, id: &ObjectId) -> Result<(), ErrorReply> {
    let NewPack {
        arrived,
        quarantined,
        mut memory,
    } = new_pack;
    let _reader = write.object.readers.enter(Purpose::Push, now_ms());
    let published = match memory.hold_work(arrived.counts()).await {
        Ok(()) => prove_and_publish(write, arrived, &quarantined, id).await,
        Err(error) => Err(error),
    };
    if published.is_err() {
        quarantined.discard();
        return published;
    }
    quarantined.forget();
    // The answer must not be read before the blob is safe.
    let synced = write.object.storage.sync().await;
    synced.map_err(|error| ErrorReply::internal("sync", &error))?;
    alarm::after_push(&write.object, &write.store).await;
    Ok(())
}

async fn prove_and_publish(
    write: &WriteRequest,
    arrived: ArrivedPack,
    quarantined: &QuarantinedPack,
    id: &ObjectId,
) -> Result<(), ErrorReply> {
    let limits = Limits::DEFAULT;
    let live = LivePacks::open(Rc::clone(&write.store), &limits)?;
    let steps = Steps::new(&write.object, &write.store, &Unwatched);
    let bases = VisibleBases::of(&write.object, &live);
    let sources = Sources {
        store: live.store(),
        bases: &bases,
    };
    let resolved = resolve(steps, arrived, sources, quarantined).await?;
    // No push option comes with a blob; one may come with the commit that has the content.
    let allowed = Allowed::default();
    let pushed = inspect(steps, resolved, (&live, &limits), &allowed).await?;
    let graph = write.object.graph.current(&write.store)?;
    let subject = Subject {
        graph: &graph,
        objects: &pushed,
        incoming: &pushed,
        limits: &limits,
    };
    let connected = prove(steps, subject, &mut OneBlob(*id)).await?;
    let (objects, _) = pushed.into_parts();
    let proven = connected.and_then(|connected| ProvenPack::of(objects, connected, false));
    let proven = proven.ok_or_else(|| ErrorReply::internal("intake", &"the pack is empty"))?;
    let mut authorized = write.authorized.clone();
    let claimed = authorized.claim_room(&write.object, &write.store, proven.pack_bytes());
    claimed.await?;
    authorized.renew(&write.object.env).await?;
    // Nothing is awaited from here on.
    let record = check_writable(&authorized, &write.store)?;
    let store = &write.store;
    authorized
        .quota
        .check(store, &record, proven.pack_bytes())?;
    let published = in_transaction(store.database(), || {
        let pack = proven.write(store)?;
        store.publish_blob(&pack, id, authorized.putter(), now_ms())
    });
    Ok(published.map_err(|error: StoreError| error)?)
}
