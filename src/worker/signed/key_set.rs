//! The keys of an issuer: its own settings', or those that its URL answers with (RFC 7517, section 5).

use std::cell::RefCell;
use std::rc::Rc;

use serde::Deserialize;
use serde_json::Value;
use worker::{Headers, Method, Request, RequestInit, RequestRedirect};

use super::issuer::Issuer;
use super::key_cache::{KeyCache, KeySet, Plan};
use super::keys::{Jwk, KEYS_MAX};
use super::known_issuers::KnownIssuer;
use crate::repo_do::contract::{ErrorCode, ErrorReply, check_webhook_url};
use crate::storage::fault_log;
use crate::worker::outward;
use crate::worker::visit::Visit;

/// The operator's setting that lets imports, webhooks and keys come from private hosts.
pub(crate) const ALLOW_PRIVATE: &str = "CAIRN_IMPORT_ALLOW_PRIVATE";

/// Bytes of an answer; GitHub's has some 7,000.
const ANSWER_BYTES_MAX: usize = 64 << 10;

const USER_AGENT: &str = concat!("Cairn-Keys/", env!("CARGO_PKG_VERSION"));

thread_local! {
    static CACHE: RefCell<KeyCache> = const { RefCell::new(KeyCache::new()) };
}

/// The keys of an issuer.
pub(crate) async fn of(visit: &Visit, known: &KnownIssuer) -> Result<Rc<KeySet>, ErrorReply> {
    let Some(url) = &known.issuer.jwks_url else {
        return Ok(own(known, visit.now_ms));
    };
    match CACHE.with_borrow_mut(|cache| cache.plan(url, visit.now_ms)) {
        Plan::Use(keys) => Ok(keys),
        Plan::Fetch(Some(former)) => Ok(renewed(visit, url).await.unwrap_or(former)),
        Plan::Fetch(None) => renewed(visit, url).await.ok_or_else(unavailable),
        Plan::GiveUp => Err(unavailable()),
    }
}

/// The keys, fetched again because one is not among them: an issuer that rotates its keys signs with a new
/// one before those here are old. `None` when an unknown key had them fetched within the last minute.
pub(crate) async fn with_unknown(visit: &Visit, issuer: &Issuer) -> Option<Rc<KeySet>> {
    let url = issuer.jwks_url.as_deref()?;
    let is_due = CACHE.with_borrow_mut(|cache| cache.fetch_unknown(url, visit.now_ms));
    if is_due {
        renewed(visit, url).await
    } else {
        None
    }
}

/// The keys that the settings give, kept because the platform has to read them.
fn own(known: &KnownIssuer, now_ms: i64) -> Rc<KeySet> {
    // A URL begins otherwise.
    let name = format!("own {}", known.digest);
    CACHE.with_borrow_mut(|cache| match cache.plan(&name, now_ms) {
        Plan::Use(keys) | Plan::Fetch(Some(keys)) => keys,
        Plan::Fetch(None) | Plan::GiveUp => {
            let keys = Rc::new(KeySet::new(known.issuer.own_keys()));
            cache.fetched(&name, Rc::clone(&keys), now_ms);
            keys
        }
    })
}

fn unavailable() -> ErrorReply {
    let message = "the keys of the token's issuer cannot be fetched, try again";
    ErrorReply::new(ErrorCode::UpstreamUnavailable, message)
}

async fn renewed(visit: &Visit, url: &str) -> Option<Rc<KeySet>> {
    let fetched = fetched(visit, url).await;
    CACHE.with_borrow_mut(|cache| match fetched {
        Ok(keys) => {
            let keys = Rc::new(KeySet::new(keys));
            cache.fetched(url, Rc::clone(&keys), visit.now_ms);
            Some(keys)
        }
        Err(error) => {
            fault_log::warning("signed tokens", &format!("keys not fetched: {error}"));
            cache.failed(url, visit.now_ms);
            None
        }
    })
}

/// Fetches keys. It follows no redirect, and checks the address by the rules of webhooks each time: the
/// operator may have changed the setting.
async fn fetched(visit: &Visit, url: &str) -> Result<Vec<Jwk>, String> {
    check_webhook_url(url, allows_private(visit)).map_err(|error| error.to_string())?;
    let request = request(url).map_err(|error| error.to_string())?;
    let bytes = outward::body_of(request, ANSWER_BYTES_MAX).await?;
    parse(&bytes).ok_or_else(|| "the answer is no set of keys".to_owned())
}

fn request(url: &str) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("accept", "application/json")?;
    headers.set("user-agent", USER_AGENT)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Get)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual);
    Request::new_with_init(url, &init)
}

/// Whether keys may come from a private network.
pub(crate) fn allows_private(visit: &Visit) -> bool {
    let allowed = visit.env.var(ALLOW_PRIVATE);
    allowed.is_ok_and(|value| value.to_string() == "true")
}

/// The keys of an answer that can verify a token; others are left out.
fn parse(bytes: &[u8]) -> Option<Vec<Jwk>> {
    #[derive(Deserialize)]
    struct Answer {
        keys: Vec<Value>,
    }
    let answer: Answer = serde_json::from_slice(bytes).ok()?;
    let keys = answer.keys.iter().filter_map(Jwk::read);
    let keys = keys.filter(|key| key.algorithm().is_some());
    Some(keys.take(KEYS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::keys::tests::ec;
    use super::*;

    #[test]
    fn the_keys_for_signatures_in_an_answer_are_taken_up_to_a_bound() {
        let secret = json!({ "kty": "oct", "k": "AQAB", "kid": "s" });
        let answer = json!({ "keys": [secret, 1, ec("a"), { "kty": "RSA" }, ec("b")] });
        let ids: Vec<_> = parse(answer.to_string().as_bytes())
            .unwrap()
            .into_iter()
            .map(|key| key.kid.unwrap())
            .collect();
        assert_eq!(ids, ["a", "b"]);
        let many: Vec<_> = (0..100).map(|at| ec(&at.to_string())).collect();
        let many = json!({ "keys": many }).to_string();
        assert_eq!(parse(many.as_bytes()).unwrap().len(), KEYS_MAX);
        for other in ["", "[]", "{}", r#"{"keys": {}}"#, "<html>"] {
            assert!(parse(other.as_bytes()).is_none(), "{other}");
        }
    }
}
