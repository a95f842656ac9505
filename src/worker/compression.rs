//! Bodies compressed by the runtime, as they pass.

use wasm_bindgen::prelude::*;
use web_sys::ReadableStream;

#[wasm_bindgen]
extern "C" {
    /// <https://developer.mozilla.org/docs/Web/API/CompressionStream>
    type CompressionStream;

    #[wasm_bindgen(constructor, catch)]
    fn new(format: &str) -> Result<CompressionStream, JsValue>;

    type Source;

    #[wasm_bindgen(method, catch, js_name = pipeThrough)]
    fn pipe_through(this: &Source, to: &CompressionStream) -> Result<ReadableStream, JsValue>;
}

/// The bytes of a stream compressed by gzip. When the stream breaks off, so does this.
pub(crate) fn compressed(stream: ReadableStream) -> worker::Result<ReadableStream> {
    let source: Source = stream.unchecked_into();
    let compressed = CompressionStream::new("gzip").and_then(|gzip| source.pipe_through(&gzip));
    compressed.map_err(worker::Error::from)
}
