//! The part of a session that is in KV: the token, sealed by the cookie. An attacker who reads or writes KV
//! alone neither learns the token nor makes a session for it. A location may know a session for some seconds
//! after it ended elsewhere; the token's object decides its rights each time.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use super::cookie::SessionSecret;
use super::held::Held;
use crate::repo_do::contract::ErrorReply;
use crate::repo_do::runtime::web_crypto::{self, NONCE_BYTES};
use crate::storage::fault_log;
use crate::worker::fault::fault;
use crate::worker::grants::store;
use crate::worker::visit::Visit;

/// How the KV keys of all sessions begin.
const KEY_PREFIX: &str = "session:";

/// A cookie's key seals one content and no second one, so that the nonce may be the same always.
const NONCE: [u8; NONCE_BYTES] = [0; NONCE_BYTES];

/// The value in KV.
#[derive(Serialize, Deserialize)]
struct Sealed {
    /// Base64 of a sealed [`Held`].
    sealed: String,
}

fn key(secret: &SessionSecret) -> String {
    format!("{KEY_PREFIX}{}", secret.name())
}

/// Keeps a session.
pub(crate) async fn keep(
    visit: &Visit,
    secret: &SessionSecret,
    held: &Held,
) -> Result<(), ErrorReply> {
    let content = serde_json::to_vec(held).map_err(|error| fault("session", &error))?;
    let sealed = web_crypto::seal(&secret.key(), &NONCE, &[], &content).await;
    let sealed = sealed.map_err(|error| fault("session", &error))?;
    let value = Sealed {
        sealed: STANDARD_NO_PAD.encode(sealed),
    };
    let store = store(visit).ok_or_else(|| fault("session", &"no KV is bound"))?;
    let expires_at = u64::try_from(held.expires_at).unwrap_or(0);
    let put = store.put(&key(secret), &value, expires_at).await;
    put.map_err(|error| fault("session", &error))
}

/// The session of a cookie, unless it has ended.
pub(crate) async fn find(visit: &Visit, secret: &SessionSecret) -> Option<Held> {
    let found = store(visit)?.get::<Sealed>(&key(secret)).await;
    let found = found.unwrap_or_else(|error| {
        fault_log::warning("kv", &format!("session not read: {error}"));
        None
    });
    let sealed = STANDARD_NO_PAD.decode(found?.sealed).ok()?;
    let content = web_crypto::open(&secret.key(), &NONCE, &[], &sealed).await?;
    let held: Held = serde_json::from_slice(&content).ok()?;
    (visit.now_ms.div_euclid(1000) < held.expires_at).then_some(held)
}

/// Ends a session.
pub(crate) async fn end(visit: &Visit, secret: &SessionSecret) -> Result<(), ErrorReply> {
    let store = store(visit).ok_or_else(|| fault("session", &"no KV is bound"))?;
    let deleted = store.delete(&key(secret)).await;
    deleted.map_err(|error| fault("session", &error))
}
