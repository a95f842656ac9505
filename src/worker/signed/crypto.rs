//! Signatures verified by the platform's own cryptography, `crypto.subtle`: it costs neither bytes of the
//! module nor time in wasm.

use js_sys::{Array, JSON, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use worker::wasm_bindgen_futures::JsFuture;

use super::jwt::Jwt;
use super::key_cache::KeySet;
use super::keys::{Algorithm, Jwk};
use crate::repo_do::runtime::web_crypto::{import_key, rs256_parameters};

// Bound by hand, as randomness is: a throw becomes an error.
#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn verify(
        algorithm: &JsValue,
        key: &JsValue,
        signature: &Uint8Array,
        data: &Uint8Array,
    ) -> Result<Promise, JsValue>;
}

impl Algorithm {
    /// As the platform names it, for reading a key and for verifying.
    fn parameters(self) -> Result<JsValue, JsValue> {
        let parameters = Object::new();
        let set = |name: &str, value: &str| Reflect::set(&parameters, &name.into(), &value.into());
        match self {
            Self::Es256 => {
                set("name", "ECDSA")?;
                set("namedCurve", "P-256")?;
                set("hash", "SHA-256")?;
            }
            Self::Rs256 => return rs256_parameters(),
            Self::EdDsa => {
                set("name", "Ed25519")?;
            }
        }
        Ok(parameters.into())
    }
}

/// Whether the key at this place made the signature of the token. A key that the platform does not
/// take verifies nothing.
pub(crate) async fn is_signed_by(jwt: &Jwt<'_>, keys: &KeySet, place: usize) -> bool {
    verified(jwt, keys, place).await.unwrap_or_default()
}

async fn verified(jwt: &Jwt<'_>, keys: &KeySet, place: usize) -> Result<bool, JsValue> {
    let parameters = jwt.algorithm.parameters()?;
    let key = if let Some(key) = keys.imported(place) {
        key
    } else {
        let jwk = keys.jwk(place).ok_or(JsValue::UNDEFINED)?;
        let key = import(jwk, &parameters).await?;
        keys.keep_imported(place, key.clone());
        key
    };
    let signature = Uint8Array::from(jwt.signature.as_slice());
    let data = Uint8Array::from(jwt.signed.as_bytes());
    let verified = JsFuture::from(verify(&parameters, &key, &signature, &data)?).await?;
    Ok(verified.as_bool() == Some(true))
}

/// The platform's form of a key. It gets the public parts alone.
async fn import(jwk: &Jwk, parameters: &JsValue) -> Result<JsValue, JsValue> {
    let bare = Jwk {
        kid: None,
        alg: None,
        used_for: None,
        ..jwk.clone()
    };
    let json = serde_json::to_string(&bare).map_err(|error| error.to_string())?;
    let usages = Array::of1(&"verify".into());
    let imported = import_key("jwk", &JSON::parse(&json)?, parameters, false, &usages)?;
    JsFuture::from(imported).await
}
