//! A pack sent as its client takes it, piece by piece.

use std::ops::ControlFlow;
use std::rc::Rc;

use crate::git::pack::writer::Item;
use crate::git::protocol::progress::{Meter, counted};
use crate::git::protocol::sideband::SideBand;
use crate::git::store::{CHUNK_BYTES, Extent, PackStore as _, ReadError, StoreError};
use crate::git::upload_pack::answer::Outgoing;
use crate::git::upload_pack::stream::PackStream;
use crate::repo_do::object::RepoObject;
use crate::repo_do::r2::cold::{Faults, Window};
use crate::repo_do::request::account::{Account, fault};
use crate::repo_do::runtime::memory::{Reservation, SENDING_BYTES};
use crate::repo_do::runtime::timer::pause;
use crate::repo_do::state::failure::SnapshotError;
use crate::repo_do::state::readers::Reader;
use crate::repo_do::state::store::Store;
use crate::storage::fault_log;

/// Bytes of a piece of the response: below 64 KiB each costs more than its bytes.
const PIECE_BYTES: usize = 256 << 10;

/// Work after which others may run, though the piece is not full: objects that are made whole again may
/// take much for few bytes.
const STEP_WORK: u64 = 1 << 16;

/// Sends one pack.
pub(crate) struct Sender {
    object: Rc<RepoObject>,
    store: Rc<Store>,
    pack: Outgoing<Rc<Store>>,
    stream: PackStream,
    /// The rest of the current extent, still to be copied.
    extent: Option<Extent>,
    faults: Faults,
    window: Window,
    /// Sent before anything else.
    head: Vec<u8>,
    /// A piece that was made already.
    first: Option<Vec<u8>>,
    /// The request that this answers, if it is a client's.
    account: Option<Rc<Account>>,
    /// The end was written, or the failure.
    ended: Option<Result<(), String>>,
    /// For the memory that is held from one piece to the next.
    reservation: Option<Reservation>,
    /// Memory is reserved, and packs that are superseded meanwhile stay.
    held: (Vec<Reservation>, Reader),
}

/// Why a pack cannot be finished.
#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Cold(#[from] SnapshotError),
}

impl From<StoreError> for SendError {
    fn from(error: StoreError) -> Self {
        Self::Read(error.into())
    }
}

impl Sender {
    /// Prepares to send `pack` behind `head`; it holds on to `keep` until it is dropped.
    pub(crate) fn new(
        object: &Rc<RepoObject>,
        store: Rc<Store>,
        mut head: Vec<u8>,
        pack: Outgoing<Rc<Store>>,
        keep: (Vec<Reservation>, Reader),
    ) -> Self {
        let stream = PackStream::new(pack.side_band);
        if pack.progress {
            let count = u64::from(pack.writer.object_count());
            stream.progress(&counted("Enumerating objects", count), &mut head);
            if let Some(line) = Meter::new("Counting objects").line(count, count, true) {
                stream.progress(&line, &mut head);
            }
        }
        Self {
            object: Rc::clone(object),
            store,
            pack,
            stream,
            extent: None,
            faults: Faults::default(),
            window: Window::default(),
            head,
            first: None,
            account: None,
            ended: None,
            reservation: None,
            held: keep,
        }
    }

    /// Counts failures as those of this request, and names them to the client by its id.
    pub(crate) fn charge_to(&mut self, account: &Rc<Account>) {
        debug_assert!(self.account.is_none(), "an answer has one request");
        self.account = Some(Rc::clone(account));
    }

    /// The pack alone behind `head`, bare.
    pub(crate) fn bare(
        object: &Rc<RepoObject>,
        store: Rc<Store>,
        head: Vec<u8>,
        pack: Outgoing<Rc<Store>>,
        keep: (Vec<Reservation>, Reader),
    ) -> Self {
        let pack = Outgoing {
            side_band: SideBand::None,
            progress: false,
            ..pack
        };
        Self::new(object, store, head, pack, keep)
    }

    fn work(&self) -> u64 {
        let Outgoing { packs, writer, .. } = &self.pack;
        packs.work().saturating_add(writer.work())
    }

    /// Fills `out` up to a piece; `Break` at the end of the pack.
    async fn fill(&mut self, out: &mut Vec<u8>) -> Result<ControlFlow<()>, SendError> {
        let mut paused_at = self.work();
        while out.len() < PIECE_BYTES {
            if self.work().saturating_sub(paused_at) > STEP_WORK {
                pause().await;
                paused_at = self.work();
            }
            if let Some(extent) = self.extent.take() {
                self.copy(extent, out).await?;
                continue;
            }
            let Outgoing {
                packs,
                writer,
                at_client,
                ..
            } = &mut self.pack;
            match writer.next(packs, &mut |id| at_client.has(packs, id)) {
                Ok(Some(Item::Bytes(bytes))) => self.stream.pack_bytes(&bytes, out),
                Ok(Some(Item::Extent(extent))) => self.extent = Some(extent),
                Ok(Some(Item::Pause)) => pause().await,
                Ok(None) => return Ok(ControlFlow::Break(())),
                Err(error) => {
                    let chunk = error.cold().ok_or(error)?;
                    self.faults
                        .fetch_cold_chunk(&self.object, &self.store, chunk)
                        .await?;
                    continue;
                }
            }
            self.faults.settled();
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Copies the part of the extent in one chunk, or in the window, and remembers the rest.
    async fn copy(&mut self, extent: Extent, out: &mut Vec<u8>) -> Result<(), SendError> {
        let Extent {
            pack_id,
            offset,
            length,
        } = extent;
        let copied = if self.window.at(pack_id, offset).is_some() {
            self.copy_window(extent, out)?
        } else {
            match self.copy_chunk(extent, out) {
                Err(error) if error.cold().is_some() => {
                    let wanted = (pack_id, offset, length);
                    self.window.load(&self.object, &self.store, wanted).await?;
                    self.copy_window(extent, out)?
                }
                copied => copied?,
            }
        };
        debug_assert!(copied <= length, "{copied} bytes are copied of {length}");
        debug_assert!(copied > 0 || length == 0, "copying comes nearer to its end");
        let length = length.saturating_sub(copied);
        if length > 0 {
            self.extent = Some(Extent {
                offset: offset + copied,
                length,
                ..extent
            });
        }
        Ok(())
    }

    fn copy_window(&mut self, extent: Extent, out: &mut Vec<u8>) -> Result<u64, StoreError> {
        let here = self.window.at(extent.pack_id, extent.offset);
        let here = here.ok_or_else(|| cut(extent))?;
        Ok(send(&mut self.stream, here, extent, out))
    }

    fn copy_chunk(&mut self, extent: Extent, out: &mut Vec<u8>) -> Result<u64, StoreError> {
        let chunk_bytes = CHUNK_BYTES as u64;
        let number = u32::try_from(extent.offset / chunk_bytes).map_err(|_| cut(extent))?;
        let chunk = self.store.chunk(extent.pack_id, number)?;
        let start = usize::try_from(extent.offset % chunk_bytes).map_err(|_| cut(extent))?;
        let here = chunk.get(start..).filter(|here| !here.is_empty());
        let here = here.ok_or_else(|| cut(extent))?;
        Ok(send(&mut self.stream, here, extent, out))
    }

    /// The first piece, if it is the last one too. Otherwise it is the first to go out later.
    pub(crate) async fn only_piece(&mut self) -> Option<Vec<u8>> {
        let Some(Ok(first)) = self.piece().await else {
            return None;
        };
        if let Some(Ok(())) = &self.ended {
            return Some(first);
        }
        self.first = Some(first);
        None
    }

    /// Drops everything except the value that [`Sender::new`] got to keep.
    pub(crate) fn give_up(self) -> (Vec<Reservation>, Reader) {
        self.held
    }

    /// Holds on to a reservation, which from now on follows the memory held.
    pub(crate) fn hold(&mut self, reservation: Reservation) {
        debug_assert!(
            self.reservation.is_none(),
            "a sender follows one reservation"
        );
        self.reservation = Some(reservation);
    }

    /// Reserves the memory kept until the client takes the next piece, or gives it up where there is
    /// no room.
    fn reserve_kept(&mut self) {
        let Some(reservation) = &mut self.reservation else {
            return;
        };
        let bytes = SENDING_BYTES.saturating_add(self.pack.packs.kept_bytes());
        reservation.shrink_to(bytes);
        if reservation.grow_to(bytes).is_err() {
            self.pack.packs.forget_kept();
            reservation.shrink_to(SENDING_BYTES);
        }
    }

    /// The next piece of the response; `None` after the last.
    ///
    /// It reports a failure on band 3 and then ends the response properly. If it broke the
    /// response off, the platform would drop the bytes that have not gone out yet, and the
    /// message with them. Without a side-band it gives an error after the last piece, and the
    /// caller breaks the response off.
    pub(crate) async fn piece(&mut self) -> Option<Result<Vec<u8>, String>> {
        if let Some(first) = self.first.take() {
            return Some(Ok(first));
        }
        match self.ended.take() {
            Some(Ok(())) => return None,
            Some(Err(message)) => return Some(Err(message)),
            None => {}
        }
        let mut out = std::mem::take(&mut self.head);
        out.reserve(PIECE_BYTES + CHUNK_BYTES);
        match self.fill(&mut out).await {
            Ok(ControlFlow::Continue(())) => self.reserve_kept(),
            Ok(ControlFlow::Break(())) => {
                if self.pack.progress {
                    self.stream.progress(&self.total(), &mut out);
                }
                let stream = PackStream::new(self.pack.side_band);
                std::mem::replace(&mut self.stream, stream).finish(&mut out);
                self.ended = Some(Ok(()));
            }
            Err(error) => {
                let error = self.fail(&error, &mut out);
                let is_told = self.pack.side_band != SideBand::None;
                self.ended = Some(if is_told { Ok(()) } else { Err(error) });
            }
        }
        Some(Ok(out))
    }

    /// Tells the client why the pack ends here.
    fn fail(&self, error: &SendError, out: &mut Vec<u8>) -> String {
        let (kind, what) = match error {
            SendError::Cold(SnapshotError::Store(error)) => ("fetch", error.told().into()),
            SendError::Cold(error) => ("r2", error.to_string().into()),
            SendError::Read(error) => ("fetch", error.told()),
        };
        let error = error.to_string();
        fault_log::error(kind, &error);
        let mut message = format!("upload-pack: {what}; the pack is cut off");
        if let Some(account) = &self.account {
            message = account.named(&message);
            account.failed(fault::REFUSED);
        }
        message.push('\n');
        self.stream.fail(&message, out);
        error
    }

    fn total(&self) -> String {
        let counts = self.pack.writer.counts();
        let (objects, deltas) = (counts.objects, counts.deltas);
        // A stored delta is sent as a delta or not at all: none is computed.
        let reused = counts.reused;
        format!(
            "Total {objects} (delta {deltas}), reused {reused} (delta {deltas}), \
             pack-reused 0 (from 0)\n"
        )
    }
}

/// A step of the response's stream.
pub(crate) async fn next_piece(
    sender: Option<Sender>,
) -> Option<(worker::Result<Vec<u8>>, Option<Sender>)> {
    let mut sender = sender?;
    match sender.piece().await? {
        Ok(piece) => Some((Ok(piece), Some(sender))),
        Err(message) => Some((Err(worker::Error::RustError(message)), None)),
    }
}

/// Sends as much of `here` as the extent has; how much.
fn send(stream: &mut PackStream, here: &[u8], extent: Extent, out: &mut Vec<u8>) -> u64 {
    let length = usize::try_from(extent.length).unwrap_or(usize::MAX);
    // The window may have a megabyte, and a piece must not be larger than the usual one.
    let here = here
        .get(..here.len().min(length).min(CHUNK_BYTES))
        .unwrap_or(here);
    stream.pack_bytes(here, out);
    here.len() as u64
}

fn cut(extent: Extent) -> StoreError {
    StoreError::Missing {
        what: "bytes of an extent",
        pack: extent.pack_id.0,
    }
}
