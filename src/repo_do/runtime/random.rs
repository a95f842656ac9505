//! Randomness: `crypto.getRandomValues`, bound by hand so that a throw becomes an error.

use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;

use crate::repo_do::contract::ErrorReply;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(into: &Uint8Array) -> Result<JsValue, JsValue>;
}

/// The platform gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("getRandomValues threw when asked for {0} bytes")]
pub(crate) struct NoRandomness(usize);

impl From<NoRandomness> for ErrorReply {
    fn from(error: NoRandomness) -> Self {
        Self::internal("random bytes", &error)
    }
}

/// Random bytes, fit for secrets.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let length = u32::try_from(N).map_err(|_| NoRandomness(N))?;
    let array = Uint8Array::new_with_length(length);
    get_random_values(&array).map_err(|_| NoRandomness(N))?;
    let mut bytes = [0; N];
    array.copy_to(&mut bytes);
    Ok(bytes)
}
