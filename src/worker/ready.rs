//! A ready clone handed through: the bytes before the pack come from the object, the rest from R2, and the
//! runtime pumps them to the client. None of them comes into the wasm.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web_sys::ReadableStream;
use worker::wasm_bindgen_futures::{JsFuture, spawn_local};
use worker::{Response, ResponseBody};

use super::fault::fault;
use crate::repo_do::contract::{ErrorReply, header, instead_of_pack};
use crate::storage::fault_log;
use crate::storage::r2::binding::R2;

#[wasm_bindgen]
extern "C" {
    /// The runtime's pipe: bytes that go in at one end come out at the other, as they are.
    type FixedLengthStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(bytes: f64) -> Result<FixedLengthStream, JsValue>;

    #[wasm_bindgen(method, getter)]
    fn readable(this: &FixedLengthStream) -> ReadableStream;

    #[wasm_bindgen(method, getter)]
    fn writable(this: &FixedLengthStream) -> Writable;

    type Writable;

    #[wasm_bindgen(method, catch, js_name = getWriter)]
    fn get_writer(this: &Writable) -> Result<Writer, JsValue>;

    type Writer;

    #[wasm_bindgen(method, catch)]
    fn write(this: &Writer, bytes: &Uint8Array) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = releaseLock)]
    fn release_lock(this: &Writer) -> Result<(), JsValue>;

    type Readable;

    #[wasm_bindgen(method, catch, js_name = pipeTo)]
    fn pipe_to(this: &Readable, to: &Writable) -> Result<js_sys::Promise, JsValue>;
}

/// Names the R2 object that holds the rest of an answer.
pub(crate) struct Named {
    key: String,
    bytes: u64,
}

/// The R2 object that an answer of the object's names.
pub(crate) fn named(response: &web_sys::Response) -> Option<Named> {
    let headers = response.headers();
    let key = headers.get(header::READY).ok().flatten()?;
    let bytes = headers.get(header::READY_BYTES).ok().flatten()?;
    Some(Named {
        key,
        bytes: bytes.parse().ok()?,
    })
}

/// The answer with its rest, under the same headers.
pub(crate) async fn answer(
    bucket: Result<R2, ErrorReply>,
    response: web_sys::Response,
    named: Named,
) -> Result<web_sys::Response, ErrorReply> {
    let headers = response.headers();
    let mut response = Response::from(response);
    let head = response.bytes().await;
    let mut head = head.map_err(|error| fault("git answer", &error))?;
    let answered = match open(bucket, &named.key).await {
        Ok(rest) => join(&head, rest, named.bytes)
            .and_then(|body| of_headers(&headers, Body::Stream(&body))),
        // The object has seen it a moment ago.
        Err(message) => {
            fault_log::error("ready clone", &message);
            let id = headers.get("x-request-id").ok().flatten();
            instead_of_pack(&message, &id.unwrap_or_default(), &mut head);
            of_headers(&headers, Body::Whole(head))
        }
    };
    answered.map_err(|error| fault("ready clone", &format!("{error:?}")))
}

/// Opens the bytes of the R2 object; the error says why there are none.
async fn open(bucket: Result<R2, ErrorReply>, key: &str) -> Result<ReadableStream, String> {
    let bucket = bucket.map_err(|error| error.message)?;
    bucket.open(key).await.map_err(|error| error.to_string())
}

/// The parts of an answer.
enum Body<'a> {
    Stream(&'a ReadableStream),
    Whole(Vec<u8>),
}

/// A response with these headers, except those that are for us.
fn of_headers(headers: &web_sys::Headers, body: Body<'_>) -> Result<web_sys::Response, JsValue> {
    let init = web_sys::ResponseInit::new();
    init.set_headers(headers);
    let response = match body {
        Body::Stream(body) => {
            web_sys::Response::new_with_opt_readable_stream_and_init(Some(body), &init)?
        }
        Body::Whole(bytes) => {
            let bytes = Uint8Array::from(&bytes[..]);
            web_sys::Response::new_with_opt_js_u8_array_and_init(Some(&bytes), &init)?
        }
    };
    let headers = response.headers();
    headers.delete(header::READY)?;
    headers.delete(header::READY_BYTES)?;
    Ok(response)
}

/// A stream as a body of known length. When it breaks off, so does the body.
pub(crate) fn of_length(stream: ReadableStream, bytes: u64) -> worker::Result<ResponseBody> {
    let joined = join(&[], stream, bytes);
    let joined = joined.map_err(|error| worker::Error::RustError(format!("{error:?}")))?;
    Ok(ResponseBody::Stream(joined))
}

/// Two parts of a body in one stream of known length. When the second breaks off, so does it.
fn join(head: &[u8], rest: ReadableStream, rest_bytes: u64) -> Result<ReadableStream, JsValue> {
    let bytes = rest_bytes.saturating_add(head.len() as u64);
    #[expect(clippy::cast_precision_loss, reason = "R2 holds less than 2^53 bytes")]
    let pipe = FixedLengthStream::new(bytes as f64)?;
    let (readable, writable) = (pipe.readable(), pipe.writable());
    let writer = writable.get_writer()?;
    let written = writer.write(&Uint8Array::from(head))?;
    spawn_local(async move {
        if JsFuture::from(written).await.is_err() || writer.release_lock().is_err() {
            // The client is gone.
            return;
        }
        let rest: Readable = rest.unchecked_into();
        if let Ok(piped) = rest.pipe_to(&writable) {
            let _ = JsFuture::from(piped).await;
        }
    });
    Ok(readable)
}
