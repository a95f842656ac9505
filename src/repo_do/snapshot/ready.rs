//! The ready clone: made once pushes have settled, told to the Worker when a full clone asks for
//! exactly what it holds.

use std::rc::Rc;

use gix_hash::ObjectId;

use super::super::cold::{self, Faults};
use super::super::contract::{ErrorCode, ErrorReply};
use super::super::memory::FETCH_BYTES;
use super::super::object::{RepoObject, Store, now_ms};
use super::super::readers::Purpose;
use super::super::room::reserve;
use super::super::sender::Sender;
use super::super::timer;
use super::{Around, SnapshotError, Surroundings as _};
use crate::git::limits::Limits;
use crate::git::protocol::fetch_request::FetchRequest;
use crate::git::protocol::pktline;
use crate::git::protocol::sideband::{Band, SideBand, band};
use crate::git::upload_pack::answer::{Answer, Outgoing, answer};
use crate::git::upload_pack::full_clone;
use crate::storage::bucket::{Bucket as _, ready_key};
use crate::storage::r2::R2;
use crate::storage::ready::{ReadyClone, fingerprint};
use crate::storage::repository::RepositoryRecord;

/// How long the object of a ready clone stays when it is no longer given out: whoever streams it
/// may still be at it.
pub const GRACE_MS: i64 = 60 * 60 * 1000;

/// R2 takes no more in one go.
const RESPONSE_BYTES_MAX: u64 = 5 << 30;

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
            if found.is_ok() && store.ready_clone()?.as_ref() == Some(&ready) {
                store.drop_ready_clone(now_ms())?;
            }
            Ok(None)
        }
    }
}

/// Makes the ready clone of these tips: counts its bytes, then writes them in one go, since R2 takes
/// a stream whose length it knows. Nothing is left of one that fails.
pub async fn make(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    bucket: &R2,
    record: &RepositoryRecord,
    tips: Vec<ObjectId>,
) -> Result<(), ErrorReply> {
    let fingerprint = fingerprint(tips.clone());
    let r2_key = ready_key(&record.id, &fingerprint);
    let reservations = vec![
        reserve(2 * FETCH_BYTES).await?,
        reserve(cold::COLD_BYTES).await?,
    ];
    // Packs that are superseded meanwhile stay.
    let reader = object.readers.enter(Purpose::Look, now_ms());
    let request = full_clone::request(tips);
    let mut faults = Faults::default();
    // Two of the same: nothing runs between them.
    let (counted, sent) = loop {
        let graph = object.graph.current(store)?;
        let answers = [Rc::clone(&graph), graph]
            .map(|graph| answer(store, graph, &request, &Limits::DEFAULT));
        match answers {
            [
                Ok(Answer {
                    pack: Some(one), ..
                }),
                Ok(Answer {
                    pack: Some(other), ..
                }),
            ] => {
                break (one, other);
            }
            [Err(error), _] | [_, Err(error)] => {
                let chunk = error.cold().ok_or_else(|| failed(error.to_string()))?;
                faults.mend(object, store, chunk).await?;
            }
            _ => return Err(failed("a full clone without a pack".to_owned())),
        }
    };
    let pack_bytes = count(object, store, counted).await?;
    let flush_bytes = 4;
    let response_bytes = SideBand::Large.framed_bytes(pack_bytes) + flush_bytes;
    if response_bytes > RESPONSE_BYTES_MAX {
        return Ok(());
    }
    let object_count = sent.writer.object_count();
    let sender = Sender::bare(
        object,
        Rc::clone(store),
        Vec::new(),
        sent,
        (reservations, reader),
    );
    // Until it is registered it is one that may go.
    let now_ms = now_ms();
    store.release_later(&r2_key, now_ms.saturating_add(GRACE_MS))?;
    // Held as packs are: the repository may be deleted while this goes on.
    Around::new(object, store, record).hold(&r2_key).await?;
    let frames = Frames {
        sender,
        pending: Vec::new(),
        ended: false,
    };
    let pieces = futures::stream::unfold(frames, Frames::next);
    bucket
        .put_stream(&r2_key, pieces, response_bytes)
        .await
        .map_err(SnapshotError::from)?;
    let ready = ReadyClone {
        r2_key,
        fingerprint,
        response_bytes,
        object_count,
        made_at: now_ms,
    };
    Ok(store.set_ready_clone(&ready, now_ms.saturating_add(GRACE_MS))?)
}

fn failed(message: String) -> ErrorReply {
    ErrorReply::new(ErrorCode::InternalError, message)
}

/// Bytes that the pack will have, trailer included; what is copied is not looked at.
async fn count(
    object: &RepoObject,
    store: &Rc<Store>,
    mut pack: Outgoing<Rc<Store>>,
) -> Result<u64, ErrorReply> {
    let mut faults = Faults::default();
    loop {
        let Outgoing {
            packs,
            writer,
            at_client,
            ..
        } = &mut pack;
        match writer.next(packs, &mut |id| at_client.has(packs, id)) {
            Ok(Some(_)) => faults.settled(),
            Ok(None) => break,
            Err(error) => {
                let chunk = error.cold().ok_or(error)?;
                faults.mend(object, store, chunk).await?;
            }
        }
    }
    let trailer_bytes = 20;
    Ok(pack.writer.counts().bytes.saturating_add(trailer_bytes))
}

/// A bare pack put into packets that are as long as packets may be, so that their number follows
/// from the pack's bytes.
struct Frames {
    sender: Sender,
    /// Payload that does not fill a packet yet.
    pending: Vec<u8>,
    ended: bool,
}

impl Frames {
    async fn next(mut self) -> Option<(worker::Result<Vec<u8>>, Self)> {
        if self.ended {
            return None;
        }
        let mut out = Vec::new();
        match self.sender.piece().await {
            Some(Ok(piece)) => self.pending.extend_from_slice(&piece),
            Some(Err(error)) => {
                self.ended = true;
                return Some((Err(worker::Error::RustError(error)), self));
            }
            None => self.ended = true,
        }
        let packet = SideBand::Large.payload_bytes_max().unwrap_or(1);
        let whole = if self.ended {
            self.pending.len()
        } else {
            self.pending.len() - self.pending.len() % packet
        };
        let rest = self.pending.split_off(whole);
        band(Band::Data, &self.pending, SideBand::Large, &mut out);
        self.pending = rest;
        if self.ended {
            pktline::flush(&mut out);
        }
        // The pack of a large repository takes seconds: others come in between.
        timer::after(0).await;
        Some((Ok(out), self))
    }
}
