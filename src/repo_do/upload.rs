//! A fetch: the request read, the answer streamed as the client takes it.

use std::ops::ControlFlow;
use std::rc::Rc;

use futures::stream;
use worker::{Request, Response};

use super::body::{Body, BodyError};
use super::contract::{ErrorCode, ErrorReply};
use super::memory::{FETCH_BYTES, Reservation};
use super::object::{Authorized, RepoObject, Store, now_ms, reserve};
use super::readers::{Purpose, Reader};
use super::refs;
use super::reply::{self, Media, fault_line};
use crate::git::graph::commits::CommitGraph;
use crate::git::limits::Limits;
use crate::git::pack::reader::LivePacks;
use crate::git::pack::writer::Item;
use crate::git::protocol::advertise::{Service, Version};
use crate::git::protocol::capabilities::Offer;
use crate::git::protocol::command_request::{Command, CommandRequestReader};
use crate::git::protocol::fetch_request::FetchRequest;
use crate::git::protocol::object_info::ObjectInfoRequest;
use crate::git::protocol::pktline;
use crate::git::protocol::progress::{Meter, counted};
use crate::git::protocol::upload_request::UploadRequestReader;
use crate::git::store::{CHUNK_BYTES, Extent, PackStore as _, ReadError, StoreError};
use crate::git::upload_pack::answer::{Answer, FetchError, Outgoing, answer};
use crate::git::upload_pack::plan::PlanError;
use crate::git::upload_pack::stream::PackStream;

/// Bytes of a piece of the response: below 64 KiB each costs more than its bytes.
const PIECE_BYTES: usize = 256 << 10;

/// Answers one request of `git-upload-pack`.
pub async fn upload_pack(
    object: &RepoObject,
    store: &Rc<Store>,
    request: Request,
    authorized: &Authorized,
) -> Result<worker::Result<Response>, ErrorReply> {
    let reservation = reserve(FETCH_BYTES).await?;
    let limits = Limits::DEFAULT;
    let version = refs::version(&request, Service::UploadPack);
    let mut body = Body::of(&request).map_err(|error| broken(&error))?;
    let asked = match version {
        Version::V2 => commands(&mut body, &limits).await?,
        Version::V0 | Version::V1 => fetches(&mut body, &limits).await?,
    };
    body.drain().await;
    Ok(match asked {
        Asked::Nothing => whole(Vec::new()),
        Asked::Refused(message) => refused(&message),
        Asked::Command(Command::LsRefs(request)) => {
            whole(refs::ls_refs(store, &request, authorized)?)
        }
        Asked::Command(Command::ObjectInfo(request)) => {
            whole(object_info(store, &request, &limits)?)
        }
        Asked::Command(Command::BundleUri) => whole(b"0000".to_vec()),
        Asked::Command(Command::Fetch(request)) => {
            let graph = object.graph.current(store)?;
            let reader = object.readers.enter(Purpose::Look, now_ms());
            fetch(store, graph, &request, &limits, (reservation, reader))
        }
    })
}

/// What a body turned out to ask for.
enum Asked {
    Nothing,
    Refused(String),
    Command(Command),
}

async fn commands(body: &mut Body, limits: &Limits) -> Result<Asked, ErrorReply> {
    let mut reader = CommandRequestReader::new(Offer::DEFAULT, limits);
    let read = each_piece(body, |piece| reader.feed(piece)).await?;
    Ok(match read.and_then(|()| reader.finish()) {
        Ok(Some(request)) => Asked::Command(request.command),
        Ok(None) => Asked::Nothing,
        Err(error) => Asked::Refused(error.to_string()),
    })
}

async fn fetches(body: &mut Body, limits: &Limits) -> Result<Asked, ErrorReply> {
    let mut reader = UploadRequestReader::new(Offer::DEFAULT, limits);
    let read = each_piece(body, |piece| reader.feed(piece)).await?;
    Ok(match read.and_then(|()| reader.finish()) {
        Ok(request) if request.fetch.wants.is_empty() => Asked::Nothing,
        Ok(request) => Asked::Command(Command::Fetch(Box::new(request.fetch))),
        Err(error) => Asked::Refused(error.to_string()),
    })
}

/// Feeds the body to a reader until it has enough, or refuses.
async fn each_piece<E>(
    body: &mut Body,
    mut feed: impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<Result<(), E>, ErrorReply> {
    let mut piece = Vec::new();
    while body
        .next(&mut piece)
        .await
        .map_err(|error| broken(&error))?
    {
        match feed(&piece) {
            Ok(false) => {}
            Ok(true) => break,
            Err(error) => return Ok(Err(error)),
        }
    }
    Ok(Ok(()))
}

fn broken(error: &BodyError) -> ErrorReply {
    ErrorReply::new(ErrorCode::InvalidInput, error.to_string())
}

fn whole(out: Vec<u8>) -> worker::Result<Response> {
    reply::git(Service::UploadPack, Media::Result)?.from_bytes(out)
}

fn refused(message: &str) -> worker::Result<Response> {
    let mut out = Vec::new();
    pktline::err(message, &mut out);
    whole(out)
}

fn object_info(
    store: &Rc<Store>,
    request: &ObjectInfoRequest,
    limits: &Limits,
) -> Result<Vec<u8>, StoreError> {
    let packs = LivePacks::open(Rc::clone(store), limits)?;
    let mut out = Vec::new();
    request.write_header(&mut out);
    for id in &request.object_ids {
        let size_bytes = match packs.find(id)? {
            Some(at) => Some(u64::from(packs.row(at)?.size_bytes)),
            None => None,
        };
        request.write_object(id, size_bytes, &mut out);
    }
    pktline::flush(&mut out);
    Ok(out)
}

fn fetch(
    store: &Rc<Store>,
    graph: Rc<CommitGraph>,
    request: &FetchRequest,
    limits: &Limits,
    held: (Reservation, Reader),
) -> worker::Result<Response> {
    match answer(store, graph, request, limits) {
        Ok(Answer { head, pack: None }) => whole(head),
        Ok(Answer {
            head,
            pack: Some(pack),
        }) => {
            let sender = Sender::new(Rc::clone(store), head, pack, held);
            let pieces = stream::unfold(Some(sender), next_piece);
            reply::git(Service::UploadPack, Media::Result)?.from_stream(pieces)
        }
        Err(error) => refused(&message_of(&error)),
    }
}

/// What the client may read of an error.
fn message_of(error: &FetchError) -> String {
    let read = match error {
        FetchError::Read(error) | FetchError::Plan(PlanError::Read(error)) => Some(error),
        _ => None,
    };
    if let Some(ReadError::Store(_) | ReadError::Corrupt { .. }) = read {
        worker::console_error!("{}", fault_line("fetch", &error.to_string()));
        return "upload-pack: the repository's storage failed".to_owned();
    }
    error.to_string()
}

/// Sends one pack, piece by piece.
struct Sender {
    store: Rc<Store>,
    pack: Outgoing<Rc<Store>>,
    stream: PackStream,
    /// What is still to be copied of the extent that was named last.
    extent: Option<Extent>,
    /// Sent before anything else.
    head: Vec<u8>,
    /// The end was written, or the failure.
    ended: Option<Result<(), String>>,
    /// Memory is reserved, and packs that are superseded meanwhile stay.
    _held: (Reservation, Reader),
}

impl Sender {
    fn new(
        store: Rc<Store>,
        mut head: Vec<u8>,
        pack: Outgoing<Rc<Store>>,
        keep: (Reservation, Reader),
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
            store,
            pack,
            stream,
            extent: None,
            head,
            ended: None,
            _held: keep,
        }
    }

    /// Fills `out` up to a piece; `Break` at the end of the pack.
    fn fill(&mut self, out: &mut Vec<u8>) -> Result<ControlFlow<()>, ReadError> {
        while out.len() < PIECE_BYTES {
            if let Some(extent) = self.extent.take() {
                self.copy(extent, out)?;
                continue;
            }
            let Outgoing {
                packs,
                writer,
                at_client,
                ..
            } = &mut self.pack;
            match writer.next(packs, &mut |id| at_client.has(packs, id))? {
                Some(Item::Bytes(bytes)) => self.stream.pack_bytes(&bytes, out),
                Some(Item::Extent(extent)) => self.extent = Some(extent),
                None => return Ok(ControlFlow::Break(())),
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Copies what one chunk has of the extent, and remembers the rest.
    fn copy(&mut self, extent: Extent, out: &mut Vec<u8>) -> Result<(), StoreError> {
        let chunk_bytes = CHUNK_BYTES as u64;
        let missing = StoreError::Missing {
            what: "bytes of an extent",
            pack: extent.pack_id.0,
        };
        let number = u32::try_from(extent.offset / chunk_bytes).map_err(|_| missing.clone())?;
        let chunk = self.store.chunk(extent.pack_id, number)?;
        let start = usize::try_from(extent.offset % chunk_bytes).map_err(|_| missing.clone())?;
        let here = chunk
            .get(start..)
            .filter(|here| !here.is_empty())
            .ok_or(missing)?;
        let length = usize::try_from(extent.length).unwrap_or(usize::MAX);
        let here = here.get(..length).unwrap_or(here);
        self.stream.pack_bytes(here, out);
        let copied = here.len() as u64;
        let length = extent.length.saturating_sub(copied);
        if length > 0 {
            self.extent = Some(Extent {
                offset: extent.offset + copied,
                length,
                ..extent
            });
        }
        Ok(())
    }

    /// The next piece of the response.
    fn piece(&mut self) -> Vec<u8> {
        let mut out = std::mem::take(&mut self.head);
        out.reserve(PIECE_BYTES + CHUNK_BYTES);
        match self.fill(&mut out) {
            Ok(ControlFlow::Continue(())) => {}
            Ok(ControlFlow::Break(())) => {
                if self.pack.progress {
                    self.stream.progress(&self.total(), &mut out);
                }
                let stream = PackStream::new(self.pack.side_band);
                std::mem::replace(&mut self.stream, stream).finish(&mut out);
                self.ended = Some(Ok(()));
            }
            Err(error) => {
                worker::console_error!("{}", fault_line("fetch", &error.to_string()));
                let message = "upload-pack: the repository's storage failed; the pack is cut off\n";
                self.stream.fail(message, &mut out);
                self.ended = Some(Err(error.to_string()));
            }
        }
        out
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

async fn next_piece(sender: Option<Sender>) -> Option<(worker::Result<Vec<u8>>, Option<Sender>)> {
    let mut sender = sender?;
    match sender.ended.take() {
        Some(Ok(())) => None,
        Some(Err(message)) => Some((Err(worker::Error::RustError(message)), None)),
        None => Some((Ok(sender.piece()), Some(sender))),
    }
}
