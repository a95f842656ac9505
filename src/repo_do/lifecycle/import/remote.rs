//! The remote over HTTP: its refs, and its answer to a fetch.

use std::future::Future;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use wasm_bindgen::JsValue;
use worker::{Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response};

use super::error::ImportError;
use crate::git::fetch_client::advertisement::{Advertisement, AdvertisementReader, Features};
use crate::git::fetch_client::remote_refs::{RefsReader, RemoteRef, RemoteRefs};
use crate::git::fetch_client::request::{FetchOrder, ls_refs};
use crate::git::fetch_client::selection::RefSelection;
use crate::git::limits::Limits;
use crate::git::protocol::advertise::Version;
use crate::repo_do::contract::{Credentials, RemoteUrl};
use crate::repo_do::runtime::body::Body;
use crate::repo_do::runtime::timer;

/// Redirects that are followed.
pub(crate) const HOPS_MAX: usize = 5;

/// How long the remote may say nothing, in milliseconds. Git's server speaks every five seconds.
const SILENCE_MS: u32 = 60_000;

const INFO_REFS: &str = "/info/refs?service=git-upload-pack";
const UPLOAD_PACK: &str = "/git-upload-pack";
const ADVERTISEMENT_TYPE: &str = "application/x-git-upload-pack-advertisement";
const REQUEST_TYPE: &str = "application/x-git-upload-pack-request";
const RESULT_TYPE: &str = "application/x-git-upload-pack-result";

/// Some servers speak the smart protocol only to a client that looks like git.
const USER_AGENT: &str = concat!("git/2.47.0 (cairn/", env!("CARGO_PKG_VERSION"), ")");

/// Whoever looks at refs as they come.
pub(crate) type EachRefs<'a> = dyn FnMut(Vec<RemoteRef>) -> Result<(), ImportError> + 'a;

/// Shows the refs that came, if anybody looks.
fn show(
    each: &mut Option<&mut EachRefs<'_>>,
    drain: impl FnOnce() -> Vec<RemoteRef>,
) -> Result<(), ImportError> {
    match each {
        Some(each) => each(drain()),
        None => Ok(()),
    }
}

/// A remote that has told its refs.
#[derive(Debug)]
pub(crate) struct Remote {
    url: RemoteUrl,
    credentials: Option<Credentials>,
    /// The version that it speaks.
    pub(crate) version: Version,
    /// Its capabilities.
    pub(crate) features: Features,
    /// Its refs that are asked for, and HEAD.
    pub(crate) refs: RemoteRefs,
}

impl Remote {
    /// Asks for the refs, following redirects.
    pub(crate) async fn discover(
        url: &RemoteUrl,
        credentials: Option<&Credentials>,
        asked: &RefSelection,
        limits: &Limits,
    ) -> Result<Self, ImportError> {
        Self::discover_each(url, credentials, (asked, limits), None).await
    }

    /// The same; if there is an `each`, it is shown the refs as they come, and none of them is held.
    pub(crate) async fn discover_each(
        url: &RemoteUrl,
        credentials: Option<&Credentials>,
        (asked, limits): (&RefSelection, &Limits),
        mut each: Option<&mut EachRefs<'_>>,
    ) -> Result<Self, ImportError> {
        let mut at = url.clone();
        for _ in 0..=HOPS_MAX {
            // A redirect may lead to another owner's server.
            let credentials = credentials.filter(|_| at.same_origin(url));
            let response = get_info_refs(&at, credentials).await?;
            if let Some(location) = location(&response)? {
                at = at
                    .redirected(&location, INFO_REFS)
                    .map_err(ImportError::Redirect)?;
                continue;
            }
            check(&response, ADVERTISEMENT_TYPE)?;
            let mut reader = AdvertisementReader::new(asked, limits);
            read::<ImportError>(&response, |piece| {
                reader.feed(piece)?;
                show(&mut each, || reader.drain())
            })
            .await?;
            let advertisement = reader.finish()?;
            let from = (at, credentials.cloned());
            return Self::listed(from, advertisement, (asked, limits), each).await;
        }
        let message = format!("more than {HOPS_MAX} redirects");
        Err(ImportError::NotGit(message))
    }

    async fn listed(
        (url, credentials): (RemoteUrl, Option<Credentials>),
        advertisement: Advertisement,
        (asked, limits): (&RefSelection, &Limits),
        mut each: Option<&mut EachRefs<'_>>,
    ) -> Result<Self, ImportError> {
        let mut remote = Self {
            url,
            credentials,
            version: advertisement.version,
            features: advertisement.features,
            refs: RemoteRefs::default(),
        };
        remote.refs = if let Some(refs) = advertisement.refs {
            refs
        } else {
            let response = remote.post(&ls_refs(remote.features, asked)).await?;
            let mut reader = RefsReader::new(asked, limits);
            read::<ImportError>(&response, |piece| {
                reader.feed(piece)?;
                show(&mut each, || reader.drain())
            })
            .await?;
            reader.finish()?
        };
        Ok(remote)
    }

    /// Asks for a pack.
    pub(crate) async fn fetch(&self, order: &FetchOrder<'_>) -> Result<Body, ImportError> {
        let response = self.post(&order.write(self.version, self.features)).await?;
        Body::of_response(&response).map_err(|error| unavailable(&error))
    }

    async fn post(&self, body: &[u8]) -> Result<Response, ImportError> {
        let headers = self.headers()?;
        let failed = |error: worker::Error| unavailable(&error);
        headers.set("content-type", REQUEST_TYPE).map_err(failed)?;
        headers.set("accept", RESULT_TYPE).map_err(failed)?;
        let mut init = RequestInit::new();
        let body = JsValue::from(js_sys::Uint8Array::from(body));
        init.with_method(Method::Post).with_body(Some(body));
        let url = self.url.service(UPLOAD_PACK);
        let response = send(&url, init, headers).await?;
        check(&response, RESULT_TYPE)?;
        Ok(response)
    }

    fn headers(&self) -> Result<Headers, ImportError> {
        let headers = headers(self.credentials.as_ref());
        let headers = headers.map_err(|error| unavailable(&error))?;
        if self.version != Version::V2 {
            // A request of an old version is one by its form; the header must not claim another.
            let deleted = headers.delete("git-protocol");
            deleted.map_err(|error| unavailable(&error))?;
        }
        Ok(headers)
    }
}

/// Waits, but not longer than the remote may say nothing.
pub(crate) async fn in_time<T>(future: impl Future<Output = T>) -> Result<T, ImportError> {
    let silent = || ImportError::Unavailable("the remote does not answer".to_owned());
    timer::within(SILENCE_MS, future).await.ok_or_else(silent)
}

/// An error with the platform's words about a failed connection.
pub(crate) fn unavailable(error: &dyn std::fmt::Display) -> ImportError {
    ImportError::Unavailable(format!("the remote cannot be reached: {error}"))
}

async fn get_info_refs(
    url: &RemoteUrl,
    credentials: Option<&Credentials>,
) -> Result<Response, ImportError> {
    let headers = headers(credentials).map_err(|error| unavailable(&error))?;
    send(&url.service(INFO_REFS), RequestInit::new(), headers).await
}

/// The headers of a request.
pub(crate) fn headers(credentials: Option<&Credentials>) -> worker::Result<Headers> {
    let headers = Headers::new();
    headers.set("user-agent", USER_AGENT)?;
    headers.set("git-protocol", "version=2")?;
    headers.set("cache-control", "no-cache")?;
    if let Some(Credentials { username, password }) = credentials {
        let basic = STANDARD.encode(format!("{username}:{password}"));
        headers.set("authorization", &format!("Basic {basic}"))?;
    }
    Ok(headers)
}

/// Sends a request, and follows no redirect.
pub(crate) async fn send(
    url: &str,
    mut init: RequestInit,
    headers: Headers,
) -> Result<Response, ImportError> {
    init.with_headers(headers)
        .with_redirect(RequestRedirect::Manual);
    let request = Request::new_with_init(url, &init).map_err(|error| unavailable(&error))?;
    let response = in_time(Fetch::Request(request).send()).await?;
    response.map_err(|error| unavailable(&error))
}

/// The target of a redirect.
pub(crate) fn location(response: &Response) -> Result<Option<String>, ImportError> {
    if !matches!(response.status_code(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let location = response.headers().get("location").ok().flatten();
    let missing = || ImportError::NotGit("a redirect without a target".to_owned());
    location.ok_or_else(missing).map(Some)
}

/// An answer must be good, and of its type.
pub(crate) fn check(response: &Response, content_type: &str) -> Result<(), ImportError> {
    match response.status_code() {
        200 => {}
        401 | 403 | 407 => return Err(ImportError::Credentials),
        status @ (300..=399 | 404 | 410) => {
            let message = format!("the remote answers with status {status}");
            return Err(ImportError::NotGit(message));
        }
        status => {
            let message = format!("the remote answers with status {status}");
            return Err(ImportError::Unavailable(message));
        }
    }
    let found = response.headers().get("content-type").ok().flatten();
    let found = found.unwrap_or_default();
    let essence = found.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case(content_type) {
        return Ok(());
    }
    let message = "the remote does not speak git's smart http".to_owned();
    Err(ImportError::NotGit(message))
}

/// Reads a whole answer. After an error of `feed` the rest is cancelled.
pub(crate) async fn read<E: From<ImportError>>(
    response: &Response,
    mut feed: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut body = Body::of_response(response).map_err(|error| unavailable(&error))?;
    let mut piece = Vec::new();
    while in_time(body.next(&mut piece))
        .await?
        .map_err(|error| unavailable(&error))?
    {
        if let Err(error) = feed(&piece) {
            body.cancel();
            return Err(error);
        }
    }
    Ok(())
}
