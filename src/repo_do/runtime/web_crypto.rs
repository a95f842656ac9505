//! The platform's own cryptography, `crypto.subtle`: it needs no bytes of the module and no time in wasm.
//! The binding is written by hand, like that of randomness, so that a throw becomes an error.

use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

const AES_GCM: &str = "AES-GCM";

/// Bytes of the nonce with which AES-GCM seals.
pub(crate) const NONCE_BYTES: usize = 12;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    pub(crate) fn import_key(
        format: &str,
        key: &JsValue,
        algorithm: &JsValue,
        is_extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn encrypt(algorithm: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn decrypt(algorithm: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn sign(algorithm: &JsValue, key: &JsValue, data: &Uint8Array) -> Result<Promise, JsValue>;
}

/// The platform's cryptography failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the platform's cryptography failed: {0}")]
pub(crate) struct WebCryptoError(String);

impl From<JsValue> for WebCryptoError {
    fn from(thrown: JsValue) -> Self {
        let error = thrown.dyn_ref::<js_sys::Error>();
        let message = error.map(|error| String::from(error.message()));
        Self(message.unwrap_or_else(|| format!("{thrown:?}")))
    }
}

/// Seals a content with AES-256-GCM. The key must not have sealed another content with this nonce. Only a
/// caller with the same `bound_to` can open it.
pub(crate) async fn seal(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    bound_to: &[u8],
    content: &[u8],
) -> Result<Vec<u8>, WebCryptoError> {
    let key = aes_key(key, "encrypt").await?;
    let parameters = aes_parameters(nonce, bound_to)?;
    let content = Uint8Array::from(content);
    let sealed = JsFuture::from(encrypt(&parameters, &key, &content)?).await?;
    Ok(Uint8Array::new(&sealed).to_vec())
}

/// The content, if this key sealed it for this `bound_to` and nobody changed it.
pub(crate) async fn open(
    key: &[u8; 32],
    nonce: &[u8; NONCE_BYTES],
    bound_to: &[u8],
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let key = aes_key(key, "decrypt").await.ok()?;
    let parameters = aes_parameters(nonce, bound_to).ok()?;
    let sealed = Uint8Array::from(sealed);
    let content = decrypt(&parameters, &key, &sealed).ok()?;
    let content = JsFuture::from(content).await.ok()?;
    Some(Uint8Array::new(&content).to_vec())
}

/// Signs as `RS256` of JSON Web Signatures does, with a private key in PKCS#8.
pub(crate) async fn sign_rs256(private_key: &[u8], data: &[u8]) -> Result<Vec<u8>, WebCryptoError> {
    let parameters = rs256_parameters()?;
    let private_key = Uint8Array::from(private_key);
    let usages = Array::of1(&"sign".into());
    let key = import_key("pkcs8", &private_key, &parameters, false, &usages)?;
    let key = JsFuture::from(key).await?;
    let signature = sign(&parameters, &key, &Uint8Array::from(data))?;
    Ok(Uint8Array::new(&JsFuture::from(signature).await?).to_vec())
}

/// RSA with PKCS#1 v1.5 and SHA-256, as the platform names it.
pub(crate) fn rs256_parameters() -> Result<JsValue, JsValue> {
    let parameters = Object::new();
    Reflect::set(&parameters, &"name".into(), &"RSASSA-PKCS1-v1_5".into())?;
    Reflect::set(&parameters, &"hash".into(), &"SHA-256".into())?;
    Ok(parameters.into())
}

async fn aes_key(key: &[u8; 32], usage: &str) -> Result<JsValue, JsValue> {
    let key = Uint8Array::from(key.as_slice());
    let usages = Array::of1(&usage.into());
    let imported = import_key("raw", &key, &AES_GCM.into(), false, &usages)?;
    JsFuture::from(imported).await
}

fn aes_parameters(nonce: &[u8; NONCE_BYTES], bound_to: &[u8]) -> Result<JsValue, JsValue> {
    let parameters = Object::new();
    let set = |name: &str, value: &JsValue| Reflect::set(&parameters, &name.into(), value);
    set("name", &AES_GCM.into())?;
    set("iv", &Uint8Array::from(nonce.as_slice()))?;
    set("additionalData", &Uint8Array::from(bound_to))?;
    Ok(parameters.into())
}
