//! The upstream's own webhook: it requests a sync after a push there. Its signature is the credential. A
//! repository that does not exist gives the same answer as a wrong signature.

use std::rc::Rc;

use serde_json::json;
use worker::Request;

use super::serve::ask;
use super::signature::{Signed, event};
use crate::repo_do::contract::{ErrorCode, ErrorReply, strict};
use crate::repo_do::mirrors::upstream::due;
use crate::repo_do::object::RepoObject;
use crate::repo_do::request::answer::Answer;
use crate::repo_do::request::caller::Caller;
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::clock::now_ms;
use crate::repo_do::runtime::reply;
use crate::storage::repository::upstream_syncs::AskedBy;
use crate::storage::webhook::definition::Secret;

/// Bytes of a webhook's body: GitHub sends at most 25 MB.
const BODY_BYTES_MAX: usize = 32 << 20;

/// `POST /upstream/hook`
pub(crate) async fn hook(object: &Rc<RepoObject>, caller: Caller, request: Request) -> Answer {
    // The caller is still unauthenticated.
    object.rates.admit(false, now_ms())?;
    let life = object.life();
    let store = object.store()?;
    let secret = match &caller.record {
        Some(_) => store
            .upstream()?
            .and_then(|upstream| upstream.webhook_secret),
        None => None,
    };
    let secret = secret.ok_or_else(unsigned)?;
    let is_good = is_signed(&request, &secret).await?;
    caller
        .repository_of_url(|_| is_good)
        .map_err(|_| unsigned())?;
    let header = |name: &str| request.headers().get(name).ok().flatten();
    let (event, is_push) = event(header);
    // While the body came, another repository may have taken this place, or the upstream may have
    // changed.
    let is_same = object.life() == life
        && store
            .upstream()?
            .and_then(|upstream| upstream.webhook_secret)
            == Some(secret);
    if !is_same {
        return Err(unsigned());
    }
    let is_followed = store.load()?.as_ref().is_some_and(due::is_followed);
    if !is_push || !is_followed {
        return reply::json(&json!({"sync": null, "event": event}));
    }
    let asked = ask(object, &store, AskedBy::Webhook).await?;
    reply::json(&json!({"sync": asked.seq, "event": event}))
}

/// Reads the whole body. Returns whether its sender knows the secret.
async fn is_signed(request: &Request, secret: &Secret) -> Result<bool, ErrorReply> {
    let header = |name: &str| request.headers().get(name).ok().flatten();
    let Some(mut signed) = Signed::new(secret, header) else {
        return Ok(false);
    };
    let unreadable =
        |error: &dyn std::fmt::Display| ErrorReply::new(ErrorCode::InvalidInput, error.to_string());
    let mut body = Body::of(request).map_err(|error| unreadable(&error))?;
    let (mut piece, mut bytes) = (Vec::new(), 0_usize);
    while body
        .next(&mut piece)
        .await
        .map_err(|error| unreadable(&error))?
    {
        bytes = bytes.saturating_add(piece.len());
        if bytes > BODY_BYTES_MAX {
            body.cancel();
            return Err(strict::too_large(BODY_BYTES_MAX));
        }
        signed.feed(&piece);
    }
    Ok(signed.into_verdict())
}

/// The refusal of an unsigned webhook. It is the same where no repository or upstream exists.
fn unsigned() -> ErrorReply {
    let message = "the signature is not that of this repository's upstream";
    ErrorReply::new(ErrorCode::Forbidden, message)
}
