//! A call of a Durable Object: a request to an internal URL.

use js_sys::{Promise, Reflect};
use serde::Serialize;
use wasm_bindgen::prelude::*;
use web_sys::{Headers, RequestInit, RequestRedirect};
use worker::Method;
use worker::wasm_bindgen_futures::JsFuture;

use super::fault::fault;
use crate::repo_do::contract::{ErrorReply, LocationHint, ORIGIN, header};

// Bound by hand: the platform crate makes a request of its own of each call, and a response of each
// answer, which were a tenth of the time that a small one takes.
#[wasm_bindgen]
extern "C" {
    pub(crate) type Objects;

    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn get_by_name(this: &Objects, name: &str) -> Result<Object, JsValue>;

    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn get_by_name_with(
        this: &Objects,
        name: &str,
        options: &js_sys::Object,
    ) -> Result<Object, JsValue>;

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
    pub(crate) is_repeatable: bool,
    /// Where the platform is to make the object, if this is its first request.
    location: Option<LocationHint>,
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
            location: None,
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
            location: None,
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

    /// To an object that the platform is to make there, if it makes it for this call.
    #[must_use]
    pub(crate) fn at(mut self, location: Option<LocationHint>) -> Self {
        self.location = location;
        let told = location.map(|hint| (header::LOCATION, hint.to_string()));
        self.headers.extend(told);
        self
    }

    /// By another method than that of a stream.
    #[must_use]
    pub(crate) fn by(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// With the client's own values of these headers.
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
    pub(crate) async fn send(
        &self,
        objects: &Objects,
        object_name: &str,
        own: &[(&'static str, String)],
    ) -> Result<web_sys::Response, JsValue> {
        let url = format!("{ORIGIN}{}", self.target);
        let object = match self.location {
            None => objects.get_by_name(object_name)?,
            Some(hint) => {
                let options = js_sys::Object::new();
                Reflect::set(&options, &"locationHint".into(), &hint.name().into())?;
                objects.get_by_name_with(object_name, &options)?
            }
        };
        let answer = object.fetch(&url, &self.init(own)?)?;
        JsFuture::from(answer).await?.dyn_into()
    }
}

/// The message of a thrown value.
pub(crate) fn told(thrown: &JsValue) -> String {
    thrown.dyn_ref::<js_sys::Error>().map_or_else(
        || format!("{thrown:?}"),
        |error| String::from(error.message()),
    )
}
