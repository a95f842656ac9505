//! The body of a fetch or push that the Worker itself refuses, read and dropped: a client that is
//! still sending would see a broken pipe in place of the answer.

use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

/// How long a refused body may take to come: the rest of a slow client's body is cut off, and with it the
/// answer.
const DRAIN_MS: u32 = 5 * 60 * 1000;

#[wasm_bindgen]
extern "C" {
    type WritableStream;

    #[wasm_bindgen(constructor)]
    fn new() -> WritableStream;

    type Readable;

    #[wasm_bindgen(method, catch, js_name = pipeTo)]
    fn pipe_to(
        this: &Readable,
        to: &WritableStream,
        options: &js_sys::Object,
    ) -> Result<js_sys::Promise, JsValue>;

    #[wasm_bindgen(js_namespace = AbortSignal, js_name = timeout)]
    fn timeout(milliseconds: u32) -> JsValue;
}

/// Reads `body` to its end, unless the object has it. It is never held: each piece is dropped before
/// the next is read.
pub(crate) async fn drain(body: web_sys::ReadableStream) {
    if body.locked() {
        return;
    }
    let options = js_sys::Object::new();
    let is_set = js_sys::Reflect::set(&options, &"signal".into(), &timeout(DRAIN_MS));
    let body: Readable = body.unchecked_into();
    if let (Ok(true), Ok(piped)) = (is_set, body.pipe_to(&WritableStream::new(), &options)) {
        // A body that breaks off, or that is too slow, does not change the refusal.
        let _ = JsFuture::from(piped).await;
    }
}
