//! One attempt: an event is posted to the receiver, and the beginning of its answer read.

use futures::TryStreamExt as _;
use wasm_bindgen::JsValue;
use worker::{
    AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response,
};

use crate::repo_do::contract::{check_webhook_url, signing};
use crate::storage::webhook::definition::Definition;

/// How long an attempt may take.
pub(crate) const TIMEOUT_MS: u32 = 10_000;

/// Bytes of an answer that are read, and kept.
const ANSWER_BYTES_MAX: usize = 1024;

/// Characters of an error that are kept.
const ERROR_CHARACTERS_MAX: usize = 300;

const USER_AGENT: &str = concat!("Cairn-Webhooks/", env!("CARGO_PKG_VERSION"));

/// A request to a receiver.
pub(crate) struct Letter<'a> {
    /// The URL, and the secrets.
    pub(crate) definition: &'a Definition,
    /// The event's id.
    pub(crate) event_id: &'a str,
    /// Its JSON.
    pub(crate) body: &'a str,
    /// Whether the receiver may be on a private network.
    pub(crate) allow_private: bool,
    /// Unix milliseconds.
    pub(crate) now_ms: i64,
}

/// The answer to an attempt.
#[derive(Debug, Default)]
pub(crate) struct Posted {
    /// The HTTP status, if there was an answer.
    pub(crate) status: Option<u16>,
    /// The header `Retry-After`.
    pub(crate) retry_after: Option<String>,
    /// How the answer begins; without an answer, the fault.
    pub(crate) answer: Option<String>,
}

impl Posted {
    fn failed(error: &str) -> Self {
        let error = error.chars().take(ERROR_CHARACTERS_MAX).collect();
        Self {
            answer: Some(error),
            ..Self::default()
        }
    }
}

/// Posts an event. It follows no redirect: the webhook's owner has to change the URL.
pub(crate) async fn post(letter: &Letter<'_>) -> Posted {
    let definition = letter.definition;
    // The operator may have changed the setting since the webhook was made.
    if let Err(refused) = check_webhook_url(&definition.url, letter.allow_private) {
        return Posted::failed(&refused.to_string());
    }
    let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(TIMEOUT_MS));
    let request = match request(letter) {
        Ok(request) => request,
        Err(error) => return Posted::failed(&format!("the request cannot be made: {error}")),
    };
    let sent = Fetch::Request(request).send_with_signal(&signal).await;
    let response = match sent {
        Ok(response) => response,
        Err(_) if signal.aborted() => {
            let seconds = TIMEOUT_MS / 1000;
            return Posted::failed(&format!("no answer within {seconds} seconds"));
        }
        Err(error) => return Posted::failed(&format!("the receiver cannot be reached: {error}")),
    };
    let status = response.status_code();
    let retry_after = response.headers().get("retry-after").ok().flatten();
    let answer = beginning(response).await;
    Posted {
        status: Some(status),
        retry_after,
        answer,
    }
}

fn request(letter: &Letter<'_>) -> worker::Result<Request> {
    let Letter {
        definition,
        event_id,
        body,
        now_ms,
        ..
    } = letter;
    let signatures = signing::signatures(definition, event_id, body, *now_ms);
    let signatures = signatures.ok_or("the secret is damaged")?;
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("user-agent", USER_AGENT)?;
    headers.set("webhook-id", event_id)?;
    let timestamp = signing::timestamp(*now_ms).to_string();
    headers.set("webhook-timestamp", &timestamp)?;
    headers.set("webhook-signature", &signatures)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual)
        .with_body(Some(JsValue::from_str(body)));
    Request::new_with_init(&definition.url, &init)
}

/// Reads the first KiB of the answer, as far as it comes, and cancels the rest.
async fn beginning(mut response: Response) -> Option<String> {
    let mut stream = response.stream().ok()?;
    let mut bytes = Vec::new();
    while bytes.len() < ANSWER_BYTES_MAX {
        let Ok(Some(chunk)) = stream.try_next().await else {
            break;
        };
        bytes.extend_from_slice(&chunk);
    }
    // Dropped here, the stream cancels the rest.
    drop(stream);
    bytes.truncate(ANSWER_BYTES_MAX);
    Some(String::from_utf8_lossy(&bytes).into_owned()).filter(|text| !text.is_empty())
}
