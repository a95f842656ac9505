//! The body of a request, or of a remote's answer, pulled in large pieces.
//!
//! A default reader hands out 4 KiB at a time and costs ten times the CPU of a BYOB reader that
//! asks for 256 KiB; so this one is bound by hand. Bodies that git compressed (large negotiations)
//! arrive compressed and are inflated here, a small slice at a time so that a bomb cannot unfold
//! past the reader's own bounds.

use std::io::Write;

use flate2::write::GzDecoder;
use futures::FutureExt as _;
use futures::future::{Either, LocalBoxFuture, select};
use js_sys::{ArrayBuffer, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::ResponseBody;
use worker::wasm_bindgen_futures::JsFuture;

use super::pace::{Pace, READ_BYTES, TooSlow};
use super::timer::Timer;
use crate::git::limits::Limits;
use crate::repo_do::runtime::clock::now_ms;

/// Compressed bytes inflated at once: gzip unfolds at most about 1,032 times, so a slice gives at
/// most about 1 MiB before the caller sees it and can refuse.
const GZIP_SLICE_BYTES: usize = 1 << 10;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = js_sys::Object)]
    type ByteSource;

    #[wasm_bindgen(method, catch, js_name = getReader)]
    fn get_reader(this: &ByteSource, options: &JsValue) -> Result<ByobReader, JsValue>;

    #[wasm_bindgen(extends = js_sys::Object)]
    type ByobReader;

    #[wasm_bindgen(method, catch, js_name = readAtLeast)]
    fn read_at_least(this: &ByobReader, bytes: u32, view: &Uint8Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn cancel(this: &ByobReader) -> Result<Promise, JsValue>;
}

/// The body could not be read to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// The peer hung up, or the platform failed.
    #[error("the body broke off: {0}")]
    BrokenOff(String),
    /// The client keeps a request open without sending it.
    #[error("the body was given up: {0}")]
    TooSlow(#[from] TooSlow),
    /// The compressed body does not inflate.
    #[error("the body is not valid gzip: {0}")]
    BadGzip(String),
    /// An encoding that Git never sends.
    #[error("content-encoding '{0}' is not supported")]
    UnknownEncoding(String),
}

impl BodyError {
    fn broken_off(error: &JsValue) -> Self {
        let message = error.dyn_ref::<js_sys::Error>().map_or_else(
            || format!("{error:?}"),
            |error| String::from(error.message()),
        );
        Self::BrokenOff(message)
    }
}

/// A body under way.
pub(crate) struct Body {
    reader: Option<ByobReader>,
    buffer: Option<ArrayBuffer>,
    /// Bytes of the body, if it is short and announced: one more is asked for, so that its end shows.
    short_bytes: Option<u32>,
    /// How fast it comes, if it is a client's.
    pace: Option<Pace>,
    gzip: Option<Gunzip>,
    /// Bytes that came, as they came.
    received_bytes: u64,
}

impl Body {
    /// The body of `request`; none at all reads as empty.
    pub(crate) fn of(request: &worker::Request) -> Result<Self, BodyError> {
        let header = |name| request.headers().get(name).ok().flatten();
        let length = header("content-length").and_then(|length| length.parse::<u32>().ok());
        let encoding = header("content-encoding");
        let gzip = match encoding.as_deref() {
            None | Some("" | "identity") => None,
            Some("gzip" | "x-gzip") => Some(Gunzip::new()),
            Some(other) => return Err(BodyError::UnknownEncoding(other.to_owned())),
        };
        let reader = request.inner().body().map(reader_of).transpose()?;
        Ok(Self {
            reader,
            buffer: None,
            short_bytes: length,
            pace: Some(Pace::new(Limits::DEFAULT)),
            gzip,
            received_bytes: 0,
        })
    }

    /// The body of an object's answer.
    pub(crate) fn of_stream(stream: web_sys::ReadableStream) -> Result<Self, BodyError> {
        Ok(Self {
            reader: Some(reader_of(stream)?),
            buffer: None,
            short_bytes: None,
            pace: None,
            gzip: None,
            received_bytes: 0,
        })
    }

    /// The body of a remote's answer, which the platform has decoded.
    pub(crate) fn of_response(response: &worker::Response) -> Result<Self, BodyError> {
        let reader = match response.body() {
            ResponseBody::Stream(stream) => Some(reader_of(stream.clone())?),
            _ => None,
        };
        Ok(Self {
            reader,
            buffer: None,
            short_bytes: None,
            pace: None,
            gzip: None,
            received_bytes: 0,
        })
    }

    /// Replaces `piece` with the next bytes; `false` once there are no more.
    pub(crate) async fn next(&mut self, piece: &mut Vec<u8>) -> Result<bool, BodyError> {
        loop {
            if let Some(gzip) = &mut self.gzip
                && gzip.inflate_slice(piece)?
            {
                return Ok(true);
            }
            if !self.receive(piece).await? {
                return match self.gzip.take() {
                    Some(gzip) => gzip.finish(piece),
                    None => Ok(false),
                };
            }
            match &mut self.gzip {
                None => return Ok(true),
                Some(gzip) => gzip.take_in(piece),
            }
        }
    }

    /// Reads the rest and drops it, so that the peer gets to read our answer.
    pub(crate) async fn drain(&mut self) {
        let mut piece = Vec::new();
        self.gzip = None;
        while let Ok(true) = self.receive(&mut piece).await {}
    }

    /// Reads and drops the rest, as long as that is not more than `bytes_max`; whether its end
    /// came.
    pub(crate) async fn drain_up_to(&mut self, bytes_max: u64) -> bool {
        let mut piece = Vec::new();
        self.gzip = None;
        let until = self.received_bytes.saturating_add(bytes_max);
        while self.received_bytes < until {
            if !matches!(self.receive(&mut piece).await, Ok(true)) {
                return true;
            }
        }
        false
    }

    /// Bytes that came so far, as they came.
    pub(crate) fn received_bytes(&self) -> u64 {
        self.received_bytes
    }

    /// Needs no more of it: the peer may stop sending.
    pub(crate) fn cancel(&mut self) {
        if let Some(reader) = self.reader.take() {
            // A failure of the cancellation does not matter here.
            let _ = reader.cancel();
        }
    }

    /// Boxed: it is awaited at many places, and would be repeated in the wasm at each.
    fn receive<'a>(
        &'a mut self,
        piece: &'a mut Vec<u8>,
    ) -> LocalBoxFuture<'a, Result<bool, BodyError>> {
        self.receive_unboxed(piece).boxed_local()
    }

    async fn receive_unboxed(&mut self, piece: &mut Vec<u8>) -> Result<bool, BodyError> {
        piece.clear();
        let Some(reader) = &self.reader else {
            return Ok(false);
        };
        let bytes = self.next_bytes();
        let buffer = self.buffer.take();
        let buffer = buffer.filter(|buffer| buffer.byte_length() == bytes);
        let buffer = buffer.unwrap_or_else(|| ArrayBuffer::new(bytes));
        let promise = reader
            .read_at_least(bytes, &Uint8Array::new(&buffer))
            .map_err(|error| BodyError::broken_off(&error))?;
        let asked_ms = now_ms();
        let Some(result) = in_time(promise, self.pace.as_ref()).await else {
            let idle_ms = self.pace.map_or(0, |pace| pace.idle_ms());
            self.cancel();
            return Err(TooSlow::Idle { idle_ms }.into());
        };
        let result = result.map_err(|error| BodyError::broken_off(&error))?;
        let view = Reflect::get(&result, &"value".into())
            .map_err(|error| BodyError::broken_off(&error))?;
        if let Some(view) = view.dyn_ref::<Uint8Array>() {
            *piece = view.to_vec();
            self.received_bytes = self.received_bytes.saturating_add(piece.len() as u64);
            self.buffer = Some(view.buffer());
        }
        // A body that breaks off is an error; so this is its end.
        if u32::try_from(piece.len()).is_ok_and(|got| got < bytes) {
            self.reader = None;
            self.buffer = None;
        } else if let Some(pace) = &mut self.pace {
            let waited_ms = now_ms().saturating_sub(asked_ms);
            let paced = pace.came(piece.len() as u64, u64::try_from(waited_ms).unwrap_or(0));
            if let Err(too_slow) = paced {
                self.cancel();
                return Err(too_slow.into());
            }
        }
        Ok(!piece.is_empty())
    }

    /// Bytes to ask for.
    fn next_bytes(&self) -> u32 {
        let bytes = self.pace.map_or(READ_BYTES, |pace| pace.next_bytes());
        let received = u32::try_from(self.received_bytes).unwrap_or(u32::MAX);
        let left = self.short_bytes.and_then(|all| all.checked_sub(received));
        left.map_or(bytes, |left| left.saturating_add(1).min(bytes))
    }
}

/// The result of a read; `None` if the client is too slow.
async fn in_time(promise: Promise, pace: Option<&Pace>) -> Option<Result<JsValue, JsValue>> {
    let read = JsFuture::from(promise);
    let Some(pace) = pace else {
        return Some(read.await);
    };
    match select(read, Timer::new(pace.idle_ms())).await {
        Either::Left((read, _)) => Some(read),
        Either::Right(_) => None,
    }
}

fn reader_of(stream: web_sys::ReadableStream) -> Result<ByobReader, BodyError> {
    let options = js_sys::Object::new();
    Reflect::set(&options, &"mode".into(), &"byob".into())
        .map_err(|error| BodyError::broken_off(&error))?;
    let source: ByteSource = stream.unchecked_into();
    source
        .get_reader(&options)
        .map_err(|error| BodyError::broken_off(&error))
}

/// Inflates a gzip member in slices.
struct Gunzip {
    decoder: GzDecoder<Vec<u8>>,
    compressed: Vec<u8>,
    taken: usize,
}

impl Gunzip {
    fn new() -> Self {
        Self {
            decoder: GzDecoder::new(Vec::new()),
            compressed: Vec::new(),
            taken: 0,
        }
    }

    fn take_in(&mut self, piece: &mut Vec<u8>) {
        std::mem::swap(&mut self.compressed, piece);
        self.taken = 0;
    }

    /// Inflates slices until there is output; `false` when more input is needed first.
    fn inflate_slice(&mut self, piece: &mut Vec<u8>) -> Result<bool, BodyError> {
        piece.clear();
        while let Some(rest) = self
            .compressed
            .get(self.taken..)
            .filter(|rest| !rest.is_empty())
        {
            let slice = rest.get(..GZIP_SLICE_BYTES).unwrap_or(rest);
            self.decoder
                .write_all(slice)
                .map_err(|error| BodyError::BadGzip(error.to_string()))?;
            self.taken += slice.len();
            if !self.decoder.get_ref().is_empty() {
                std::mem::swap(self.decoder.get_mut(), piece);
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn finish(self, piece: &mut Vec<u8>) -> Result<bool, BodyError> {
        *piece = self
            .decoder
            .finish()
            .map_err(|error| BodyError::BadGzip(error.to_string()))?;
        Ok(!piece.is_empty())
    }
}
