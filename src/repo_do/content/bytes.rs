//! A blob's bytes, streamed as the client takes them: it holds one piece, whatever the blob's size. Bytes
//! before a range are inflated and dropped.

use futures::stream;
use gix_hash::ObjectId;
use gix_object::bstr::ByteSlice as _;
use worker::{Headers, Request, Response};

use super::super::contract::{ErrorCode, ErrorReply, header};
use super::super::request::answer::Answer;
use super::super::runtime::lease::Lease;
use super::super::runtime::reply;
use super::super::runtime::timer::pause;
use super::answers::no_object;
use super::reading::Reading;
use crate::git::object::ObjectKind;
use crate::git::pack::entries::Base;
use crate::git::pack::reader::Location;
use crate::git::pack::reader::blob::BlobReader;
use crate::repo_do::contract::conditions::{self, Wanted, content_range};
use crate::storage::fault_log;

/// Bytes at a blob's beginning among which a NUL makes it binary, as git has it.
const LOOKED_AT_BYTES: usize = 8000;

/// Pieces dropped before a range between two pauses.
const DROPPED_PIECES: u32 = 16;

/// Sends the blob, or the part that the request's conditions leave.
pub(crate) async fn send(mut reading: Reading, id: ObjectId, request: &Request) -> Answer {
    let at = reading.packs().find(&id)?;
    let at = at.ok_or_else(|| no_object("blob"))?;
    let row = reading.packs().row(at)?;
    if row.kind != ObjectKind::Blob {
        return Err(no_object("blob"));
    }
    let size_bytes = u64::from(row.size_bytes);
    let given = |name: &str| request.headers().get(name).ok().flatten();
    let etag = format!("\"{id}\"");
    let (status, part) = match conditions::wanted(given, &etag, size_bytes) {
        Wanted::Whole => (200, 0..size_bytes),
        Wanted::Part(part) => (206, part),
        Wanted::NotModified => return Ok(empty(head(&etag)?, 304)?),
        Wanted::Unsatisfiable => return Ok(unsatisfiable(size_bytes)?),
    };
    if row.base != Base::None {
        // A delta's result is held until it is sent.
        reading.reserve(size_bytes).await?;
    }
    let mut sender = Sender::open(reading, at).await?;
    let content_type = sender.content_type();
    debug_assert!(part.start <= part.end && part.end <= size_bytes);
    let body_bytes = part.end.saturating_sub(part.start);
    let headers = head(&etag)?;
    headers.set("content-type", content_type)?;
    headers.set(header::BODY_BYTES, &body_bytes.to_string())?;
    if status == 206 {
        headers.set("content-range", &content_range(&part, size_bytes))?;
    }
    if given(header::HEAD).is_some() || body_bytes == 0 {
        return Ok(empty(headers, status)?);
    }
    sender.cut(part.start, body_bytes).await?;
    let pieces = stream::unfold(Some(sender), next_piece);
    let response = Response::builder()
        .with_headers(headers)
        .with_status(status);
    Ok(response.from_stream(Lease::current().stream(pieces))?)
}

/// The headers of every answer.
pub(super) fn head(etag: &str) -> worker::Result<Headers> {
    let headers = Headers::new();
    headers.set("etag", etag)?;
    headers.set("accept-ranges", "bytes")?;
    Ok(headers)
}

pub(super) fn empty(headers: Headers, status: u16) -> worker::Result<Response> {
    Ok(Response::empty()?.with_headers(headers).with_status(status))
}

pub(super) fn unsatisfiable(size_bytes: u64) -> worker::Result<Response> {
    let (error, range) = conditions::unsatisfiable(size_bytes);
    let response = reply::refusal(&error)?;
    response.headers().set("content-range", &range)?;
    Ok(response)
}

struct Sender {
    reading: Reading,
    blob: BlobReader,
    /// The piece that is sent next.
    ready: Option<Vec<u8>>,
    /// Bytes still to send, those of `ready` among them.
    left: u64,
}

impl Sender {
    /// Opens the blob and reads its first piece.
    async fn open(mut reading: Reading, at: Location) -> Result<Self, ErrorReply> {
        let mut blob = reading.until(|packs| BlobReader::open(packs, at)).await?;
        let ready = reading.until(|packs| blob.next_piece(packs)).await?;
        let left = blob.size_bytes();
        Ok(Self {
            reading,
            blob,
            ready,
            left,
        })
    }

    /// Never one that a browser runs or renders.
    fn content_type(&self) -> &'static str {
        let first = self.ready.as_deref().unwrap_or_default();
        let looked_at = first.get(..first.len().min(LOOKED_AT_BYTES));
        if looked_at.is_some_and(|bytes| bytes.find_byte(0).is_some()) {
            "application/octet-stream"
        } else {
            "text/plain; charset=utf-8"
        }
    }

    async fn read(&mut self) -> Result<Option<Vec<u8>>, ErrorReply> {
        let Self { reading, blob, .. } = self;
        reading.until(|packs| blob.next_piece(packs)).await
    }

    /// Goes on to the byte at `start`, and leaves `left` bytes from there on to send.
    async fn cut(&mut self, start: u64, left: u64) -> Result<(), ErrorReply> {
        let mut before = start;
        let mut dropped: u32 = 0;
        while let Some(piece) = &mut self.ready {
            let bytes = piece.len() as u64;
            if bytes > before {
                let before = usize::try_from(before).unwrap_or(usize::MAX);
                piece.drain(..before.min(piece.len()));
                break;
            }
            before = before.saturating_sub(bytes);
            self.ready = self.read().await?;
            dropped = dropped.wrapping_add(1);
            if dropped.is_multiple_of(DROPPED_PIECES) {
                pause().await;
            }
        }
        self.left = left;
        Ok(())
    }

    /// The next piece; `None` once all is sent.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, ErrorReply> {
        if self.left == 0 {
            return Ok(None);
        }
        let piece = match self.ready.take() {
            Some(piece) => Some(piece),
            None => self.read().await?,
        };
        let Some(mut piece) = piece else {
            let message = "the blob ends too early";
            return Err(ErrorReply::new(ErrorCode::InternalError, message));
        };
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        piece.truncate(left);
        self.left = self.left.saturating_sub(piece.len() as u64);
        Ok(Some(piece))
    }
}

/// A failure breaks the answer off: its length tells the client.
async fn next_piece(sender: Option<Sender>) -> Option<(worker::Result<Vec<u8>>, Option<Sender>)> {
    let mut sender = sender?;
    match sender.piece().await {
        Ok(piece) => piece.map(|piece| (Ok(piece), Some(sender))),
        Err(error) => {
            fault_log::error("blob", &error.cause());
            Some((Err(worker::Error::RustError(error.message)), None))
        }
    }
}
