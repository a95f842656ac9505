//! A content that one key opens: AES-256-GCM by the platform's `crypto.subtle`.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

use crate::worker::signed::crypto::import_key;

const ALGORITHM: &str = "AES-GCM";

/// A key seals one content and no second one, so that the initial vector may be the same always.
const INITIAL_VECTOR: [u8; 12] = [0; 12];

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn encrypt(algorithm: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn decrypt(algorithm: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;
}

/// Seals a content. The key must be of no other content.
pub(crate) async fn seal(key: &[u8; 32], content: &[u8]) -> Result<Vec<u8>, JsValue> {
    let key = imported(key, "encrypt").await?;
    let data = Uint8Array::from(content);
    let sealed = JsFuture::from(encrypt(&parameters()?, &key, &data)?).await?;
    Ok(Uint8Array::new(&sealed).to_vec())
}

/// The content, if this key sealed it and nobody changed it.
pub(crate) async fn open(key: &[u8; 32], sealed: &[u8]) -> Option<Vec<u8>> {
    let key = imported(key, "decrypt").await.ok()?;
    let data = Uint8Array::from(sealed);
    let content = decrypt(&parameters().ok()?, &key, &data).ok()?;
    let content = JsFuture::from(content).await.ok()?;
    Some(Uint8Array::new(&content).to_vec())
}

async fn imported(key: &[u8; 32], usage: &str) -> Result<JsValue, JsValue> {
    let key = Uint8Array::from(key.as_slice());
    let usages = Array::of1(&usage.into());
    let imported = import_key("raw", &key, &ALGORITHM.into(), false, &usages)?;
    JsFuture::from(imported).await
}

fn parameters() -> Result<JsValue, JsValue> {
    let parameters = Object::new();
    Reflect::set(&parameters, &"name".into(), &ALGORITHM.into())?;
    let vector = Uint8Array::from(INITIAL_VECTOR.as_slice());
    Reflect::set(&parameters, &"iv".into(), &vector)?;
    Ok(parameters.into())
}
