//! Randomness for secrets of the object's own.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::repo_do::contract::{ErrorCode, ErrorReply};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(into: &Uint8Array) -> Result<JsValue, JsValue>;
}

/// 32 random bytes.
pub(crate) fn key() -> Result<[u8; 32], ErrorReply> {
    let array = Uint8Array::new_with_length(32);
    let thrown = |_| ErrorReply::new(ErrorCode::InternalError, "getRandomValues threw");
    get_random_values(&array).map_err(thrown)?;
    let mut key = [0; 32];
    array.copy_to(&mut key);
    Ok(key)
}
