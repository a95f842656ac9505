//! Signed tokens that are revoked before their time.

use serde::{Deserialize, Serialize};
use worker::Request;

use super::body::body_below;
use crate::repo_do::contract::{ErrorCode, ErrorReply, present};
use crate::worker::envelope;
use crate::worker::names::NamespaceName;
use crate::worker::namespace::contract::{RevokeSigned, RevokedSigned, path};
use crate::worker::namespace::directory;
use crate::worker::reply::Reply;
use crate::worker::rest::parameters;
use crate::worker::signed::claims::NAME_BYTES_MAX;
use crate::worker::time::iso_8601;
use crate::worker::visit::Visit;

/// Body of `POST /namespaces/:ns/tokens/revoke-signed`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Revocation {
    /// The token's `iss`.
    issuer: String,
    /// Its `jti`.
    jti: String,
    /// Its `exp`; unless given, as late as a token can end.
    #[serde(default, deserialize_with = "present")]
    expires_at: Option<String>,
}

/// A revoked token.
#[derive(Debug, Serialize)]
struct Revoked {
    id: String,
    issuer: String,
    jti: String,
    expires_at: String,
}

/// `POST /namespaces/:ns/tokens/revoke-signed`
pub(crate) async fn revoke(
    visit: &Visit,
    request: Request,
    namespace: &NamespaceName,
) -> Result<Reply, ErrorReply> {
    let asked: Revocation = body_below(visit, namespace, request).await?;
    bounded("/issuer", &asked.issuer)?;
    bounded("/jti", &asked.jti)?;
    let expires_at = asked.expires_at.as_deref();
    let expires_at_ms = expires_at.map(|text| parameters::time("expires_at", text));
    let revocation = RevokeSigned {
        issuer: asked.issuer,
        jti: asked.jti,
        expires_at_ms: expires_at_ms.transpose()?,
        now_ms: visit.now_ms,
    };
    let revoked: RevokedSigned =
        directory::post(visit, namespace, path::REVOKE_SIGNED, &revocation).await?;
    let shown = Revoked {
        id: revoked.token_id,
        issuer: revoked.issuer,
        jti: revoked.jti,
        expires_at: iso_8601(revoked.expires_at_ms),
    };
    envelope::success(200, &shown)
}

fn bounded(pointer: &str, text: &str) -> Result<(), ErrorReply> {
    let bytes = text.len();
    if (1..=NAME_BYTES_MAX).contains(&bytes) {
        return Ok(());
    }
    let message = format!("it has 1 to {NAME_BYTES_MAX} bytes, this has {bytes}");
    Err(ErrorReply::at(ErrorCode::InvalidInput, pointer, message))
}
