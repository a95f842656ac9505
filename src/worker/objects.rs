//! Calls to the Durable Objects: requests to internal URLs, with headers that only we write.

use std::fmt::Display;

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;
use worker::{
    Date, Headers, Method, Request, RequestInit, RequestRedirect, Response, console_error,
};

use super::names::RepositoryPath;
use super::visit::{Visit, fault};
use crate::repo_do::contract::{Actor, ErrorReply, ORIGIN, header};

/// The binding of the repositories' objects.
const REPOSITORIES: &str = "REPO";
/// The binding of the namespaces' objects.
const NAMESPACES: &str = "NAMESPACE";
/// When to try again after an object could not be reached.
const RETRY_AFTER_SECONDS: u32 = 2;

/// What is asked of an object.
pub struct Call {
    method: Method,
    /// Path and query of the internal URL.
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Option<JsValue>,
}

impl Call {
    /// Reads something; asked again once when the object cannot be reached.
    pub fn get(target: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            target: target.into(),
            headers: Vec::new(),
            body: None,
        }
    }

    /// Changes something, with a JSON body.
    pub fn post<T: Serialize>(target: impl Into<String>, body: &T) -> Result<Self, ErrorReply> {
        let json = serde_json::to_string(body).map_err(|error| fault("call's body", &error))?;
        Ok(Self {
            method: Method::Post,
            target: target.into(),
            headers: vec![("content-type", "application/json".into())],
            body: Some(JsValue::from_str(&json)),
        })
    }

    /// Takes something away.
    pub fn delete(target: impl Into<String>) -> Self {
        Self {
            method: Method::Delete,
            ..Self::get(target)
        }
    }

    /// Passes a stream on, untouched.
    pub fn stream(
        target: impl Into<String>,
        headers: Vec<(&'static str, String)>,
        body: Option<web_sys::ReadableStream>,
    ) -> Self {
        let (target, body) = (target.into(), body.map(JsValue::from));
        Self {
            method: Method::Post,
            target,
            headers,
            body,
        }
    }

    /// With these headers of the client's.
    #[must_use]
    pub fn with_headers(self, headers: Vec<(&'static str, String)>) -> Self {
        Self { headers, ..self }
    }

    fn request(&self, own: &[(&'static str, String)]) -> worker::Result<Request> {
        let headers = Headers::new();
        for (name, value) in self.headers.iter().chain(own) {
            headers.set(name, value)?;
        }
        let mut init = RequestInit::new();
        init.with_method(self.method.clone())
            .with_headers(headers)
            .with_body(self.body.clone())
            .with_redirect(RequestRedirect::Manual);
        Request::new_with_init(&format!("{ORIGIN}{}", self.target), &init)
    }
}

/// An answer to come. In a box, here and wherever many call: each caller's own future would else
/// hold, and the wasm repeat, all that the call does.
pub type Asked<'a, T> = LocalBoxFuture<'a, T>;

/// Asks a repository's object.
pub fn repository<'a>(
    visit: &'a Visit,
    path: &'a RepositoryPath,
    actor: Actor,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let own = vec![
        (header::ACTOR, actor.to_string()),
        (header::REPOSITORY, path.to_string()),
        (header::REQUEST_ID, visit.request_id.clone()),
    ];
    ask(visit, REPOSITORIES, path.object_name(), own, call).boxed_local()
}

/// Asks a namespace's object, or the registry of namespaces.
pub fn namespace<'a>(
    visit: &'a Visit,
    object_name: &str,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let own = vec![(header::REQUEST_ID, visit.request_id.clone())];
    ask(visit, NAMESPACES, object_name.to_owned(), own, call).boxed_local()
}

async fn ask(
    visit: &Visit,
    binding: &str,
    object_name: String,
    own: Vec<(&'static str, String)>,
    call: Call,
) -> Result<Response, ErrorReply> {
    let objects = visit
        .env
        .durable_object(binding)
        .map_err(|error| fault(binding, &error))?;
    let attempts = if call.method == Method::Get { 2 } else { 1 };
    let mut last = None;
    for _ in 0..attempts {
        // A stub that threw is dead, so each attempt has its own.
        let stub = objects
            .get_by_name(&object_name)
            .map_err(|error| fault(binding, &error))?;
        let request = call.request(&own).map_err(|error| fault("call", &error))?;
        let asked_ms = Date::now().as_millis();
        let answered = stub.fetch_with_request(request).await;
        let ms = Date::now().as_millis().saturating_sub(asked_ms);
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        match answered {
            Ok(response) => {
                let usage = response.headers().get(header::USAGE).ok().flatten();
                visit.costs.add(ms, usage.as_deref());
                return Ok(response);
            }
            Err(error) => last = Some(error),
        }
    }
    Err(unreachable(
        binding,
        last.as_ref()
            .map_or(&"no attempt", |error| error as &dyn Display),
    ))
}

/// The object threw, was reset, or has more to do than it can.
fn unreachable(binding: &str, cause: &dyn Display) -> ErrorReply {
    console_error!("{binding} did not answer: {cause}");
    ErrorReply::busy(RETRY_AFTER_SECONDS, "the service is busy, try again")
}

/// The object's answer as what the contract says it is, or its refusal.
pub async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ErrorReply> {
    let bytes = accept(response).await?;
    serde_json::from_slice(&bytes).map_err(|error| fault("object's answer", &error))
}

/// The bytes of a good answer, or the object's refusal.
pub fn accept(mut response: Response) -> Asked<'static, Result<Vec<u8>, ErrorReply>> {
    let accepted = async move {
        if response.status_code() != 200 {
            return Err(refusal(response).await);
        }
        let bytes = response.bytes().await;
        bytes.map_err(|error| fault("object's answer", &error))
    };
    accepted.boxed_local()
}

/// The refusal that an answer other than 200 carries.
pub fn refusal(mut response: Response) -> Asked<'static, ErrorReply> {
    let refused = async move {
        let status = response.status_code();
        let error = match response.bytes().await {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let what = format!("object's refusal with status {status}");
        error.unwrap_or_else(|error| fault(&what, &error))
    };
    refused.boxed_local()
}
