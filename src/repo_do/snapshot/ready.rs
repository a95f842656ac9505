//! The ready clone: made once pushes have settled, told to the Worker when a full clone asks for
//! exactly what it holds.

use std::cell::RefCell;
use std::rc::Rc;

use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;
use sha2::{Digest as _, Sha256};

use super::super::alarm;
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
use crate::git::store::RefSource as _;
use crate::git::upload_pack::answer::{Answer, Outgoing, answer};
use crate::git::upload_pack::full_clone::{self, Tip};
use crate::storage::bucket::ready_key;
use crate::storage::r2::R2;
use crate::storage::ready::{ReadyClone, Written, fingerprint};
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
/// name now, no more and no less. One that R2 has lost, or has other bytes of, is forgotten.
pub async fn serves(
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
            worker::console_error!("r2: ready clone {key} is not as it was written: {found:?}");
            if found.is_ok() {
                forget(object, store, &ready).await?;
            }
            Ok(None)
        }
    }
}

/// The head of the answer and the ready clone, if it has what the request asks for.
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

fn ids(tips: &[Tip]) -> impl Iterator<Item = ObjectId> + '_ {
    tips.iter().map(|tip| tip.id)
}

/// Whether R2 has as many bytes as were written, and calls them as it did then.
fn is_as_written(ready: &ReadyClone, bytes: u64, etag: &str) -> bool {
    let written = ready.written.as_ref();
    bytes == ready.response_bytes && written.is_none_or(|written| written.etag == etag)
}

/// Forgets a ready clone that cannot be served, if it is still the one; the alarm makes another.
pub async fn forget(
    object: &RepoObject,
    store: &Store,
    ready: &ReadyClone,
) -> Result<(), ErrorReply> {
    let now_ms = now_ms();
    if store.ready_clone()?.as_ref() == Some(ready) {
        store.drop_ready_clone(now_ms)?;
        alarm::copies_due(object, now_ms);
        alarm::wake_or_log(object, now_ms).await;
    }
    Ok(())
}

/// Makes the ready clone of these tips: counts its bytes, then writes them in one go, since R2 takes
/// a stream whose length it knows. Nothing is left of one that fails.
pub async fn make(
    object: &Rc<RepoObject>,
    store: &Rc<Store>,
    bucket: &R2,
    record: &RepositoryRecord,
    tips: &[Tip],
) -> Result<(), ErrorReply> {
    let fingerprint = fingerprint(ids(tips));
    let r2_key = ready_key(&record.id, &fingerprint);
    let reservations = vec![
        reserve(2 * FETCH_BYTES).await?,
        reserve(cold::COLD_BYTES).await?,
    ];
    // Packs that are superseded meanwhile stay.
    let reader = object.readers.enter(Purpose::Look, now_ms());
    let request = full_clone::request(ids(tips).collect());
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
    let digest = Rc::new(RefCell::new(Sha256::new()));
    let frames = Frames {
        sender,
        pending: Vec::new(),
        ended: false,
        digest: Rc::clone(&digest),
    };
    let pieces = futures::stream::unfold(frames, Frames::next);
    let etag = bucket
        .put_stream(&r2_key, pieces, response_bytes)
        .await
        .map_err(SnapshotError::from)?;
    let sha256 = digest.take().finalize().into();
    let ready = ReadyClone {
        r2_key,
        fingerprint,
        response_bytes,
        object_count,
        made_at: now_ms,
        written: Some(Written { sha256, etag }),
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
    /// Of what was given out.
    digest: Rc<RefCell<Sha256>>,
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
        self.digest.borrow_mut().update(&out);
        // The pack of a large repository takes seconds: others come in between.
        timer::after(0).await;
        Some((Ok(out), self))
    }
}
