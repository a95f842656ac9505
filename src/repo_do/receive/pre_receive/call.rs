//! The question sent to a hook, and its answer read.

use futures::TryStreamExt as _;
use wasm_bindgen::JsValue;
use worker::{
    AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response, web_sys,
};

use super::verdict::{Answer, Verdict};
use crate::repo_do::contract::{check_webhook_url, signing};
use crate::storage::fault_log;
use crate::storage::repository::pre_receive::PreReceive;

/// Bytes of an answer.
const ANSWER_BYTES_MAX: usize = 64 << 10;

const USER_AGENT: &str = concat!("Cairn-Hooks/", env!("CARGO_PKG_VERSION"));

/// A question to a hook.
pub(super) struct Call<'a> {
    /// The URL, and the secret.
    pub(super) hook: &'a PreReceive,
    /// Its id: no two questions have the same.
    pub(super) id: &'a str,
    /// Its JSON.
    pub(super) body: &'a str,
    /// Whether the hook may be on a private network.
    pub(super) allow_private: bool,
    /// Unix milliseconds.
    pub(super) now_ms: i64,
}

/// Asks the hook. This follows no redirect: the hook's owner has to change the URL.
pub(super) async fn ask(call: &Call<'_>) -> Verdict {
    let hook = call.hook;
    // The operator may have changed the setting since the hook was set.
    if let Err(refused) = check_webhook_url(&hook.url, call.allow_private) {
        return Verdict::Failed(refused.to_string());
    }
    let request = match request(call) {
        Ok(request) => request,
        Err(error) => return failed("it cannot be asked", &error),
    };
    let signal = web_sys::AbortSignal::timeout_with_u32(hook.timeout_ms);
    let signal = AbortSignal::from(signal);
    let no_answer = || {
        let milliseconds = hook.timeout_ms;
        Verdict::Failed(format!("it gave no answer within {milliseconds} ms"))
    };
    let sent = Fetch::Request(request).send_with_signal(&signal).await;
    let mut response = match sent {
        Ok(response) => response,
        Err(_) if signal.aborted() => return no_answer(),
        Err(error) => return failed("it cannot be reached", &error),
    };
    let body = match whole(&mut response).await {
        Ok(Some(body)) => body,
        Ok(None) => {
            return Verdict::Failed(format!("its answer has more than {ANSWER_BYTES_MAX} bytes"));
        }
        Err(_) if signal.aborted() => return no_answer(),
        Err(error) => return failed("its answer broke off", &error),
    };
    let kind = response.headers().get("content-type").ok().flatten();
    let answer = Answer {
        status: response.status_code(),
        is_text: kind.is_some_and(|kind| kind.starts_with("text/plain")),
        body: &body,
    };
    answer.verdict()
}

/// The platform's own words go to the log, not to the pusher.
fn failed(what: &str, error: &worker::Error) -> Verdict {
    fault_log::warning("pre-receive hook", &error);
    Verdict::Failed(what.to_owned())
}

fn request(call: &Call<'_>) -> worker::Result<Request> {
    let Call { hook, id, body, .. } = call;
    let timestamp = signing::timestamp(call.now_ms);
    let signature = signing::signature(&hook.secret, id, timestamp, body);
    let signature = signature.ok_or("the secret is damaged")?;
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("accept", "application/json")?;
    headers.set("user-agent", USER_AGENT)?;
    headers.set("webhook-id", id)?;
    headers.set("webhook-timestamp", &timestamp.to_string())?;
    headers.set("webhook-signature", &signature)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual)
        .with_body(Some(JsValue::from_str(body)));
    Request::new_with_init(&hook.url, &init)
}

/// The body; `None` if it is too long. Dropping the stream cancels the rest.
async fn whole(response: &mut Response) -> worker::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    // Some statuses have no body.
    let Ok(mut stream) = response.stream() else {
        return Ok(Some(bytes));
    };
    while let Some(piece) = stream.try_next().await? {
        if bytes.len().saturating_add(piece.len()) > ANSWER_BYTES_MAX {
            return Ok(None);
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(Some(bytes))
}
