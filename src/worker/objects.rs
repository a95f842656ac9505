//! Calls to the Durable Objects: requests to internal URLs, with headers that only we write.

use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use js_sys::{Promise, Reflect};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::prelude::*;
use web_sys::{Headers, RequestInit, RequestRedirect};
use worker::wasm_bindgen_futures::JsFuture;
use worker::{Date, Method, Response};

use super::admission;
use super::credentials::Identity;
use super::fault::fault;
use super::names::RepositoryPath;
use super::namespace::events::author_text;
use super::visit::Visit;
use super::wake;
use crate::repo_do::contract::{
    Actor, ErrorCode, ErrorReply, KeptRepository, ORIGIN, forwarded_text, header,
};
use crate::storage::db::sql_error::lasting;
use crate::storage::fault_log;

/// The binding of the repositories' objects.
const REPOSITORIES: &str = "REPO";
/// The binding of the namespaces' objects.
const NAMESPACES: &str = "NAMESPACE";
/// The binding of the webhooks' objects.
const WEBHOOKS: &str = "WEBHOOK";
/// When to try again after an object could not be reached.
const RETRY_AFTER_SECONDS: u32 = 2;

// Bound by hand: the platform crate makes a request of its own of each call, and a response of each
// answer, which were a tenth of the time that a small one takes.
#[wasm_bindgen]
extern "C" {
    type Objects;

    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn get_by_name(this: &Objects, name: &str) -> Result<Object, JsValue>;

    type Object;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Object, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

/// A call of an object: method, path and body.
pub(crate) struct Call {
    method: Method,
    /// Path and query of the internal URL.
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Option<JsValue>,
    /// Whether asking twice does no more than asking once.
    is_repeatable: bool,
}

impl Call {
    /// Reads something; asked again once when the object cannot be reached.
    pub(crate) fn get(target: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            target: target.into(),
            headers: Vec::new(),
            body: None,
            is_repeatable: true,
        }
    }

    /// Changes something, with a JSON body.
    pub(crate) fn post<T: Serialize>(
        target: impl Into<String>,
        body: &T,
    ) -> Result<Self, ErrorReply> {
        let json = serde_json::to_string(body).map_err(|error| fault("call's body", &error))?;
        Ok(Self {
            method: Method::Post,
            target: target.into(),
            headers: vec![("content-type", "application/json".into())],
            body: Some(JsValue::from_str(&json)),
            is_repeatable: false,
        })
    }

    /// Takes something away.
    pub(crate) fn delete(target: impl Into<String>) -> Self {
        Self {
            method: Method::Delete,
            is_repeatable: false,
            ..Self::get(target)
        }
    }

    /// Passes a stream on, untouched.
    pub(crate) fn stream(target: impl Into<String>, body: Option<web_sys::ReadableStream>) -> Self {
        Self {
            method: Method::Post,
            body: body.map(JsValue::from),
            is_repeatable: false,
            ..Self::get(target)
        }
    }

    /// Asked again once, like a read: doing it twice is doing it once.
    #[must_use]
    pub(crate) fn repeatable(self) -> Self {
        Self {
            is_repeatable: true,
            ..self
        }
    }

    /// By another method than that of a stream.
    #[must_use]
    pub(crate) fn by(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// With these headers of the client's.
    #[must_use]
    pub(crate) fn with_headers(self, headers: Vec<(&'static str, String)>) -> Self {
        Self { headers, ..self }
    }

    fn init(&self, own: &[(&'static str, String)]) -> Result<RequestInit, JsValue> {
        let headers = Headers::new()?;
        for (name, value) in self.headers.iter().chain(own) {
            headers.set(name, value)?;
        }
        let init = RequestInit::new();
        init.set_method(self.method.as_ref());
        init.set_headers(&headers);
        if let Some(body) = &self.body {
            init.set_body(body);
        }
        init.set_redirect(RequestRedirect::Manual);
        Ok(init)
    }

    /// Asks once. A stub that threw is dead, so each attempt has its own.
    async fn send(
        &self,
        objects: &Objects,
        object_name: &str,
        own: &[(&'static str, String)],
    ) -> Result<web_sys::Response, JsValue> {
        let url = format!("{ORIGIN}{}", self.target);
        let answer = objects
            .get_by_name(object_name)?
            .fetch(&url, &self.init(own)?)?;
        JsFuture::from(answer).await?.dyn_into()
    }
}

/// An answer to come. In a box, here and wherever many call: each caller's own future would else
/// hold, and the wasm repeat, all that the call does.
pub(crate) type Asked<'a, T> = LocalBoxFuture<'a, T>;

/// Asks a repository's object.
pub(crate) fn repository<'a>(
    visit: &'a Visit,
    path: &'a RepositoryPath,
    actor: Actor,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let asked = async move {
        let answered = repository_as_it_is(visit, path, actor, call).await;
        if is_unauthorized(&answered) {
            admission::check_grant(visit, path).await?;
        }
        answered.map(Response::from)
    };
    asked.boxed_local()
}

/// Whether the credential was refused: by the object, or because no such repository was ever made.
pub(super) fn is_unauthorized(answered: &Result<web_sys::Response, ErrorReply>) -> bool {
    let refused = ErrorCode::Unauthorized;
    match answered {
        Ok(response) => response.status() == refused.status(),
        Err(error) => error.code == refused,
    }
}

/// As [`repository()`], for callers that may give the answer to the client unchanged.
pub(crate) fn repository_as_it_is<'a>(
    visit: &'a Visit,
    path: &'a RepositoryPath,
    actor: Actor,
    call: Call,
) -> Asked<'a, Result<web_sys::Response, ErrorReply>> {
    let mut own = vec![
        (header::ACTOR, actor.to_string()),
        (header::REPOSITORY, path.to_string()),
        (header::REQUEST_ID, visit.request_id.clone()),
    ];
    if actor == Actor::Operator
        && let Some(behalf) = &*visit.behalf.borrow()
    {
        own.push((header::BEHALF, behalf.to_string()));
    }
    if let (Actor::Token(_), Some(signed)) = (actor, &visit.signed) {
        own.push((header::SIGNED, signed.to_string()));
    }
    if actor == Actor::Anonymous || !visit.address.is_empty() {
        own.push((header::ADDRESS, visit.address.clone()));
    }
    let asked = async move {
        wake::check(visit, path).await?;
        ask(visit, REPOSITORIES, path.object_name(), own, call).await
    };
    asked.boxed_local()
}

/// Asks the object that has a deleted repository, as the operator.
pub(crate) fn kept_repository<'a>(
    visit: &'a Visit,
    path: &RepositoryPath,
    kept: &KeptRepository,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let mut own = vec![
        (header::ACTOR, Actor::Operator.to_string()),
        (header::REPOSITORY, path.to_string()),
        (header::REQUEST_ID, visit.request_id.clone()),
        // The object's own name may lead to another one by now.
        (header::FORWARDED, forwarded_text(&kept.home())),
    ];
    if let Some(behalf) = &*visit.behalf.borrow() {
        own.push((header::BEHALF, behalf.to_string()));
    }
    let asked = ask(visit, REPOSITORIES, kept.object_name.clone(), own, call);
    asked.map(|asked| asked.map(Response::from)).boxed_local()
}

/// Asks a namespace's object, or the registry of namespaces.
pub(crate) fn namespace<'a>(
    visit: &'a Visit,
    object_name: &str,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let mut own = vec![(header::REQUEST_ID, visit.request_id.clone())];
    let token_id = visit.costs.usage().token_id;
    let is_operator = visit.identity == Identity::Operator;
    if let Some(author) = author_text(is_operator, token_id.as_deref()) {
        own.push((header::ACTOR, author));
    }
    if let (Some(_), Some(signed)) = (&token_id, &visit.signed) {
        own.push((header::SIGNED, signed.to_string()));
    }
    if !visit.address.is_empty() {
        own.push((header::ADDRESS, visit.address.clone()));
    }
    let asked = ask(visit, NAMESPACES, object_name.to_owned(), own, call);
    asked.map(|asked| asked.map(Response::from)).boxed_local()
}

/// Asks a webhook's object.
pub(crate) fn webhook<'a>(
    visit: &'a Visit,
    object_name: &str,
    call: Call,
) -> Asked<'a, Result<Response, ErrorReply>> {
    let own = vec![(header::REQUEST_ID, visit.request_id.clone())];
    let asked = ask(visit, WEBHOOKS, object_name.to_owned(), own, call);
    asked.map(|asked| asked.map(Response::from)).boxed_local()
}

/// A path and its query.
pub(crate) fn target<Q: Serialize>(path: &str, query: &Q) -> Result<String, ErrorReply> {
    let query = serde_urlencoded::to_string(query).map_err(|error| fault("query", &error))?;
    Ok(format!("{path}?{query}"))
}

async fn ask(
    visit: &Visit,
    binding: &str,
    object_name: String,
    own: Vec<(&'static str, String)>,
    call: Call,
) -> Result<web_sys::Response, ErrorReply> {
    let objects = Reflect::get(&visit.env, &binding.into())
        .map_err(|thrown| fault(binding, &told(&thrown)))?;
    let objects: Objects = objects.unchecked_into();
    let attempts = if call.is_repeatable { 2 } else { 1 };
    let mut last = JsValue::UNDEFINED;
    for _ in 0..attempts {
        let asked_ms = Date::now().as_millis();
        let answered = call.send(&objects, &object_name, &own).await;
        let ms = Date::now().as_millis().saturating_sub(asked_ms);
        let ms = i64::try_from(ms).unwrap_or(i64::MAX);
        match answered {
            Ok(response) => {
                let usage = response.headers().get(header::USAGE).ok().flatten();
                visit.costs.add(ms, usage.as_deref());
                return Ok(response);
            }
            Err(thrown) => last = thrown,
        }
    }
    Err(unreachable(binding, &last))
}

/// The message of a thrown value.
pub(crate) fn told(thrown: &JsValue) -> String {
    thrown.dyn_ref::<js_sys::Error>().map_or_else(
        || format!("{thrown:?}"),
        |error| String::from(error.message()),
    )
}

/// The object threw, was reset, or has more to do than it can. Where the fault lasts, nobody is
/// told to come back: the words say so, or the platform could not even start the object and does
/// not expect that to change. (That is how a damaged database shows.)
fn unreachable(binding: &str, thrown: &JsValue) -> ErrorReply {
    let cause = told(thrown);
    fault_log::error("object", &format!("{binding} did not answer: {cause}"));
    let says = |flag: &str| Reflect::get(thrown, &flag.into()).is_ok_and(|flag| flag.is_truthy());
    let is_passing = says("retryable") || says("overloaded");
    if let Some(fault) = lasting(&cause) {
        return ErrorReply::new(ErrorCode::InternalError, fault.told());
    }
    if cause.starts_with("internal error") && !is_passing {
        let message = "the storage could not be opened and may be damaged: the operator's log \
                       says why";
        return ErrorReply::new(ErrorCode::InternalError, message);
    }
    let message = "the service did not answer: try again, and tell the operator if that lasts";
    ErrorReply::busy(RETRY_AFTER_SECONDS, message)
}

/// The object's answer as what the contract says it is, or its refusal.
pub(crate) async fn read<T: DeserializeOwned>(response: Response) -> Result<T, ErrorReply> {
    let bytes = accept(response).await?;
    serde_json::from_slice(&bytes).map_err(|error| fault("object's answer", &error))
}

/// The bytes of a good answer, or the object's refusal.
pub(crate) fn accept(mut response: Response) -> Asked<'static, Result<Vec<u8>, ErrorReply>> {
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
pub(crate) fn refusal(mut response: Response) -> Asked<'static, ErrorReply> {
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
