//! The ready clone: made once pushes have settled, told to the Worker when a full clone asks for exactly its
//! objects.

use std::cell::RefCell;
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

use super::secure::Surroundings as _;
use super::surroundings::RepositorySurroundings;
use crate::git::protocol::pktline;
use crate::git::protocol::sideband::{Band, SideBand, band};
use crate::git::upload_pack::answer::Outgoing;
use crate::git::upload_pack::full_clone::Tip;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::fetch::planned::full_clone;
use crate::repo_do::fetch::ready::ids;
use crate::repo_do::fetch::sender::Sender;
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold::{self, Faults};
use crate::repo_do::runtime::admission::reserve;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::memory::FETCH_BYTES;
use crate::repo_do::runtime::timer;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::readers::Purpose;
use crate::repo_do::state::store::Store;
use crate::storage::r2::binding::R2;
use crate::storage::r2::bucket::ready_key;
use crate::storage::repository::ready_clone::{ReadyClone, Written, fingerprint};
use crate::storage::repository::store::RepositoryRecord;

/// How long a ready clone's object stays after the last client got it: that client may still be
/// streaming.
pub(crate) const GRACE_MS: i64 = 60 * 60 * 1000;

/// Bytes that R2 takes in one upload at most.
pub(super) const RESPONSE_BYTES_MAX: u64 = 5 << 30;

/// Makes the ready clone of these tips: counts its bytes, then writes them in one go, since R2 takes
/// a stream whose length it knows. One that fails leaves nothing.
pub(crate) async fn make(
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
    let sent = full_clone(object, store, ids(tips).collect(), reserve).await?;
    let pack_bytes = count(object, store, sent.twin()).await?;
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
    // Until it is registered it may go.
    let now_ms = now_ms();
    store.release_later(&r2_key, now_ms.saturating_add(GRACE_MS))?;
    // Held as packs are: the repository may be deleted while this goes on.
    RepositorySurroundings::new(object, store, record)
        .hold(&r2_key)
        .await?;
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

/// Bytes that the pack will have, trailer included; copied bytes are not looked at.
pub(super) async fn count(
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
                faults.fetch_cold_chunk(object, store, chunk).await?;
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
    /// The hash of the bytes given out.
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
        // The pack of a large repository takes seconds, so other requests go in between.
        timer::after(0).await;
        Some((Ok(out), self))
    }
}
