//! Waiting for a time to pass.
//!
//! The platform crate's `Delay` is not used: it wakes the task that polled it first, and no other.
//! The work of a push is polled by the stream of its response, which is another task for every
//! piece that the client takes; a piece taken while the work paused left it waiting for ever, with
//! its memory reserved. What is awaited here is a promise, which wakes whoever polled it last.

use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_name = setTimeout)]
    fn set_timeout(callback: &Function, milliseconds: u32) -> Result<JsValue, JsValue>;
}

/// Waits for `milliseconds`, at least until everything else that is ready has run.
pub async fn after(milliseconds: u32) {
    let promise = Promise::new(&mut |resolve, _| {
        if set_timeout(&resolve, milliseconds).is_err() {
            // Without timers there is nothing to wait for.
            let _ = resolve.call0(&JsValue::NULL);
        }
    });
    let _ = JsFuture::from(promise).await;
}
